import { setTimeout as pause } from 'node:timers/promises';
import { createTestDatabase, eventually, testRedisUrl, type TestDatabase } from '@app/testing';
import { type Chance, Emulator, type EmulatorOptions, seededChance, unlimited } from '@app/vod-emulator';
import { Client } from 'pg';
import { RealProcess } from '../../support/processes';
import { keys } from '../../support/stack';
import { audit, type Audit } from '../../support/auditor';
import { Balancer } from './balancer';

export type Kind = 'api' | 'worker' | 'webhook';

export interface CityOptions {
  seed: number;
  workers?: number;
  webhooks?: number;
  apis?: number;
  queue?: 'redis' | 'postgres';
  /** A Redis of the test's own; by default a database on the one that all tests share. */
  redisUrl?: string;
  /** The contract's variables, over those that the city sets. */
  env?: Record<string, string>;
  emulator?: Partial<EmulatorOptions>;
}

/** Short enough for a test, and in the proportions of the defaults: a lease outlives a call, the grace all of the looks. */
const TIMES = {
  VOD_TIMEOUT: '2s',
  LEASE: '5s',
  POLL_FIRST: '1s',
  POLL_MAX: '5s',
  RECOVER_AFTER: '300ms,1s,3s',
  RECOVER_GRACE: '8s',
  SUBMIT_QPS: '1000',
  COLLECT_QPS: '1000',
};

/** Characters of what a process said that are kept when it is gone, and how many such processes. */
const KEEP_OUTPUT = 20_000;
const KEEP_ENDED = 12;

/** A client's patience with one call: a process that was killed may leave it hanging behind the balancer. */
const CALL_MS = 10_000;

/** One place for a process: what runs in it is killed and started again, the place stays. */
interface Place {
  kind: Kind;
  env: Record<string, string>;
  process: RealProcess | null;
  url: string | null;
}

interface Waiting {
  patienceMs?: number;
  /** Done with every look. */
  along?: () => Promise<unknown>;
}

/** Every string that no table and no log may hold. */
const secrets: readonly string[] = Object.values(keys).filter((text) => /canary/i.test(text));

/** The product as it runs in production: real processes behind balancers, on a database and a queue of their own. */
export class City {
  readonly chance: Chance;
  /** Ids of all jobs that a client was promised. */
  readonly accepted = new Set<string>();
  readonly kills: Record<Kind, number> = { api: 0, worker: 0, webhook: 0 };
  readonly database!: TestDatabase;
  readonly emulator!: Emulator;
  readonly emulatorUrl!: string;
  readonly front!: Balancer;
  readonly doorbell!: Balancer;
  private readonly env!: Record<string, string>;
  private readonly places: Place[] = [];
  private readonly ended: string[] = [];
  private readonly stops: (() => Promise<unknown>)[] = [];
  private sql!: Client;
  private leaked = false;
  private stopping = false;

  private constructor(readonly seed: number) {
    this.chance = seededChance(seed);
  }

  static async start(options: CityOptions): Promise<City> {
    const city = new City(options.seed);
    try {
      await city.build(options);
      return city;
    } catch (error) {
      process.stdout.write(city.said());
      await city.stop();
      throw error;
    }
  }

  /** Builds a city for `work` and takes it down again, whatever happens; what its processes said is shown on a failure. */
  static async run<T>(options: CityOptions, work: (city: City) => Promise<T>): Promise<T> {
    const city = await City.start(options);
    try {
      return await work(city);
    } catch (error) {
      process.stdout.write(`\nFAULTS_SEED=${city.seed}${city.said()}\n`);
      throw error;
    } finally {
      await city.stop();
    }
  }

