import { randomInt, randomUUID } from 'node:crypto';
import {
  collectiveEvents,
  completionsOf,
  decide,
  jobTypes,
  RESEND_WITHIN_MS,
  type AlarmRules,
  type JobCore,
  type JobEvent,
  type JobState,
  type JobType,
  type Objection,
} from '@app/domain';
import type { Signals } from '@app/observability';
import type { DataSource, EntityManager } from 'typeorm';
import { channels } from './channels';
import type { SubmissionOutcome } from './entities/submission.entity';
import { Gather } from './gather';
import { historyDetail, jobColumns, toJobRow, toJson, type FlatJobRow, type JobRow } from './rows';

/** One thing that happened to one job. `actor` is a person's key name; the system leaves it out. */
export interface Change {
  jobId: string;
  event: JobEvent;
  actor?: string;
}

export type Verdict =
  | { outcome: 'moved'; from: JobState; job: JobRow }
  | { outcome: 'ignored'; state: JobState; reason: Objection }
  | { outcome: 'no_such_job' };

/** How a call of SubmitAIJob ended, for its row in `submission`. */
export interface SubmissionAnswer {
  requestId: string;
  number: number;
  outcome: SubmissionOutcome;
  vodRequestId: string | null;
  code: string | null;
  message: string | null;
  /** VOD's gateway knew the nonce: an earlier call with it had arrived. */
  nonceSeen?: boolean;
}

/** A request's queued jobs, claimed for one call of SubmitAIJob. */
export interface Claim {
  requestId: string;
  number: number;
  region: string;
  mediaId: string;
  config: Record<string, unknown>;
  nonce: string;
  signedAt: Date;
  jobs: { id: string; type: JobType }[];
}

/** Changes that are committed together or not at all. */
interface Entry {
  changes: Change[];
  answer?: SubmissionAnswer;
}

interface Batch {
  changes: Change[];
  answers?: SubmissionAnswer[];
  /**
   * Does not wait for the disk: for what would only be done again if a crash of Postgres forgot it. Never for what is
   * told to anybody, nor for what a call that costs money relies on (markSent waits, and what came before it waits along).
   */
  lazily?: boolean;
  /** Attempts that are about to be made. */
  submissions?: Claim[];
  /** Their jobs, when they are locked already. */
  locked?: Map<string, LockedJob>;
  /** Verdicts on stored events that go with the changes. */
  events?: { id: string; verdict: 'matched' | 'unmatched' | 'ignored'; jobId: string | null; reason: string | null }[];
}

export interface JobStoreOptions {
  rules: AlarmRules;
  signals: Signals;
  /** Jobs at VOD at once, per region and type; 0 is no cap. */
  maxInFlight: number;
  /** How long one SubmitAIJob can take: a send must fit into what is left of its lease. */
  callMs: number;
  now?: () => Date;
  chance?: () => number;
}

/** An answer that gets lost so often will not come. */
const RESENDS_AT_MOST = 5;

const TWO_LANES = { batch: 100, lanes: 2 };

/**
 * The one door through which a job's state changes: lock the row, decide, write the state and one line of history,
 * commit. Everyone else sends an event; nobody sets a status.
 */
export class JobStore {
  private readonly commits = new Gather((entries: Entry[]) => this.commitAll(entries), TWO_LANES);
  private readonly claims = new Gather((asked: ClaimAsked[]) => this.claimAll(asked), TWO_LANES);
  private readonly sends = new Gather((sends: Send[]) => this.markAllSent(sends), TWO_LANES);
  private readonly now: () => Date;
  private readonly chance: () => number;

  constructor(
    private readonly db: DataSource,
    private readonly options: JobStoreOptions,
  ) {
    this.now = options.now ?? (() => new Date());
    this.chance = options.chance ?? (() => randomInt(1_000_000) / 1_000_000);
  }

