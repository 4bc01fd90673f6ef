import { randomUUID } from 'node:crypto';
import type { AlarmRules, EventSignature, JobType, Priority } from '@app/domain';
import { Signals, type SignalMap } from '@app/observability';
import { Networks, Outbound } from '@app/outbound';
import { createDataSource, EventStore, ListReads, RequestStore, type HistoryRow, type JobRow } from '@app/persistence';
import { Queues, type QueueKind } from '@app/queue';
import { createTestDatabase, type TestDatabase } from '@app/testing';
import { VodClient, type VodClientOptions } from '@app/vod';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { complete, promise } from '../../queue/test/queues';
import {
  assembleSteps,
  openStores,
  Pacer,
  type Clock,
  type Collect,
  type Dispatch,
  type Recover,
  type Match,
  type StepParts,
  type Steps,
  type StepSettings,
  type StepStores,
  type Submit,
} from '../src';

export const REGION = 'cn-shanghai';
export const accessKey = { id: 'testAccessKeyId', secret: 'testAccessKeySecret' };

export const rules: AlarmRules = {
  leaseMs: 60_000,
  pollFirstMs: 60_000,
  pollMaxMs: 600_000,
  recoverAfterMs: [10_000, 30_000, 120_000],
  recoverGraceMs: 20 * 60_000,
  jobDeadlineMs: 24 * 3_600_000,
};

const settings: StepSettings = {
  regions: [REGION],
  rules,
  lots: 4,
  quotaOf: () => 10_000,
  maxInFlight: 0,
  by: ['extend', 'event', 'listing'],
  resendPinned: true,
  callMs: 20_000,
};

/** What a processor was given. */
export interface Begun {
  queue: QueueKind;
  region: string;
  payload: unknown;
}

/** For the steps that call nobody. */
const NOWHERE = 'http://127.0.0.1:9';
const NOBODY = new Outbound({ allow: new Networks([]) });

/**
 * The steps on a real Postgres, with BullMQ's queues in it, and no loop that runs them: a test takes each step itself.
 * Time stands still until the test moves it.
 */
export class World {
  readonly signals = new Signals();
  readonly queuesClosed: { queue: string; code: string }[] = [];
  private time = Date.now();
  private readonly closing: (() => unknown)[] = [];

  readonly stores: StepStores;
  readonly lists: ListReads;
  readonly events: EventStore;
  readonly requests: RequestStore;
  readonly queues: Queues;

  private constructor(
    readonly database: TestDatabase,
    readonly db: DataSource,
  ) {
    this.stores = this.openStores();
    this.lists = new ListReads(db);
    this.events = new EventStore(db);
    this.requests = new RequestStore(db);
    this.queues = this.openQueues({ databaseUrl: database.url });
    this.signals.on('queue.closed', ({ queue, code }) => this.queuesClosed.push({ queue, code }));
  }

  static async open(): Promise<World> {
    const database = await createTestDatabase();
    const db = await createDataSource({ url: database.url, application: 'vodai-test-world' }).initialize();
    return new World(database, db);
  }

  async close(): Promise<void> {
    for (const close of this.closing.splice(0).toReversed()) await close();
    await this.db.destroy();
    await this.database.drop();
  }

  readonly now = () => new Date(this.time);

  private readonly clock: Clock = { now: this.now, chance: () => 0.5 };

  pass(ms: number): void {
    this.time += ms;
  }

  get jobs() {
    return this.stores.jobs;
  }

  get submissions() {
    return this.stores.submissions;
  }

  get circuits() {
    return this.stores.circuits;
  }

  get reads() {
    return this.stores.reads;
  }

  get cases() {
    return this.stores.cases;
  }

  /** Another process's stores: their own batches, the same rows. */
  openStores(more: Partial<StepSettings> = {}): StepStores {
    const { db, signals, clock } = this;
    return openStores({ db, signals, clock, settings: { ...settings, ...more } });
  }

  openQueues(store: ConstructorParameters<typeof Queues>[0]['store'], regions: readonly string[] = [REGION]): Queues {
    const queues = new Queues({
      store,
      installation: 'test',
      regions,
      signals: this.signals,
      onFailure: () => undefined,
    });
    this.closing.push(() => queues.close());
    return queues;
  }

  /**
   * Works the queues in this process, which has so many reads under way already, of jobs that nobody knows. No step is over
   * before the world is closed. Answers what else begins.
   */
  async begin({ queues = this.queues, reads = 0 } = {}): Promise<Begun[]> {
    const begun: Begun[] = [];
    const held = promise();
    this.closing.push(held.keep);
    const hold = (queue: QueueKind) => async (region: string, payload: unknown) => {
      begun.push({ queue, region, payload });
      await held.kept;
    };
    await queues.work(complete({ submit: hold('submit'), collect: hold('collect'), recover: hold('recover') }));
    queues.startHere(
      'collect',
      REGION,
      Array.from({ length: reads }, () => ({ jobIds: [randomUUID()] })),
    );
    begun.length = 0;
    return begun;
  }

  vod(endpoint: string, timeoutMs = 5_000, more: Pick<VodClientOptions, 'jobCallbacks'> = {}): VodClient {
    const credentials = { accessKeyId: accessKey.id, accessKeySecret: accessKey.secret };
    const vod = new VodClient({ endpoint: `${endpoint}/{region}`, timeoutMs, credentials, ...more });
    this.closing.push(() => vod.close());
    return vod;
  }

  submit(vod: VodClient, other: Partial<StepParts> = {}): Submit {
    return this.steps({ vod, ...other }).submit;
  }

  collect(vod: VodClient): Collect {
    return this.steps({ vod }).collect;
  }