  private async build(options: CityOptions): Promise<void> {
    const { queue = 'redis', workers = 2, webhooks = 2, apis = 2, env = {}, emulator = {}, seed } = options;
    const database = await createTestDatabase();
    this.stops.push(() => database.drop());
    this.sql = new Client({ connectionString: database.url });
    // Tests end the connections of everybody; this one only has to be there again for the next question.
    this.sql.on('error', () => {});
    await this.sql.connect();
    this.stops.push(() => this.sql.end().catch(() => {}));

    const [front, doorbell] = [await Balancer.start(), await Balancer.start()];
    this.stops.push(
      () => front.close(),
      () => doorbell.close(),
    );
    const callbackUrl = `${doorbell.url}/vod/events`;
    const vod = new Emulator({
      accessKeys: [{ id: keys.accessKeyId, secret: keys.accessKeySecret }],
      callback: { url: callbackUrl, key: keys.callback },
      jobTimeMs: { min: 50, max: 500 },
      qps: unlimited,
      seed,
      faultSeed: seed,
      ...emulator,
    });
    const { url: emulatorUrl } = await vod.listen({ host: '127.0.0.1', port: 0 });
    this.stops.push(() => vod.close());

    const redisUrl = queue === 'redis' ? (options.redisUrl ?? testRedisUrl()) : null;
    if (queue === 'redis' && !redisUrl) throw new Error('this city needs Redis: use describeWithRedis');
    const allEnv = {
      ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
      API_KEYS: `vera:viewer:${keys.viewer},otto:operator:${keys.operator},ada:admin:${keys.admin}`,
      API_PORT: '0',
      WORKER_PORT: '0',
      WEBHOOK_PORT: '0',
      VOD_ENDPOINT: `${emulatorUrl}/{region}`,
      ALIBABA_CLOUD_ACCESS_KEY_ID: keys.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: keys.accessKeySecret,
      VOD_CALLBACK_URL: callbackUrl,
      VOD_CALLBACK_KEYS: keys.callback,
      ...TIMES,
      ...env,
    };
    Object.assign(this, { database, front, doorbell, emulator: vod, emulatorUrl, env: allEnv });
    this.stops.push(() => this.endAll());
    const kinds: Kind[] = [
      ...Array.from({ length: apis }, () => 'api' as const),
      ...Array.from({ length: webhooks }, () => 'webhook' as const),
      ...Array.from({ length: workers }, () => 'worker' as const),
    ];
    await Promise.all(kinds.map((kind) => this.add(kind)));
  }

  /** One more process; answers its place. */
  async add(kind: Kind, env: Record<string, string> = {}): Promise<number> {
    const place: Place = { kind, env, process: null, url: null };
    this.places.push(place);
    await this.startIn(place);
    return this.placesOf(kind).indexOf(place);
  }

  /** Whether the process of a place runs: one with a failpoint ends by itself. */
  isRunning(kind: Kind, at = 0): boolean {
    return this.place(kind, at).process?.isRunning ?? false;
  }

  /** kill -9: without a word. */
  async kill(kind: Kind, at = 0): Promise<void> {
    this.kills[kind] += 1;
    await this.empty(this.place(kind, at), 'SIGKILL');
  }

  /** Out of rotation, then asked to end, as a deploy does. Answers its exit code. */
  async stopOne(kind: Kind, at = 0): Promise<number | null> {
    return this.empty(this.place(kind, at), 'SIGTERM');
  }

  async startOne(kind: Kind, at = 0, env?: Record<string, string>): Promise<void> {
    const place = this.place(kind, at);
    if (place.process) await this.empty(place, 'SIGKILL');
    if (env) place.env = env;
    await this.startIn(place);
  }

  /** To stop it as if it had frozen, or to let it go on. */
  signal(kind: Kind, at: number, signal: NodeJS.Signals): void {
    this.place(kind, at).process?.signal(signal);
  }

  /** The gap before the next fault or the next call. Nothing is expected to have happened by then. */
  pace(minMs: number, maxMs = minMs): Promise<void> {
    return pause(minMs + this.chance() * (maxMs - minMs));
  }

  /** A client that does not give up: it repeats with the same key until it knows, and goes on with an answer in hand. */
  async enqueue(
    mediaId: string,
    types: string[] = ['AIVideoTag'],
    more: Record<string, unknown> = {},
  ): Promise<string[]> {
    const { jobs } = await eventually(`the client of ${mediaId} has its answer`, async () => {
      const answer = await this.call('POST', '/v1/jobs', { mediaId, types, ...more }, `key-${mediaId}`);
      if (answer !== null && answer.status < 500 && answer.status !== 200 && answer.status !== 202) {
        throw new Error(`expected 200 or 202, got ${answer.status}: ${answer.text}`);
      }
      return answer !== null && answer.status < 300 ? (JSON.parse(answer.text) as { jobs: { id: string }[] }) : null;
    });
    const ids = jobs.map((job) => job.id);
    for (const id of ids) this.accepted.add(id);
    return ids;
  }