  /** Tells the store what happened to one job. An event that the table does not know in its state is ignored. */
  async apply(jobId: string, event: JobEvent, actor?: string): Promise<Verdict> {
    const [verdict] = await this.commits.add({ changes: [{ jobId, event, ...(actor ? { actor } : {}) }] });
    return verdict as Verdict;
  }

  /** The same for several jobs, and the answer to their submission, in one transaction. Verdicts in order. */
  applyTogether(changes: Change[], answer?: SubmissionAnswer): Promise<Verdict[]> {
    return this.commits.add({ changes, ...(answer ? { answer } : {}) });
  }

  /**
   * Claims a request's queued jobs for one submission and commits that submission, nonce and time included, before
   * anything is sent. Null when nothing is queued any more: the same delivery twice, or a job that moved on; or when
   * the account's circuit is open and this is not the probe.
   */
  claim(requestId: string, { probe = false } = {}): Promise<Claim | null> {
    return this.claims.add({ requestId, probe });
  }

  /**
   * Commits "about to be sent" in the moment before the call. False when the claim is no longer ours: its lease is
   * too short for the call, or somebody declared the attempt dead. Not a change of state, so it is no event; it locks
   * the same rows, so that `never_sent` and the send can never both be true.
   *
   * @param signer fingerprint of the access key that signs it
   */
  markSent(claim: Claim, signer: string | null): Promise<boolean> {
    return this.sends.add({ claim, signer });
  }

  /**
   * Commits "about to be sent once more" for a submission of which nothing is known yet. Null when it must not be: one of
   * its jobs is known by now or moved on, the nonce was seen, another key would sign it, its time is over, or somebody
   * else is at it.
   */
  async claimResend(requestId: string, number: number, signer: string): Promise<Claim | null> {
    const now = this.now();
    const { claim, moves } = await this.db.transaction(async (tx) => {
      const rows = await tx.query<QueuedRow[]>(
        `select ${jobColumns}, request.config
           from job join request on request.id = job.request_id
          where job.request_id = $1 and job.attempt = $2
          order by job.id
            for update of job`,
        [requestId, number],
      );
      const nothing = { claim: null, moves: [] };
      const [first] = rows;
      if (!first || rows.some((row) => row.state !== 'unconfirmed' || row.vodJobId !== null)) return nothing;
      const [[submission]] = await tx.query<[{ types: string[]; nonce: string; signedAt: Date; resends: number }[]]>(
        `update submission
            set resends = resends + 1, resent_at = $4
          where request_id = $1 and number = $2 and signer = $3
            and nonce_seen_at is null and resends < ${RESENDS_AT_MOST} and signed_at > $5 and sent_at > $5
            and (resent_at is null or resent_at <= $6)   -- another worker may still wait for the answer to its own
            and cardinality(types) = $7                  -- without one of its types it would be another request
          returning types, nonce, signed_at as "signedAt", resends`,
        [
          requestId,
          number,
          signer,
          now,
          new Date(now.getTime() - RESEND_WITHIN_MS),
          new Date(now.getTime() - this.options.callMs),
          rows.length,
        ],
      );
      if (!submission) return nothing;
      const { nonce, signedAt, resends } = submission;
      const changes = rows.map(({ id }): Change => ({
        jobId: id,
        event: { type: 'resent', attempt: number, number: resends },
      }));
      const moved = await this.move(tx, { changes, locked: lockedFrom(rows) }, now);
      const jobs = rows.map(({ id, type }) => ({ id, type }));
      const { region, mediaId, config } = first;
      return { claim: { requestId, number, region, mediaId, config, nonce, signedAt, jobs }, moves: moved };
    });
    this.announce(moves);
    return claim;
  }

  /**
   * Matches stored events to jobs by JobId and makes those jobs due. `rematch` takes up events that found no job
   * before: an event can slip in between the look and the commit of the transaction that stores its JobId.
   */
  async settleEvents(limit: number, { rematch }: { rematch: boolean }): Promise<{ taken: number; matched: number }> {
    return this.match(rematch ? unmatchedEventsWithJob : receivedEvents, [limit]);
  }

