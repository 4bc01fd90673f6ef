import { type AlarmRules, type JobEvent, type JobState, type JobType } from '@app/domain';
import { Signals } from '@app/observability';
import { createTestDatabase, eventually, type TestDatabase } from '@app/testing';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import {
  createDataSource,
  Door,
  EventMatcher,
  EvidenceReads,
  EventStore,
  JobCounts,
  JobReads,
  JobStore,
  PaceStore,
  ListReads,
  RequestStore,
  StatsReads,
  SubmissionStore,
  type Draft,
  type JobRow,
  type Notice,
  type StoredRequest,
  type SubmissionOptions,
} from '../src';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const rules: AlarmRules = {
  leaseMs: 60 * SECOND,
  pollFirstMs: 60 * SECOND,
  pollMaxMs: 10 * MINUTE,
  recoverAfterMs: [10 * SECOND],
  recoverGraceMs: 20 * MINUTE,
  jobDeadlineMs: 24 * 60 * MINUTE,
};

/** A database of its own, the stores on it, and a clock that only the test moves. */
export class Fixture {
  now = new Date('2026-11-22T12:00:00.789Z');
  readonly signals = new Signals();
  private readonly closes: (() => Promise<unknown>)[] = [];
  private readonly made = { requests: 0, vodJobs: 0, ids: 0 };

  private constructor(
    private readonly database: TestDatabase,
    readonly db: DataSource,
  ) {}

  static async open(): Promise<Fixture> {
    const database = await createTestDatabase();
    const db = await createDataSource({ url: database.url, application: 'vodai-test' }).initialize();
    return new Fixture(database, db);
  }

  async close(): Promise<void> {
    for (const close of this.closes.toReversed()) await close();
    await this.db.destroy();
    await this.database.drop();
  }

  get url(): string {
    return this.database.url;
  }

  readonly requests = () => new RequestStore(this.db);
  readonly events = () => new EventStore(this.db);
  readonly reads = () => new JobReads(this.db);
  readonly lists = () => new ListReads(this.db);
  readonly evidence = () => new EvidenceReads(this.db);
  readonly stats = () => new StatsReads(this.db, new JobCounts(this.db));

  /** Stores on `db`, with batches of their own. */
  readonly jobs = (db = this.db) => new JobStore(this.door(db), this.matcher(db));
  readonly matcher = (db = this.db) => new EventMatcher(db, this.door(db));

  submissions(
    options: Partial<SubmissionOptions> = {},
    db = this.db,
    pace = new PaceStore(db, () => 10_000),
  ): SubmissionStore {
    return new SubmissionStore(db, this.door(db), pace, {
      maxInFlight: 0,
      callMs: 20 * SECOND,
      now: () => this.now,
      ...options,
    });
  }

  private door(db: DataSource): Door {
    return new Door(db, { rules, signals: this.signals, now: () => this.now, chance: () => 0.5 });
  }

  /** Connections of another process. */
  async connect(): Promise<DataSource> {
    const db = await createDataSource({ url: this.url, application: 'vodai-test-other', poolSize: 3 }).initialize();
    this.closes.push(() => db.destroy());
    return db;
  }

  connections(count: number): Promise<DataSource[]> {
    return Promise.all(Array.from({ length: count }, () => this.connect()));
  }

  advance(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
  }

