import { randomInt } from 'node:crypto';
import { decide, type AlarmRules, type JobCore, type JobEvent, type JobState, type Objection } from '@app/domain';
import type { Signals } from '@app/observability';
import type { DataSource } from 'typeorm';
import { transaction, type Statement, type Transaction } from './transaction';
import { historyDetail, jobColumns, toJobRow, type FlatJobRow, type JobRow } from './rows';
import {
  writeStatement,
  type HistoryLine,
  type LockedJob,
  type MatchedEvent,
  type Submission,
  type SubmissionAnswer,
} from './write-statement';

/** One thing that happened to one job. `actor` is a person's key name; the system leaves it out. */
export interface Change {
  jobId: string;
  event: JobEvent;
  actor?: string;
}

/** What became of a change. `sinceEventMs`: from VOD's event to the read that it asked for; null for every other change. */
export type Verdict =
  | { outcome: 'moved'; from: JobState; job: JobRow; sinceEventMs: number | null }
  | { outcome: 'ignored'; state: JobState; reason: Objection }
  | { outcome: 'no_such_job' };

interface DoorOptions {
  rules: AlarmRules;
  signals: Signals;
  now?: () => Date;
  /** In [0, 1): spreads alarms. */
  chance?: () => number;
}

/**
 * The one door through which a job's state changes: lock the row, decide, write the state and one line of history,
 * commit, announce. Everyone else sends an event; nobody sets a status.
 */
export class Door {
  constructor(
    private readonly db: DataSource,
    private readonly options: DoorOptions,
  ) {}

  /**
   * Commits what `work` puts into the batch, in one transaction, and announces it after the commit. Throws what `work` or
   * Postgres throws, and then nothing is written.
   *
   * @param lazily does not wait for the disk: for what would only be done again if a crash of Postgres forgot it. Never for
   *   what is answered to anybody, nor for what a call that costs money relies on (markSent waits, and what came before it
   *   waits along).
   */
  async commit<T>(work: (batch: Batch) => Promise<T>, { lazily = false } = {}): Promise<T> {
    const { answer, applied } = await transaction(this.db, async (tx) => {
      const batch = new Batch(tx, this.options);
      const worked = await work(batch);
      await write(batch, lazily);
      return { answer: worked, applied: batch.applied };
    });
    announce(this.options.signals, applied);
    return answer;
  }
}

/** Changes that are committed together or not at all, and the rows that go with them. */
export class Batch {
  readonly submissions: Submission[] = [];
  readonly answers: SubmissionAnswer[] = [];
  readonly events: MatchedEvent[] = [];
  /** What else is written, and travels with the rest. */
  readonly statements: Statement[] = [];
  readonly applied: (Change & { verdict: Verdict })[] = [];
  private readonly jobs = new Map<string, LockedJob>();
  private time: Date | null = null;

  constructor(
    readonly tx: Transaction,
    private readonly options: DoorOptions,
  ) {}

  /** One time for all changes of the batch: a wait for locks that came before its first use is not part of it. */
  get now(): Date {
    this.time ??= this.options.now?.() ?? new Date();
    return this.time;
  }

  /** The jobs that a change has moved. */
  get moved(): LockedJob[] {
    return [...this.jobs.values()].filter((job) => job.lines.length > 0);
  }

  /**
   * Locks the jobs of these changes that are not locked yet. In the order of ids, as everywhere: two batches wait for each other, no
   * deadlock. Whoever has locked others before must not wait, and has to begin anew when this throws 55P03.
   */
  async lock(changes: readonly Change[], { nowait = false } = {}): Promise<void> {
    const ids = [...new Set(changes.map((change) => change.jobId))].filter((id) => !this.jobs.has(id));
    if (ids.length === 0) return;
    // guard: changes-lock
    const rows = await this.tx.query<FlatJobRow[]>(
      `/* lock jobs */ select ${jobColumns} from job where id = any($1::uuid[]) order by id for update${nowait ? ' nowait' : ''}`,
      [ids],
    );
    this.take(rows);
  }

  /** Jobs that a statement of the caller has locked. */
  take(rows: readonly FlatJobRow[]): void {
    for (const row of rows)
      this.jobs.set(row.id, { ...toJobRow(row), wasVersion: row.version, lines: [], result: null });
  }

  /** A locked job as it is after the changes so far. */
  job(id: string): Readonly<JobRow> | undefined {
    return this.jobs.get(id);
  }