  /** Asks VOD what has become of jobs. */
  async read(vodUrl: string, ...jobIds: string[]): Promise<void> {
    await this.collect(this.vod(vodUrl, 1_000)).collect(REGION, { jobIds });
  }

  recover(vod: VodClient, more: Partial<StepSettings> = {}): Recover {
    return this.steps({ vod }, more).recover;
  }

  match(more: Partial<StepSettings> = {}, queues: Queues = this.queues): Match {
    return this.steps({ queues }, more).match;
  }

  dispatch(more: Partial<StepSettings> = {}, queues: Queues = this.queues): Dispatch {
    return this.steps({ queues }, more).dispatch;
  }

  private steps(other: Partial<StepParts> = {}, more: Partial<StepSettings> = {}): Steps {
    const { stores, clock, queues, signals } = this;
    const pacer = new Pacer(stores.pace, signals);
    const vod = other.vod ?? this.vod(NOWHERE);
    return assembleSteps({
      parts: { ...stores, ...clock, queues, pacer, signals, vod, outbound: NOBODY, ...other },
      settings: { ...settings, ...more },
    });
  }

  async accept(
    types: JobType[] = ['AIVideoTag'],
    more: { mediaId?: string; priority?: Priority; region?: string; config?: Record<string, unknown> } = {},
  ): Promise<{ requestId: string; mediaId: string; jobIds: string[] }> {
    const draft = {
      id: uuidv7(),
      client: 'test',
      idempotencyKey: null,
      mediaId: randomUUID().replaceAll('-', ''),
      region: REGION,
      types: types.map((type) => ({ type, jobId: uuidv7() })),
      config: {},
      priority: 'normal' as const,
      labels: {},
      extend: null,
      force: false,
      now: this.now(),
      ...more,
    };
    await this.requests.accept(draft);
    return { requestId: draft.id, mediaId: draft.mediaId, jobIds: draft.types.map(({ jobId }) => jobId) };
  }

  /** A job that VOD has, as if its submission had been accepted. */
  async atVod(
    vodJobId: string,
    type: JobType = 'AIVideoTag',
    more: { mediaId?: string; region?: string } = {},
  ): Promise<{ id: string; mediaId: string }> {
    const { requestId, mediaId, jobIds } = await this.accept([type], more);
    const [id] = jobIds;
    const [claim] = await this.submissions.claim(requestId);
    if (!claim || !id || !(await this.submissions.markSent(claim, 'key')))
      throw new Error('the job could not be claimed');
    await this.jobs.apply(id, { type: 'accepted', attempt: claim.number, vodJobId, vodRequestId: null });
    return { id, mediaId };
  }

  /** An event of VOD as the webhook would store it, or who takes it from the queue. */
  async hear(
    vodJobId: string,
    status: 'success' | 'fail' = 'success',
    eventType = 'AIVideoTagComplete',
    {
      mediaId = null,
      extend = null,
      region = REGION,
      signature = 'valid',
    }: { mediaId?: string | null; extend?: string | null; region?: string; signature?: EventSignature } = {},
  ): Promise<void> {
    const body = Buffer.from(JSON.stringify({ EventType: eventType, JobId: vodJobId, Status: status }));
    await this.events.store({
      id: uuidv7(),
      receivedAt: this.now(),
      region,
      source: signature === 'unneeded' ? 'queue' : 'http',
      signature,
      eventType,
      vodJobId,
      mediaId,
      status,
      eventTime: null,
      extend,
      body,
      bodySize: body.length,
      bodyHash: body.toString('hex'),
      verdict: 'received',
      reason: null,
    });
  }

  async job(id: string | undefined): Promise<JobRow> {
    const job = await this.reads.job(id ?? '');
    if (!job) throw new Error(`no job ${id}`);
    return job;
  }

  async story(id: string | undefined): Promise<string[]> {
    const lines = await this.reads.history(id ?? '');
    return lines.map((line) => line.event);
  }

  async lastLine(id: string | undefined): Promise<HistoryRow> {
    const line = (await this.reads.history(id ?? '')).at(-1);
    if (!line) throw new Error(`no history of ${id}`);
    return line;
  }

  submissionsOf(requestId: string): Promise<Record<string, unknown>[]> {
    return this.db.query(
      `select number, types, nonce, outcome, sent_at as "sentAt", answered_at as "answeredAt",
              vod_request_id as "vodRequestId", code, message
         from submission
        where request_id = $1
        order by number`,
      [requestId],
    );
  }

  /** What waits in BullMQ, in its order. */
  async waiting<T>(queue: 'submit' | 'collect' | 'recover', region = REGION): Promise<T[]> {
    const rows = await this.db.query<{ data: T }[]>(
      `select data from bullmq.job where queue = $1 and state = 'waiting' order by seq`,
      [`${queue}.${region}`],
    );
    return rows.map((row) => row.data);
  }

  /** What FLUSHALL does to Redis. */
  async forgetQueues(): Promise<void> {
    await this.db.query('delete from bullmq.job');
  }

  /** Postgres is away, for this database: connections are cut, and no new ones are taken. */
  async shutOut(): Promise<void> {
    await this.onServer((database) => [
      `alter database ${database} allow_connections false`,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`,
    ]);
  }

  async letIn(): Promise<void> {
    await this.onServer((database) => [`alter database ${database} allow_connections true`]);
  }

  private async onServer(statements: (database: string) => string[]): Promise<void> {
    const url = new URL(this.database.url);
    const database = url.pathname.slice(1);
    url.pathname = '/postgres';
    const server = new Client({ connectionString: url.href });
    await server.connect();
    for (const statement of statements(database)) await server.query(statement);
    await server.end();
  }

  heard<K extends keyof SignalMap>(name: K): SignalMap[K][] {
    const list: SignalMap[K][] = [];
    this.signals.on(name, (payload) => list.push(payload));
    return list;
  }
}