  private async match(waitingEvents: string, parameters: unknown[]): Promise<{ taken: number; matched: number }> {
    const { moved, ...counts } = await this.db.transaction(async (tx) => {
      const events = await tx.query<WaitingEvent[]>(waitingEvents, parameters);
      if (events.length === 0) return { taken: 0, matched: 0, moved: [] };
      const known = events.filter((event) => event.jobId !== null);
      const verdicts = events.map(verdictOn);
      const changes = known.flatMap((event) =>
        event.jobId && isCompletion(event) ? [ringing(event, event.jobId)] : [],
      );
      const unknown = events.filter((event) => event.jobId === null && isCompletion(event));
      changes.push(...(await this.casesOf(tx, unknown)));
      const outcomes = await this.move(tx, { changes, events: verdicts, lazily: true });
      return { taken: events.length, matched: known.length, moved: outcomes };
    });
    this.announce(moved);
    return counts;
  }

  /**
   * Events about jobs that we do not know: one of them may be the answer that a submission has lost. Whoever waits for it
   * looks again now, also when it was taken for absent, or is held.
   */
  private async casesOf(tx: EntityManager, events: readonly WaitingEvent[]): Promise<Change[]> {
    if (events.length === 0) return [];
    const cases = await tx.query<{ jobId: string; eventId: string; vodJobId: string; sentAt: Date }[]>(casesOfEvents, [
      events.map(({ id }) => id),
    ]);
    return cases.map(({ jobId, ...evidence }) => ({ jobId, event: { type: 'reconsidered', ...evidence } }));
  }

  private async commitAll(entries: Entry[]): Promise<Verdict[][]> {
    const changes = entries.flatMap((entry) => entry.changes);
    const answers = entries.flatMap((entry) => entry.answer ?? []);
    const moves = await this.db.transaction((tx) => this.move(tx, { changes, answers }));
    this.announce(moves);
    await this.matchOvertaken(changes);
    const verdicts = moves.map((move) => move.verdict);
    return entries.map((entry) => verdicts.splice(0, entry.changes.length));
  }

  /**
   * An event that arrived and was settled while the transaction that stores its JobId was under way has not seen the job,
   * nor has that transaction seen the event. After the commit one of the two surely sees the other: without this look,
   * such a job would wait for the slow one.
   */
  private async matchOvertaken(changes: Change[]): Promise<void> {
    const learned = changes.flatMap(({ event }) => learnedJobId(event) ?? []);
    if (learned.length === 0) return;
    try {
      const waiting = await this.db.query<unknown[]>(
        `/* overtaken */ select from event where vod_job_id = any($1::text[]) and verdict in ('received', 'unmatched') limit 1`,
        [learned],
      );
      if (waiting.length > 0) await this.match(overtakenEvents, [learned]);
    } catch {
      // The changes are committed, and their caller must not take them for lost. The slow look finds these events.
    }
  }

  private async claimAll(asked: ClaimAsked[]): Promise<(Claim | null)[]> {
    const probes = asked.filter(({ probe }) => probe).map(({ requestId }) => requestId);
    const { claims, moves } = await this.db.transaction(async (tx) => {
      const now = this.now();
      const queued = await tx.query<QueuedRow[]>(
        `/* claim */
         select ${jobColumns}, request.config,
                (select coalesce(max(number), 0) from submission where submission.request_id = job.request_id) as last,
                (select code from circuit where circuit.region = job.region and job.request_id <> all($2::uuid[])) as blocked
           from job join request on request.id = job.request_id
          where job.request_id = any($1::uuid[]) and job.state = 'queued'
          order by job.id
            for update of job`,
        [asked.map(({ requestId }) => requestId), probes],
      );
      const blocked = queued.filter((row) => row.blocked !== null);
      const { fitting, capped } = await this.fitUnderCap(
        tx,
        queued.filter((row) => row.blocked === null),
      );
      const made = groupByRequest(fitting, now);
      const changes = [
        ...blocked.map((row) => deferred(row.id, `the account cannot submit in ${row.region} (${row.blocked})`)),
        ...capped.map(({ id }) => deferred(id, 'as many jobs as allowed are at VOD')),
        ...made.flatMap((claim) => claim.jobs.map(({ id }) => claimed(id, claim.number))),
      ];
      const moved = await this.move(tx, { changes, submissions: made, locked: lockedFrom(queued), lazily: true }, now);
      return { claims: made, moves: moved };
    });
    this.announce(moves);
    // The same request twice in one batch is the same delivery twice: the first gets the claim, the other nothing.
    return asked.map(({ requestId }) => {
      const at = claims.findIndex((claim) => claim.requestId === requestId);
      return at < 0 ? null : (claims.splice(at, 1)[0] ?? null);
    });
  }