  /** Applies a change to its locked job. An event that the table does not know in the job's state is ignored. */
  apply(change: Change): Verdict {
    const verdict = this.follow(change);
    this.applied.push({ ...change, verdict });
    return verdict;
  }

  /** The same for what only follows from another change: it is written, and not announced. */
  follow({ jobId, event, actor }: Change): Verdict {
    const job = this.jobs.get(jobId);
    if (!job) return { outcome: 'no_such_job' };
    const decision = decide(job, event, { now: this.now, chance: this.chance(), rules: this.options.rules });
    if (decision.outcome === 'ignored') return decision;
    const { from, next } = decision;
    job.lines.push(historyLine(job, event, { from, next, at: this.now, actor: actor ?? null }));
    const sinceEventMs = msSinceEvent(job, next);
    Object.assign(job, next);
    if (event.type === 'read_succeeded') job.result = event.result;
    const { lines: _lines, wasVersion: _was, result: _result, ...row } = job;
    return { outcome: 'moved', from, job: row, sinceEventMs };
  }

  /**
   * Sets the alarms of jobs that a change has made due forward by a lease, as if they had been taken: whoever commits hands
   * these on by themselves, and is not told that they are due.
   */
  lease(isHandedOn: (job: JobRow) => boolean): JobRow[] {
    const leased = this.moved.filter((job) => job.dueAt !== null && job.dueAt <= this.now && isHandedOn(job));
    for (const job of leased) job.dueAt = new Date(this.now.getTime() + this.options.rules.leaseMs);
    return leased;
  }

  private chance(): number {
    return this.options.chance?.() ?? randomInt(1_000_000) / 1_000_000;
  }
}

function historyLine(
  job: JobRow,
  event: JobEvent,
  { from, next, at, actor }: { from: JobState; next: JobCore; at: Date; actor: string | null },
): HistoryLine {
  return {
    jobId: job.id,
    version: next.version,
    at,
    event: event.type,
    fromState: from,
    toState: next.state,
    attempt: next.attempt,
    actor,
    detail: historyDetail(job, event),
  };
}

/** Null when an alarm made this read due, or a person who wanted it read again. */
function msSinceEvent({ state, finishedAt, lastReadAt }: JobCore, { settledAt }: JobCore): number | null {
  if (state !== 'finished' || finishedAt === null || settledAt === null) return null;
  const isUnread = lastReadAt === null || lastReadAt < finishedAt;
  return isUnread ? settledAt.getTime() - finishedAt.getTime() : null;
}

async function write(batch: Batch, lazily: boolean): Promise<void> {
  const { tx, moved, answers, events } = batch;
  if (moved.length + answers.length + events.length === 0) return;
  const others = batch.statements.map(({ text, parameters }) => tx.query(text, parameters));
  const { text, parameters } = writeStatement(batch, lazily);
  await Promise.all([tx.last(text, parameters), ...others]);
}

function announce(signals: Signals, applied: Batch['applied']): void {
  for (const { verdict, ...change } of applied) {
    if (verdict.outcome === 'moved') announceMove(signals, change, verdict);
    if (verdict.outcome === 'ignored') announceIgnored(signals, change, verdict);
  }
}

function announceMove(
  signals: Signals,
  { event, actor }: Change,
  { from, job, sinceEventMs }: Extract<Verdict, { outcome: 'moved' }>,
): void {
  const { id: jobId, requestId, mediaId, region, type, state: to, attempt, vodJobId } = job;
  const ageMs = sinceEventMs ?? undefined;
  const move = {
    jobId,
    requestId,
    mediaId,
    region,
    type,
    from,
    to,
    event: event.type,
    attempt,
    vodJobId,
    actor,
    ageMs,
  };
  signals.emit('job.moved', move);
  const isSettledByRead = job.settledAt !== null && event.type.startsWith('read_');
  if (isSettledByRead && job.eventStatus === null) signals.emit('settled.without_event', { jobId, region, type });
}

function announceIgnored(
  signals: Signals,
  { jobId, event, actor }: Change,
  { state }: Extract<Verdict, { outcome: 'ignored' }>,
): void {
  signals.emit('job.ignored', { jobId, state, event: event.type, actor });
  if (event.type !== 'accepted') return;
  const { vodJobId, attempt } = event;
  signals.emit('vod_job.unclaimed', { jobId, vodJobId, attempt, state });
}