  query<T extends object>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return this.db.query<T[]>(sql, parameters);
  }

  draft({ types = ['AIVideoTag'], ...more }: Partial<Omit<Draft, 'types'>> & { types?: JobType[] } = {}): Draft {
    this.made.requests += 1;
    return {
      id: this.newId(),
      client: 'otto',
      idempotencyKey: null,
      mediaId: `media-${this.made.requests}`,
      region: 'cn-shanghai',
      types: types.map((type) => ({ type, jobId: this.newId() })),
      config: {},
      priority: 'normal',
      labels: {},
      extend: null,
      force: false,
      now: this.now,
      ...more,
    };
  }

  /** Later than those before it, and of the fixture's own time as `now` is. */
  private newId(): string {
    this.made.ids += 1;
    return uuidv7({ msecs: this.now.getTime(), seq: this.made.ids });
  }

  async accept(draft: Parameters<Fixture['draft']>[0] = {}): Promise<StoredRequest> {
    const acceptance = await this.requests().accept(this.draft(draft));
    if (acceptance.outcome !== 'created') throw new Error(`expected a new request, got ${acceptance.outcome}`);
    return acceptance.request;
  }

  /** A new job, taken through events of its own until it is in `state`. Its JobId is new as well. */
  async jobIn(state: JobState, draft: Parameters<Fixture['draft']>[0] = {}): Promise<JobRow> {
    const request = await this.accept(draft);
    const jobId = request.jobs[0]?.id ?? '';
    const jobs = this.jobs();
    const submissions = this.submissions();
    this.made.vodJobs += 1;
    const vodJobId = `vod-${this.made.vodJobs}`;
    const event: JobEvent = { type: 'event_received', vodJobId, status: 'success', eventId: '', signature: 'valid' };
    const accepted: JobEvent = { type: 'accepted', attempt: 1, vodJobId, vodRequestId: 'R' };
    const unknown: JobEvent = { type: 'outcome_unknown', attempt: 1, cause: 'time-out' };
    const failed: JobEvent = { type: 'read_failed', vodJobId, code: 'NoAudio', message: 'no audio', completedAt: null };
    const succeeded: JobEvent = {
      type: 'read_succeeded',
      vodJobId,
      result: { raw: '{"a":1}', normalized: { a: 1 }, source: 'ListAIJob', problem: null },
      completedAt: null,
    };
    const ways: Record<JobState, JobEvent[]> = {
      queued: [],
      submitting: [],
      unconfirmed: [unknown],
      processing: [accepted],
      finished: [accepted, event],
      held: [unknown, { type: 'undecidable', attempt: 1, version: 3, reason: 'no evidence' }],
      succeeded: [accepted, event, succeeded],
      failed: [accepted, failed],
      canceled: [{ type: 'canceled' }],
      expired: [accepted, { type: 'deadline_passed' }],
    };
    if (!['queued', 'canceled'].includes(state)) {
      const [claim] = await submissions.claim(request.id);
      if (state !== 'submitting' && claim) await submissions.markSent(claim, 'key');
    }
    for (const each of ways[state]) await jobs.apply(jobId, each);
    const job = await this.reads().job(jobId);
    if (job?.state !== state) throw new Error(`the job is ${job?.state ?? 'away'}, not ${state}`);
    return job;
  }

  notice(more: Partial<Notice> = {}): Notice {
    const body = more.body ?? Buffer.from('{}');
    return {
      id: uuidv7(),
      receivedAt: this.now,
      region: 'cn-shanghai',
      source: 'http',
      signature: 'valid',
      eventType: 'AIVideoTagComplete',
      vodJobId: 'vod-1',
      mediaId: null,
      status: 'success',
      eventTime: null,
      extend: null,
      body,
      bodySize: body.length,
      bodyHash: 'hash',
      verdict: 'received',
      reason: null,
      ...more,
    };
  }

  /** A job's history as `event` names, oldest first. */
  async story(jobId: string): Promise<string[]> {
    return (await this.reads().history(jobId)).map((line) => line.event);
  }

  async job(id: string): Promise<JobRow> {
    const job = await this.reads().job(id);
    if (!job) throw new Error(`no job ${id}`);
    return job;
  }

  /** Queued jobs that are due now, by one statement. Their ids begin with this time. */
  async manyQueued(jobs: number, { priority = 1, region = 'cn-shanghai' } = {}): Promise<void> {
    await this.query(
      `with asked as (
         insert into request (id, client, body_hash, media_id, region, priority, created_at)
         select (lpad(to_hex((extract(epoch from $2::timestamptz) * 1000)::bigint), 12, '0') || '7000' || '8' || lpad(to_hex(i), 15, '0'))::uuid,
                'many', '', 'many', $4, $3, $2
           from generate_series(1, $1) as i
         returning id
       )
       insert into job (id, request_id, type, state, version, due_at, client, region, media_id, priority, natural_key,
                        holds_natural_key, created_at)
       select id, id, 'AIVideoTag', 'queued', 1, $2, 'many', $4, 'many', $3, '', false, $2 from asked`,
      [jobs, this.now, priority, region],
    );
  }

  /**
   * Holds the locks that `sql` takes until the answer is called. A test that wants several statements at the same
   * moment lets them run into such a lock, waits until all of them stand there, and lets go.
   */
  async hold(sql: string, parameters: unknown[] = []): Promise<() => Promise<void>> {
    const client = new Client({ connectionString: this.url });
    await client.connect();
    await client.query('begin');
    await client.query(sql, parameters);
    return async () => {
      await client.query('commit');
      await client.end();
    };
  }

  /** Resolves when this many statements wait for a lock. */
  async untilWaiting(count: number): Promise<void> {
    await eventually(`${count} statements wait for a lock`, async () => {
      const [row] = await this.query<{ waiting: number }>(
        `select count(*)::int as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return row?.waiting === count;
    });
  }
}