  /** With a cap, claims of all workers stand in line: counting and claiming must be one step. */
  private async fitUnderCap(
    tx: EntityManager,
    queued: QueuedRow[],
  ): Promise<{ fitting: QueuedRow[]; capped: QueuedRow[] }> {
    const cap = this.options.maxInFlight;
    if (cap === 0 || queued.length === 0) return { fitting: queued, capped: [] };
    await tx.query(`select pg_advisory_xact_lock(hashtext('vodai jobs at VOD'))`);
    const inFlight = await tx.query<{ region: string; type: JobType; jobs: number }[]>(
      `select region, type, count(*)::int as jobs
         from job
        where state in ('submitting', 'unconfirmed', 'processing', 'finished') and region = any($1::text[])
          and due_at is not null  -- as they all have it; this is what the index knows
        group by region, type`,
      [[...new Set(queued.map((row) => row.region))]],
    );
    const room = new Map(inFlight.map(({ region, type, jobs }) => [`${region} ${type}`, cap - jobs]));
    const fitting: QueuedRow[] = [];
    const capped: QueuedRow[] = [];
    for (const row of queued) {
      const key = `${row.region} ${row.type}`;
      const left = room.get(key) ?? cap;
      room.set(key, left - 1);
      (left > 0 ? fitting : capped).push(row);
    }
    return { fitting, capped };
  }

  private async markAllSent(sends: Send[]): Promise<boolean[]> {
    const now = this.now();
    const answer = await this.db.query<[{ requestId: string; number: number }[], number]>(
      `/* mark sent */
       with claim as (
         select distinct * from jsonb_to_recordset($1::jsonb) as c("requestId" uuid, number integer, jobs integer, signer text)
       ), alive as materialized (
         select job.id, job.request_id, job.attempt
           from job join claim on job.request_id = claim."requestId" and job.attempt = claim.number
          where job.state = 'submitting' and job.submitted_at is null
            and job.due_at > $3                                   -- what is left of the lease must outlive the call
          order by job.id
            for update of job
       ), whole as (
         -- One job of the claim declared dead, and the call does not go out: it would carry that job's type too.
         select alive.request_id, alive.attempt, claim.signer
           from alive join claim on (alive.request_id, alive.attempt) = (claim."requestId", claim.number)
          group by alive.request_id, alive.attempt, claim.jobs, claim.signer
         having count(*) = claim.jobs
       ), marked as (
         update job
            set submitted_at = $2
           from alive join whole using (request_id, attempt)
          where job.id = alive.id
       )
       update submission
          set sent_at = $2, signer = whole.signer
         from whole
        where (submission.request_id, submission.number) = (whole.request_id, whole.attempt) and submission.sent_at is null
        returning submission.request_id as "requestId", submission.number`,
      [
        toJson(
          sends.map(({ claim: { requestId, number, jobs }, signer }) => ({
            requestId,
            number,
            jobs: jobs.length,
            signer,
          })),
        ),
        now,
        new Date(now.getTime() + this.options.callMs),
      ],
    );
    // TypeORM answers UPDATE … RETURNING with rows and their count.
    const [marked] = answer;
    // The same claim twice in one batch: the first may send, the other may not.
    return sends.map(({ claim }) => {
      const at = marked.findIndex(({ requestId, number }) => requestId === claim.requestId && number === claim.number);
      return at >= 0 && marked.splice(at, 1).length > 0;
    });
  }

