import { completionEvents, isReadable, isTrusted, statesFor, type EventSignature, type JobEvent } from '@app/domain';
import { sqlState } from '@app/postgres';
import type { DataSource } from 'typeorm';
import type { Batch, Change, Door, Verdict } from './door';
import { inStates } from './in-states';
import { jobColumns, lowestIdAt, toJson, type FlatJobRow, type JobRow } from './rows';
import type { Transaction } from './transaction';
import { completionPairs, foreignVerdict, tellForeignApart, unknownEvents } from './whose-event';
import type { MatchedEvent } from './write-statement';

/** Matches VOD's events to the jobs that they are about, by JobId, in whichever order the two arrive; tells others' events apart. */
export class EventMatcher {
  constructor(
    private readonly db: DataSource,
    private readonly door: Door,
  ) {}

  /**
   * Matches up to `limit` stored events and makes their jobs due, or leases them to the caller. `rematch` takes up events that
   * found no job before: an event can slip in between the look and the commit of the transaction that stores its JobId.
   *
   * @param handsOn asked of each job that is to be read now: whether the caller hands it on itself
   */
  match(limit: number, { rematch = false, handsOn = () => false }: MatchOptions = {}): Promise<Matched> {
    if (rematch) return this.matchThese(unmatchedEventsWithJob, [limit], { handsOn });
    const together = { handsOn, jobs: jobsOfReceived };
    return this.matchThese(receivedEvents, [limit], together).catch((error: unknown) => {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
      return this.matchThese(receivedEvents, [limit], { handsOn });
    });
  }

  /**
   * Applies changes, and matches what came before we knew the JobIds in the transaction that stores them. Verdicts in the
   * order of the changes.
   */
  async applyWithEarlyEvents(batch: Batch, changes: readonly Change[]): Promise<Verdict[]> {
    // Events before jobs, here and in match: one order of locks, no deadlock. The two travel together, in this order.
    const [early] = await Promise.all([lockEarlyEvents(batch.tx, changes), batch.lock(changes)]);
    return changes.map((change) => {
      const verdict = batch.apply(change);
      matchEarlyEvents(batch, change, early); // guard: early-events
      return verdict;
    });
  }

  /**
   * An event that arrived and was matched while the transaction that stores its JobId was under way has not seen the job,
   * nor has that transaction seen the event. After the commit one of the two surely sees the other: without this look,
   * such a job would wait for the slow one. Answers the JobIds when there is such an event. Never rejects.
   */
  async findOvertaken(tx: Transaction, changes: readonly Change[]): Promise<string[]> {
    const vodJobIds = changes.flatMap(({ event }) => learnedJobId(event) ?? []);
    if (vodJobIds.length === 0) return [];
    try {
      return (await tx.afterCommit<unknown[]>(overtaken, [vodJobIds])).length > 0 ? vodJobIds : [];
    } catch {
      // The changes are committed, and their caller must not take them for lost. The slow look finds these events.
      return [];
    }
  }

  /** Never throws, for the same reason. */
  async matchOvertaken(vodJobIds: readonly string[]): Promise<void> {
    if (vodJobIds.length > 0) await this.matchThese(overtakenEvents, [vodJobIds]).catch(() => undefined);
  }

  /**
   * Looks at up to `limit` events that wait for their job, after the one of this id, and gives up those that surely are somebody
   * else's. `next` is where to go on; null at the end.
   */
  async tellForeignApart(limit: number, after: string | null): Promise<{ told: number; next: string | null }> {
    const [{ told, last }] = await this.db.query<[{ told: number; last: string | null }]>(tellForeignApart, [
      after ?? lowestIdAt(0),
      limit,
    ]);
    return { told, next: last };
  }

  /** @param jobs asks for the jobs of these events at the same time. Others that turn out to be concerned can't be waited for then. */
  private matchThese(
    statement: string,
    parameters: unknown[],
    { handsOn = () => false, jobs: jobsOf }: { handsOn?: (job: JobRow) => boolean; jobs?: string } = {},
  ): Promise<Matched> {
    return this.door.commit(
      async (batch) => {
        const [waiting, jobs] = await Promise.all([
          batch.tx.query<WaitingEvent[]>(statement, parameters),
          jobsOf === undefined ? [] : batch.tx.query<FlatJobRow[]>(jobsOf, parameters),
        ]);
        batch.take(jobs);
        const events = await withTheirOwners(batch.tx, waiting);
        const changes = [...completionsIn(events), ...(await reconsiderFor(batch.tx, events))];
        await batch.lock(changes, { nowait: jobsOf !== undefined });
        for (const change of changes) batch.apply(change);
        batch.events.push(...events.map(matchOf));
        const leased = batch.lease((job) => isReadable(job.state) && handsOn(job));
        return { taken: events.length, matched: events.filter(({ jobId }) => jobId !== null).length, leased };
      },
      { lazily: true },
    );
  }
}

