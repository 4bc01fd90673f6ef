import { jobTypes, type Rung } from '@app/domain';
import type { CandidateEvent, Case } from '@app/persistence';
import { catalogue, offers, readCalls, type ReadCall, type ReadOutcome, type VodClient, type VodJob } from '@app/vod';
import type { StepParts } from '../parts';
import { extendOf, isOurExtend } from '../submission';
import { readVod } from '../call-vod';
import type { Candidate, Findings, Neighbour, RecoverOptions, Trouble } from './conclude';
import { causeOf, evidence } from './words';

/** VOD's clock and ours, and the whole seconds in which VOD gives its times. */
const CLOCKS_MS = 30_000;

/** What VOD lists from longer before the send is surely not of this attempt, whatever the clocks. */
const LONG_BEFORE_MS = 15 * 60_000;

/** What VOD said of some JobIds. */
interface Confirmation {
  candidates: Candidate[];
  /** The JobIds about which it leaves no doubt, as candidates or as somebody else's. */
  explained: Set<string>;
  trouble: Trouble | null;
}

/** Asks our own rows and VOD what became of a submission. Reads only. */
export class Look {
  constructor(
    private readonly deps: Pick<StepParts, 'cases' | 'vod' | 'pacer' | 'signals'>,
    private readonly options: Pick<RecoverOptions, 'by' | 'callMs'>,
  ) {}

  /** Rungs 0 to 2: the events that came, and VOD's list of the media when they do not name one job. */
  async at(region: string, lost: Case): Promise<Findings> {
    const events = await this.unknownEvents(lost);
    const { candidates, trouble } = await this.confirm(region, lost, hintedBy(events, lost, this.options.by), [
      readOf(lost),
    ]);
    const rivals = await this.deps.cases.rivals(lost.job);
    const found: Findings = { candidates, listed: false, unexplained: [], rivals, eventsSeen: events.length, trouble };
    const [candidate] = candidates;
    const isClear = candidate && (rivals === 0 || candidate.rung === 'extend');
    return isClear || !this.options.by.includes('listing') ? found : this.withList(region, lost, found);
  }

  /** Whether VOD lists a job that it surely has, made at about the same time. */
  async atNeighbour(region: string, lost: Case): Promise<Neighbour> {
    let refusal: Trouble | null = null;
    for (const { mediaId, vodJobId } of await this.deps.cases.controls(lost)) {
      const list = await this.list(region, mediaId);
      if (list.outcome === 'answered') {
        const isListed = list.value.jobs.some((job) => job.jobId === vodJobId);
        if (!isListed) return { outcome: 'missing', vodJobId }; // guard: absence-needs-control
        return { outcome: 'listed', vodJobId, eventsSeen: (await this.unknownEvents(lost)).length };
      }
      // Its media may have been deleted: that says nothing about another one.
      refusal = troubleOf(list);
      if (refusal.passes) break;
    }
    return refusal === null ? { outcome: 'none' } : { outcome: 'unasked', trouble: refusal };
  }

  private async unknownEvents(lost: Case): Promise<CandidateEvent[]> {
    const events = await this.deps.cases.eventsFor(lost);
    if (events.length === 0) return [];
    const vodJobIds = events.map(({ vodJobId }) => vodJobId);
    const unknown = new Set(await this.unknownAmong(lost, vodJobIds));
    return events.filter(({ vodJobId }) => unknown.has(vodJobId));
  }

  /** Those that no job has, nor had before it was queued anew. */
  private async unknownAmong(lost: Case, vodJobIds: string[]): Promise<string[]> {
    const { taken, former } = await this.deps.cases.knownAmong(lost.job, vodJobIds);
    return vodJobIds.filter((id) => !taken.has(id) && !former.has(id)); // guard: no-known-finds
  }

  private async withList(region: string, lost: Case, found: Findings): Promise<Findings> {
    const list = await this.list(region, lost.job.mediaId);
    if (list.outcome !== 'answered') return { ...found, trouble: found.trouble ?? troubleOf(list) };
    const since = lost.submission.sentAt.getTime() - LONG_BEFORE_MS;
    const recent = list.value.jobs.filter(({ createTime }) => createTime === null || createTime.getTime() >= since);
    const unknown = await this.unknownAmong(
      lost,
      recent.map(({ jobId }) => jobId),
    );
    const known = new Set(found.candidates.map(({ vodJobId }) => vodJobId));
    const open = unknown.filter((id) => !known.has(id));
    const { candidates, explained, trouble } = await this.confirm(
      region,
      lost,
      hints(open, 'listing'),
      readsIn(region, lost),
    );
    return {
      ...found,
      candidates: [...found.candidates, ...candidates],
      listed: true,
      unexplained: open.filter((id) => !explained.has(id)),
      trouble: found.trouble ?? trouble,
    };
  }