  /** The door itself: every change of a job's state in this product happens in this function. */
  private async move(tx: EntityManager, batch: Batch, now = this.now()): Promise<Move[]> {
    // Events before jobs, here and in settleEvents: one order of locks, no deadlock.
    const waiting = await this.eventsWaitingFor(tx, batch.changes);
    const jobs = batch.locked ?? (await lockJobs(tx, batch.changes));

    const moves: Move[] = [];
    const events = [...(batch.events ?? [])];
    for (const change of batch.changes) {
      moves.push(this.step(jobs, change, now));
      // What arrived before we knew the JobId is matched in the transaction that stores it.
      const learned = learnedJobId(change.event);
      for (const event of learned ? waiting.filter((e) => e.jobId === change.jobId && e.vodJobId === learned) : []) {
        if (jobs.get(change.jobId)?.vodJobId !== learned) continue;
        if (isCompletion(event)) this.step(jobs, ringing(event, change.jobId), now);
        events.push(verdictOn(event));
      }
    }
    const touched = [...jobs.values()].filter((job) => job.lines.length > 0);
    await write(tx, {
      jobs: touched,
      submissions: batch.submissions ?? [],
      answers: batch.answers ?? [],
      events,
      now,
      lazily: batch.lazily ?? false,
    });
    return moves;
  }

  private step(jobs: Map<string, LockedJob>, { jobId, event, actor }: Change, now: Date): Move {
    const job = jobs.get(jobId);
    if (!job) return { verdict: { outcome: 'no_such_job' }, event };
    const decision = decide(job, event, { now, chance: this.chance(), rules: this.options.rules });
    if (decision.outcome === 'ignored') {
      return { verdict: { outcome: 'ignored', state: decision.state, reason: decision.reason }, event, jobId };
    }
    job.lines.push({
      jobId,
      version: decision.next.version,
      at: now,
      event: event.type,
      fromState: decision.from,
      toState: decision.next.state,
      attempt: decision.next.attempt,
      actor: actor ?? null,
      detail: historyDetail(job, event),
    });
    if (event.type === 'read_succeeded') job.result = event.result;
    const rang = rangAt(job);
    Object.assign(job, decision.next);
    const { lines: _lines, wasVersion: _was, result: _result, ...row } = job;
    return { verdict: { outcome: 'moved', from: decision.from, job: row }, event, jobId, rang };
  }

  private async eventsWaitingFor(tx: EntityManager, changes: Change[]): Promise<WaitingEvent[]> {
    const learned = changes.flatMap(({ jobId, event }) => {
      const vodJobId = learnedJobId(event);
      return vodJobId ? [{ jobId, vodJobId }] : [];
    });
    if (learned.length === 0) return [];
    return tx.query<WaitingEvent[]>(
      `/* events waiting */
       select ${eventColumns}, job.id as "jobId"
         from jsonb_to_recordset($1::jsonb) as learned("jobId" uuid, "vodJobId" text)
         join job on job.id = learned."jobId"
         join event on event.vod_job_id = learned."vodJobId" and event.region in (job.region, '*')
        where event.verdict in ('received', 'unmatched')
        order by event.id
          for update of event`,
      [toJson(learned)],
    );
  }