/** SQLSTATE: somebody else has locked a row that was not to be waited for. */
const LOCK_NOT_AVAILABLE = '55P03';

interface MatchOptions {
  rematch?: boolean;
  handsOn?: (job: JobRow) => boolean;
}

export interface Matched {
  /** How many events were looked at, and how many of them have a job. */
  taken: number;
  matched: number;
  /** Jobs to be read that the caller hands on: until their lease is over, nobody else does. */
  leased: JobRow[];
}

/** A stored event that no job has heard of yet, and the job that has its JobId, if there is one. */
interface WaitingEvent {
  id: string;
  eventType: string;
  vodJobId: string;
  status: string;
  signature: EventSignature;
  jobId: string | null;
  /** Of the job that had its JobId, when that one's record is dropped: until when it was kept. */
  jobKeptUntil?: Date;
  /** No call of ours can have made its job. */
  isForeign?: boolean;
}

/** The JobId of VOD that a job gets by this event. */
function learnedJobId(event: JobEvent): string | null {
  switch (event.type) {
    case 'accepted':
    case 'found':
      return event.vodJobId;
    case 'adopted':
      return event.candidate;
    default:
      return null;
  }
}

async function lockEarlyEvents(tx: Transaction, changes: readonly Change[]): Promise<WaitingEvent[]> {
  const learned = changes.flatMap(({ jobId, event }) => {
    const vodJobId = learnedJobId(event);
    return vodJobId ? [{ jobId, vodJobId }] : [];
  });
  if (learned.length === 0) return [];
  return tx.query<WaitingEvent[]>(earlyEvents, [toJson(learned)]);
}

function matchEarlyEvents(batch: Batch, { jobId, event }: Change, early: readonly WaitingEvent[]): void {
  const vodJobId = learnedJobId(event);
  if (vodJobId === null || batch.job(jobId)?.vodJobId !== vodJobId) return;
  const own = early.filter((each) => each.jobId === jobId && each.vodJobId === vodJobId);
  for (const change of completionsIn(own)) batch.follow(change);
  batch.events.push(...own.map(matchOf));
}

/** What the ends of known jobs mean for these jobs. */
function completionsIn(events: readonly WaitingEvent[]): Change[] {
  return events.flatMap((event) =>
    event.jobId !== null && isCompletion(event) ? [{ jobId: event.jobId, event: received(event) }] : [],
  );
}

function received({ id, vodJobId, status, signature }: WaitingEvent): JobEvent {
  return {
    type: 'event_received',
    vodJobId,
    status: status === 'fail' ? 'fail' : 'success',
    eventId: id,
    signature,
  };
}

/** A JobId outlives the record of its job: an event about it is nobody's news, and no evidence for anybody. Nor is a foreign one. */
async function withTheirOwners(tx: Transaction, events: readonly WaitingEvent[]): Promise<WaitingEvent[]> {
  const unknown = events.filter((event) => event.jobId === null && isCompletion(event));
  if (unknown.length === 0) return [...events];
  const rows = await tx.query<{ id: string; mayBeOurs: boolean; jobKeptUntil: Date | null }[]>(unknownEvents, [
    unknown.map(({ id }) => id),
  ]);
  const found = new Map(rows.map((row) => [row.id, row]));
  return events.map((event) => {
    const about = found.get(event.id);
    if (about === undefined) return event;
    const { jobKeptUntil, mayBeOurs } = about;
    return { ...event, isForeign: !mayBeOurs, ...(jobKeptUntil && { jobKeptUntil }) };
  });
}

/**
 * Events about jobs that we do not know: one of them may be the answer that a submission has lost. Whoever waits for it
 * looks again now, also when it was taken for absent, or is held.
 */
async function reconsiderFor(tx: Transaction, events: readonly WaitingEvent[]): Promise<Change[]> {
  const unknown = events.filter(
    (event) => event.jobId === null && !event.jobKeptUntil && !event.isForeign && isCompletion(event),
  );
  if (unknown.length === 0) return [];
  const cases = await tx.query<{ jobId: string; eventId: string; vodJobId: string; sentAt: Date }[]>(casesOfEvents, [
    unknown.map(({ id }) => id),
  ]);
  return cases.map(({ jobId, ...evidence }) => ({ jobId, event: { type: 'reconsidered', ...evidence } }));
}

const completions = new Set(completionEvents);

/** Only these end a job of ours; other events may carry the same kind of JobId and say nothing about it. */
function isCompletion({ eventType, status }: WaitingEvent): boolean {
  return completions.has(eventType) && ['success', 'fail'].includes(status); // guard: only-completions
}