  /** The bodies of events are not signed and lists give no types: only what VOD says of a JobId itself counts. */
  private async confirm(
    region: string,
    lost: Case,
    hinted: Candidate[],
    calls: readonly ReadCall[],
  ): Promise<Confirmation> {
    const confirmation: Confirmation = { candidates: [], explained: new Set(), trouble: null };
    let open = hinted;
    for (const call of calls) {
      for (let i = 0; i < open.length; i += call.atOnce) {
        const some = open.slice(i, i + call.atOnce);
        const asked = some.map(({ vodJobId }) => vodJobId);
        const answer = await this.ask(call.operation, region, () => this.deps.vod.readJobs(region, call, asked));
        if (answer.outcome === 'answered') {
          this.classify(some, answer.value.jobs, lost, confirmation);
        } else if (isTrouble(answer, call, lost)) {
          confirmation.trouble ??= troubleOf(answer);
        }
      }
      open = open.filter(({ vodJobId }) => !confirmation.explained.has(vodJobId));
    }
    return confirmation;
  }

  private classify(hinted: Candidate[], jobs: VodJob[], lost: Case, { candidates, explained }: Confirmation): void {
    for (const candidate of hinted) {
      const job = jobs.find(({ jobId }) => jobId === candidate.vodJobId);
      const owner = job ? ownerOf(job, lost, this.options.callMs) : 'unclear';
      if (owner === 'ours') candidates.push(candidate);
      if (owner !== 'unclear') explained.add(candidate.vodJobId);
    }
  }

  private list(region: string, mediaId: string): ReturnType<VodClient['listJobInfo']> {
    return this.ask('ListJobInfo', region, () => this.deps.vod.listJobInfo(region, mediaId));
  }

  private ask<T>(operation: string, region: string, send: () => Promise<ReadOutcome<T>>): Promise<ReadOutcome<T>> {
    return readVod(this.deps, 'recover', { operation, region, jobs: 1 }, send);
  }
}

function readOf({ job }: Case): ReadCall {
  return catalogue[job.type].read;
}

/** A list names jobs of all types, so all that read some of them there are asked; one that reads ours in any case. */
function readsIn(region: string, lost: Case): ReadCall[] {
  return readCalls.filter(
    (call) => call === readOf(lost) || jobTypes.some((type) => catalogue[type].read === call && offers(region, type)),
  );
}

/**
 * A call that reads one job may refuse a JobId for what it is, of another type or of nobody's: that leaves the JobId
 * unexplained, and says no more. So does a call for other types that this key must not make: perhaps it never may.
 */
function isTrouble({ outcome }: ReadOutcome<unknown>, call: ReadCall, lost: Case): boolean {
  if (outcome === 'busy' || outcome === 'unavailable') return true;
  return call === readOf(lost) && (outcome === 'blocked' || call.atOnce > 1);
}

/** An event that echoes our Extend goes before all others; one that names another attempt of ours is not about this. */
function hintedBy(events: CandidateEvent[], { job, submission }: Case, by: readonly Rung[]): Candidate[] {
  const ours = extendOf({ requestId: job.requestId, number: submission.number });
  const echoing = by.includes('extend') ? events.filter(({ extend }) => extend === ours) : [];
  if (echoing.length > 0) return hints(idsOf(echoing), 'extend');
  if (!by.includes('event')) return [];
  return hints(idsOf(events.filter(({ extend }) => extend === ours || !isOurExtend(extend))), 'event');
}

function idsOf(events: CandidateEvent[]): string[] {
  return [...new Set(events.map(({ vodJobId }) => vodJobId))];
}

function hints(vodJobIds: string[], rung: Rung): Candidate[] {
  return vodJobIds.map((vodJobId) => ({ vodJobId, rung, evidence: evidence[rung] }));
}

/** Ours when it may be this one; another's when it is surely of another media or type. */
function ownerOf(job: VodJob, lost: Case, callMs: number): 'ours' | 'another' | 'unclear' {
  // guard: find-of-type
  const isOfKind = job.type === lost.job.type && (job.mediaId ?? lost.job.mediaId) === lost.job.mediaId;
  if (isOfKind) return isOfAttempt(lost, job.creationTime, callMs) ? 'ours' : 'unclear';
  return (jobTypes as readonly string[]).includes(job.type) ? 'another' : 'unclear';
}

/** Made at VOD in the time in which this attempt was under way. A job without a time may have been. */
function isOfAttempt({ submission }: Case, createdAt: Date | null, callMs: number): boolean {
  if (createdAt === null) return true;
  const last = submission.resentAt ?? submission.sentAt;
  return (
    createdAt.getTime() >= submission.sentAt.getTime() - CLOCKS_MS && // guard: find-of-time
    createdAt.getTime() <= last.getTime() + callMs + CLOCKS_MS
  );
}

function troubleOf(outcome: Exclude<ReadOutcome<unknown>, { outcome: 'answered' }>): Trouble {
  return { cause: causeOf(outcome), passes: outcome.outcome !== 'refused' };
}