  private announce(moves: Move[]): void {
    for (const { verdict, event, jobId, rang } of moves) {
      if (verdict.outcome === 'moved') {
        const { job, from } = verdict;
        const ageMs = job.settledAt && rang ? job.settledAt.getTime() - rang.getTime() : undefined;
        this.options.signals.emit('job.moved', {
          jobId: job.id,
          requestId: job.requestId,
          mediaId: job.mediaId,
          region: job.region,
          type: job.type,
          from,
          to: job.state,
          event: event.type,
          attempt: job.attempt,
          vodJobId: job.vodJobId,
          ageMs,
        });
        if (job.settledAt && event.type.startsWith('read_') && job.eventStatus === null) {
          this.options.signals.emit('settled.without_event', { jobId: job.id, region: job.region, type: job.type });
        }
      } else if (verdict.outcome === 'ignored' && jobId) {
        this.options.signals.emit('job.ignored', { jobId, state: verdict.state, event: event.type });
        if (event.type === 'accepted') {
          const { vodJobId, attempt } = event;
          this.options.signals.emit('vod_job.unclaimed', { jobId, vodJobId, attempt, state: verdict.state });
        }
      }
    }
  }
}

interface Move {
  verdict: Verdict;
  event: JobEvent;
  jobId?: string;
  rang?: Date | null;
}

interface HistoryLine {
  jobId: string;
  version: number;
  at: Date;
  event: string;
  fromState: string;
  toState: string;
  attempt: number;
  actor: string | null;
  detail: Record<string, unknown>;
}

interface LockedJob extends JobRow {
  wasVersion: number;
  lines: HistoryLine[];
  result?: Extract<JobEvent, { type: 'read_succeeded' }>['result'];
}

interface ClaimAsked {
  requestId: string;
  probe: boolean;
}

interface Send {
  claim: Claim;
  signer: string | null;
}

interface QueuedRow extends FlatJobRow {
  config: Record<string, unknown>;
  /** Number of the request's latest submission. */
  last: number;
  /** VOD's code for why the account cannot submit; null when it can, and for the one request that finds out. */
  blocked: string | null;
}

interface WaitingEvent {
  id: string;
  eventType: string;
  vodJobId: string;
  status: string;
  signature: string;
  jobId: string | null;
}

const eventColumns = `event.id, event.event_type as "eventType", event.vod_job_id as "vodJobId", event.status, event.signature`;

/**
 * Jobs of the same media and type whose latest attempt lost its answer, and was not found since nor decided about by a
 * person. Events that came before that attempt was sent are not about it.
 */
const casesOfEvents = `
  select distinct on (job.id) job.id as "jobId", event.id as "eventId", event.vod_job_id as "vodJobId",
         submission.sent_at as "sentAt"
    from event
    join job on job.media_id = event.media_id and event.region in (job.region, '*')
            and event.event_type in (job.type || 'Complete', ${collectiveEvents.map((name) => `'${name}'`).join(', ')})
    join submission on submission.request_id = job.request_id and submission.number = job.attempt
   where event.id = any($1::uuid[])
     and job.state in ('unconfirmed', 'queued', 'held') and job.vod_job_id is null
     and submission.sent_at <= event.received_at + interval '5 s'   -- two clocks of ours
     and (select history.event
            from history
           where history.job_id = job.id and history.attempt = job.attempt
             and history.event in ('outcome_unknown', 'accepted', 'found', 'adopted', 'event_received', 'resubmitted', 'retried')
           order by history.version desc
           limit 1) = 'outcome_unknown'
   order by job.id, event.received_at`;

/** Skipping locked rows lets two settlers share a burst instead of doing it twice. */
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

const unmatchedEventsWithJob = `
  select ${eventColumns}, job.id as "jobId"
    from event
    join job on job.vod_job_id = event.vod_job_id and event.region in (job.region, '*')
   where event.verdict = 'unmatched'
   order by event.received_at
   limit $1
     for update of event skip locked`;

/** Waits for a settler that has one of them in its hands just now: only then is known whether it found the job. */
const overtakenEvents = `
  select ${eventColumns}, job.id as "jobId"
    from event
    join job on job.vod_job_id = event.vod_job_id and event.region in (job.region, '*')
   where event.vod_job_id = any($1::text[]) and event.verdict in ('received', 'unmatched')
   order by event.id
     for update of event`;