  /** One call through the balancer. Null when its answer was lost. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    idempotencyKey?: string,
  ): Promise<{ status: number; text: string } | null> {
    try {
      const response = await fetch(`${this.front.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${keys.operator}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(CALL_MS),
      });
      return { status: response.status, text: await response.text() };
    } catch {
      return null;
    }
  }

  async query<T extends object = any>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return (await this.sql.query<T>(sql, parameters)).rows;
  }

  /** Resolves when every job is over or waits for a person, and no event is on its way. */
  async untilOver({ patienceMs = 120_000, along = async () => {} }: Waiting = {}): Promise<void> {
    let seen: unknown;
    const isOver = async () => {
      await along();
      const open = await this.query<{ state: string; jobs: number }>(
        'select state, count(*)::int as jobs from job where due_at is not null group by state order by state',
      );
      const arriving = this.emulator.overview().callbacks.open;
      seen = { open, arriving };
      return open.length === 0 && arriving === 0;
    };
    try {
      await eventually('every job is over or held', isOver, patienceMs);
    } catch (error) {
      throw new Error(`still open: ${JSON.stringify(seen)}`, { cause: error });
    }
  }

  /** The auditor's word, with everything that the city knows of what was promised and said. */
  async audit(): Promise<Audit> {
    const texts = this.leaked ? secrets : [];
    const running = this.places.flatMap((place) => place.process?.output ?? []);
    return audit(this.sql, this.emulatorUrl, {
      accepted: this.accepted,
      canaries: secrets,
      texts: [...texts, ...running, ...this.ended],
    });
  }

  /** How often each fault of VOD has struck, and each kind of process was killed. */
  faults(): Record<string, number> {
    const kills = Object.entries(this.kills).filter(([, times]) => times > 0);
    return {
      ...Object.fromEntries(kills.map(([kind, times]) => [`kill ${kind}`, times])),
      ...this.emulator.faults(1).faults,
    };
  }

  /** The end of what each process said, those that are gone first. */
  said(): string {
    const running = this.places.flatMap(({ kind, process }) => (process ? tail(kind, process) : []));
    return [...this.ended, ...running].join('\n');
  }

  async stop(): Promise<void> {
    this.stopping = true;
    for (const stop of this.stops.splice(0).toReversed()) await stop();
  }

  private place(kind: Kind, at: number): Place {
    const place = this.placesOf(kind)[at];
    if (!place) throw new Error(`there is no ${kind} ${at}`);
    return place;
  }

  private placesOf(kind: Kind): Place[] {
    return this.places.filter((place) => place.kind === kind);
  }

  private async startIn(place: Place): Promise<void> {
    if (this.stopping) return;
    const started = await RealProcess.start(place.kind, {
      ...this.env,
      DATABASE_URL: this.database.urlOf(place.kind), // each with a login of its own role
      ...place.env,
    });
    place.process = started;
    try {
      place.url = await started.url();
    } catch (error) {
      // A failpoint may have ended it before it had said where it listens: its place is empty again, and that is all.
      if (place.env['FAILPOINTS'] && !started.isRunning) return;
      throw error;
    }
    this.balancerOf(place.kind)?.add(place.url);
  }

  private async empty(place: Place, signal: NodeJS.Signals): Promise<number | null> {
    const { process: leaving, url } = place;
    if (!leaving) return null;
    // Nobody tells a balancer about a kill before it happens: it finds the connection refused.
    if (url !== null && signal !== 'SIGKILL') this.balancerOf(place.kind)?.remove(url);
    const { code } = await leaving.stop(signal);
    if (url !== null) this.balancerOf(place.kind)?.remove(url);
    place.process = null;
    place.url = null;
    if (secrets.some((secret) => leaving.output.includes(secret))) this.leaked = true;
    this.ended.push(tail(place.kind, leaving));
    if (this.ended.length > KEEP_ENDED) this.ended.shift();
    return code;
  }

  private balancerOf(kind: Kind): Balancer | null {
    if (kind === 'worker') return null;
    return kind === 'api' ? this.front : this.doorbell;
  }

  private async endAll(): Promise<void> {
    await Promise.all(this.places.map((place) => this.empty(place, 'SIGKILL')));
  }
}

function tail(kind: Kind, { pid, output }: RealProcess): string {
  return `\n--- ${kind} ${pid}\n${output.slice(-KEEP_OUTPUT)}`;
}