function matchOf(event: WaitingEvent): MatchedEvent {
  const { id, jobId } = event;
  return { id, jobId, ...verdictOn(event) };
}

function verdictOn(event: WaitingEvent): Pick<MatchedEvent, 'verdict' | 'reason'> {
  if (!isCompletion(event)) return { verdict: isOfOthers(event) ? 'foreign' : 'ignored', reason: NO_END_OF_OURS };
  if (event.jobKeptUntil) {
    return { verdict: 'ignored', reason: `the record of its job was kept until ${dayOf(event.jobKeptUntil)}` };
  }
  if (event.isForeign) return foreignVerdict(event.signature);
  return { verdict: event.jobId ? 'matched' : 'unmatched', reason: null };
}

const NO_END_OF_OURS = 'not the end of a job of ours';

/** It tells of something that is never asked for here: a person has it looked at again. */
function isOfOthers({ eventType, jobId, signature }: WaitingEvent): boolean {
  return jobId === null && eventType !== '' && !completions.has(eventType) && isTrusted(signature);
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

const eventColumns = `event.id, event.event_type as "eventType", event.vod_job_id as "vodJobId", event.status, event.signature`;

/** Skipping locked rows lets two workers share a burst instead of doing it twice. */
// guard: events-shared
const receivedEvents = `
  /* received events */
  with taken as (
    select event.id, event.region, event.vod_job_id
      from event
     where event.verdict = 'received'
     order by event.received_at
     limit $1
       for update skip locked
  )
  select ${eventColumns}, job.id as "jobId"
    from taken
    join event on event.id = taken.id
    left join job on job.vod_job_id = taken.vod_job_id and taken.region in (job.region, '*')
   order by event.received_at`;

/** The jobs of these events, asked for at the same time. It may find other events by then; what is missing is asked for once more. */
const jobsOfReceived = `
  /* jobs of received events */
  with taken as materialized (
    select region, vod_job_id
      from event
     where verdict = 'received'
     order by received_at
     limit $1
       for update skip locked
  )
  select ${jobColumns}
    from job
   where id = any(array(select job.id
                          from taken
                          join job on job.vod_job_id = taken.vod_job_id and taken.region in (job.region, '*')))
   order by id
     for update of job`;

const unmatchedEventsWithJob = `
  select ${eventColumns}, job.id as "jobId"
    from event
    join job on job.vod_job_id = event.vod_job_id and event.region in (job.region, '*')
   where event.verdict = 'unmatched'
   order by event.received_at
   limit $1
     for update of event skip locked`;

/** What a JobId that we learn takes along. A foreign one among them can't be, and would be ours after all if it were. */
const WAITING = `('received', 'unmatched', 'foreign')`;

const overtaken = `
  /* overtaken */
  select from event where vod_job_id = any($1::text[]) and verdict in ${WAITING} limit 1`;

/** Waits for a worker that has one of them in its hands just now: only then is known whether it found the job. */
const overtakenEvents = `
  select ${eventColumns}, job.id as "jobId"
    from event
    join job on job.vod_job_id = event.vod_job_id and event.region in (job.region, '*')
   where event.vod_job_id = any($1::text[]) and event.verdict in ${WAITING}
   order by event.id
     for update of event`;

const earlyEvents = `
  /* events waiting */
  select ${eventColumns}, job.id as "jobId"
    from jsonb_to_recordset($1::jsonb) as learned("jobId" uuid, "vodJobId" text)
    join job on job.id = learned."jobId"
    join event on event.vod_job_id = learned."vodJobId" and event.region in (job.region, '*')
   where event.verdict in ${WAITING}
   order by event.id
     for update of event`;

/**
 * Jobs of the same media and type whose latest attempt lost its answer, and was not found since nor decided about by a
 * person. Events that came before that attempt was sent are not about it.
 */
// guard: reopened-by-news, reopened-when-lost
const casesOfEvents = `
  select distinct on (job.id) job.id as "jobId", event.id as "eventId", event.vod_job_id as "vodJobId",
         submission.sent_at as "sentAt"
    from event
    join job on job.media_id = event.media_id and event.region in (job.region, '*')
            and (job.type, event.event_type) in (${completionPairs})
    join submission on submission.request_id = job.request_id and submission.number = job.attempt
   where event.id = any($1::uuid[])
     and job.state ${inStates(statesFor('reconsidered'))} and job.vod_job_id is null
     and submission.sent_at <= event.received_at + interval '5 s'   -- two clocks of ours
     and (select history.event
            from history
           where history.job_id = job.id and history.attempt = job.attempt
             and history.event in ('outcome_unknown', 'accepted', 'found', 'adopted', 'event_received', 'resubmitted', 'retried')
           order by history.version desc
           limit 1) = 'outcome_unknown'
   order by job.id, event.received_at`;