async function lockJobs(tx: EntityManager, changes: Change[]): Promise<Map<string, LockedJob>> {
  const ids = [...new Set(changes.map((change) => change.jobId))];
  if (ids.length === 0) return new Map();
  const rows = await tx.query<FlatJobRow[]>(
    // In the order of ids, as everywhere: two batches that share jobs wait for each other and never deadlock.
    `/* lock jobs */ select ${jobColumns} from job where id = any($1::uuid[]) order by id for update`,
    [ids],
  );
  return lockedFrom(rows);
}

function lockedFrom(rows: FlatJobRow[]): Map<string, LockedJob> {
  return new Map(rows.map((row) => [row.id, { ...toJobRow(row), wasVersion: row.version, lines: [] }]));
}

/** One statement writes the whole batch: rows, history, results, submissions, verdicts on events, and wakes who waits. */
async function write(tx: EntityManager, { jobs, submissions, answers, events, now, lazily }: Writing): Promise<void> {
  if (jobs.length + answers.length + events.length === 0) return;
  const [{ moved }] = await tx.query<[{ moved: number }]>(
    `/* write */
     with moved as (
       update job
          set state = n.state, version = n.version, due_at = n."dueAt", attempt = n.attempt, attempts = n.attempts,
              tries = n.tries, misses = n.misses, vod_job_id = n."vodJobId", event_status = n."eventStatus",
              error_phase = n.error ->> 'phase', error_code = n.error ->> 'code', error_message = n.error ->> 'message',
              submitted_at = n."submittedAt", last_read_at = n."lastReadAt",
              finished_at = n."finishedAt", settled_at = n."settledAt",
              holds_natural_key = job.holds_natural_key and n."settledAt" is null
         from jsonb_to_recordset($1::jsonb) as n(
              id uuid, state text, "wasVersion" integer, version integer, "dueAt" timestamptz, attempt integer,
              attempts integer, tries integer, misses integer, "vodJobId" text, "eventStatus" text, error jsonb,
              "submittedAt" timestamptz, "lastReadAt" timestamptz, "finishedAt" timestamptz, "settledAt" timestamptz)
        where job.id = n.id and job.version = n."wasVersion"
        returning job.id
     ), told as (
       insert into history (job_id, version, at, event, from_state, to_state, attempt, actor, detail)
       select "jobId", version, at, event, "fromState", "toState", attempt, actor, detail
         from jsonb_to_recordset($2::jsonb) as h("jobId" uuid, version integer, at timestamptz, event text,
              "fromState" text, "toState" text, attempt integer, actor text, detail jsonb)
     ), read as (
       insert into result (job_id, raw, normalized, source, read_at)
       select "jobId", raw, nullif(normalized, 'null'), source, $6
         from jsonb_to_recordset($3::jsonb) as r("jobId" uuid, raw text, normalized jsonb, source text)
       on conflict (job_id) do update
          set raw = excluded.raw, normalized = excluded.normalized, source = excluded.source, read_at = excluded.read_at
        where excluded.normalized is not null or result.normalized is null  -- nothing usable takes the place of what is
     ), attempted as (
       insert into submission (request_id, number, types, nonce, signed_at)
       select "requestId", number, types, nonce, "signedAt"
         from jsonb_to_recordset($7::jsonb)
           as s("requestId" uuid, number integer, types text[], nonce text, "signedAt" timestamptz)
     ), answered as (
       update submission
          set outcome = a.outcome, answered_at = $6, vod_request_id = a."vodRequestId", code = a.code, message = a.message,
              nonce_seen_at = case when a."nonceSeen" then $6 else submission.nonce_seen_at end
         from jsonb_to_recordset($4::jsonb) as a("requestId" uuid, number integer, outcome text, "vodRequestId" text,
              code text, message text, "nonceSeen" boolean)
        where (submission.request_id, submission.number) = (a."requestId", a.number)
          and (submission.outcome is distinct from 'accepted' or a.outcome = 'accepted')  -- nothing later takes that back
     ), judged as (
       update event
          set verdict = v.verdict, job_id = v."jobId", reason = v.reason
         from jsonb_to_recordset($5::jsonb) as v(id uuid, verdict text, "jobId" uuid, reason text)
        where event.id = v.id
     ), woken as materialized (
       select pg_notify(channel, '') from unnest($8::text[]) as channel
     )
     select (select count(*)::int from moved) as moved, (select count(*)::int from woken) as woken,
            case when $9::boolean then set_config('synchronous_commit', 'off', true) end as commit`,
    [
      toJson(jobs.map(({ lines: _lines, result: _result, labels: _labels, ...core }) => core)),
      toJson(jobs.flatMap((job) => job.lines)),
      toJson(jobs.flatMap((job) => (job.result ? [{ jobId: job.id, ...job.result }] : []))),
      toJson(answers),
      toJson(events),
      now,
      toJson(submissions.map((claim) => ({ ...claim, types: claim.jobs.map((job) => job.type) }))),
      wakesFor(jobs, now),
      lazily,
    ],
  );
  // The rows are locked, so this cannot happen while everyone uses the door.
  if (moved !== jobs.length) throw new Error(`${jobs.length} jobs were decided, ${moved} could be written`);
}

interface Writing {
  jobs: LockedJob[];
  submissions: Claim[];
  answers: SubmissionAnswer[];
  events: NonNullable<Batch['events']>;
  now: Date;
  lazily: boolean;
}

/** Whom to wake after the commit: whoever tells of changes, and the dispatcher for what is due. */
function wakesFor(jobs: LockedJob[], now: Date): string[] {
  const isDue = jobs.some((job) => job.dueAt !== null && job.dueAt <= now);
  return [...(jobs.length > 0 ? [channels.jobChanged] : []), ...(isDue ? [channels.jobDue] : [])];
}

function groupByRequest(rows: QueuedRow[], now: Date): Claim[] {
  const claims = new Map<string, Claim>();
  for (const { id, type, requestId, last, region, mediaId, config } of rows) {
    const claim = claims.get(requestId) ?? {
      requestId,
      number: last + 1,
      region,
      mediaId,
      config,
      nonce: randomUUID(),
      signedAt: new Date(Math.floor(now.getTime() / 1000) * 1000),
      jobs: [],
    };
    claim.jobs.push({ id, type });
    claims.set(requestId, claim);
  }
  return [...claims.values()];
}

/** When the event came that made this read due; null when it was an alarm, or a person who wanted it read again. */
function rangAt({ state, finishedAt, lastReadAt }: JobCore): Date | null {
  const isUnread = lastReadAt === null || (finishedAt !== null && lastReadAt < finishedAt);
  return state === 'finished' && isUnread ? finishedAt : null;
}

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

const claimed = (jobId: string, number: number): Change => ({ jobId, event: { type: 'claimed', number } });
const deferred = (jobId: string, reason: string): Change => ({ jobId, event: { type: 'deferred', reason } });

function ringing(event: WaitingEvent, jobId: string): Change {
  const status = event.status === 'fail' ? 'fail' : 'success';
  return {
    jobId,
    event: { type: 'event_received', vodJobId: event.vodJobId, status, eventId: event.id, signature: event.signature },
  };
}

const completions = new Set(jobTypes.flatMap(completionsOf));

/** Only these end a job of ours; other events may carry the same kind of JobId and say nothing about it. */
function isCompletion({ eventType, status }: WaitingEvent): boolean {
  return completions.has(eventType) && ['success', 'fail'].includes(status);
}

function verdictOn(event: WaitingEvent): NonNullable<Batch['events']>[number] {
  const { id, jobId } = event;
  if (!isCompletion(event)) return { id, jobId, verdict: 'ignored', reason: 'not the end of a job of ours' };
  return jobId ? { id, jobId, verdict: 'matched', reason: null } : { id, jobId, verdict: 'unmatched', reason: null };
}
