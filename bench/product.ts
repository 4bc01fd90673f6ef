import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unlimited } from '@app/vod-emulator';
import { freePort } from '../apps/local/src/embedded-postgres';
import { apiSecret, getJson, sendJson } from './http';
import { until } from './until';

/** This version of the product, as it is built. */
export const HERE = join(__dirname, '../..');

const processNames = ['api', 'worker', 'webhook', 'emulator'] as const;
export type ProcessName = (typeof processNames)[number];

/** Above anything that this machine can do, so that no limit of ours is what is measured. The most that they accept. */
const NO_LIMIT = '10000';

/** What VOD signs its events with. */
export const callbackKey = 'BenchCallbackKey1';

interface Running {
  name: ProcessName;
  child: ChildProcess;
  port: number;
  log: string;
}

/** What VOD answered, by operation. */
export type VodCalls = Record<string, { ok: number; throttled: number; refused: number }>;

/** api, worker, webhook and emulator as processes of their own, as they run in production. */
export class Product {
  /** By its name, which for the first of its kind is that of its kind: worker, worker 2, worker 3. */
  private readonly running = new Map<string, Running>();
  private readonly kinds: readonly ProcessName[];
  private readonly ports = { api: 0, worker: 0, webhook: 0, emulator: 0 };
  private env: NodeJS.ProcessEnv = {};
  /** What is started from now on is of this checkout. */
  build: string;

  constructor(private readonly options: ProductOptions) {
    this.kinds = options.processes ?? processNames;
    this.build = options.build ?? HERE;
  }

  get apiUrl(): string {
    return this.url('api');
  }

  get webhookUrl(): string {
    return this.url('webhook');
  }

  get vodUrl(): string {
    return this.url('emulator');
  }

  pid(name: ProcessName): number {
    return this.of(name).child.pid ?? 0;
  }

  /** Of all processes, of those that have ended too. */
  names(): string[] {
    return [...this.running.keys()];
  }

  /** Of all processes that run, by their names. */
  pids(): Record<string, number> {
    const alive = [...this.running].filter(([, { child }]) => !hasEnded(child));
    return Object.fromEntries(alive.map(([name, { child }]) => [name, child.pid ?? 0]));
  }

  async vodCalls(): Promise<VodCalls> {
    const { calls } = await getJson<{ calls: VodCalls }>(`${this.url('emulator')}/_emulator/ledger?limit=1`);
    return calls;
  }

  async stop(): Promise<void> {
    // Those that send stop before those that answer.
    for (const name of ['api', 'worker', 'emulator', 'webhook'] as const) await this.stopOne(name);
  }

  /** All of a kind, or the one of this name. */
  async stopOne(kind: ProcessName, only?: string): Promise<void> {
    const named = [...this.running].filter(([name]) => only === undefined || name === only).map(([, each]) => each);
    const alive = named.filter((each) => each.name === kind && !hasEnded(each.child));
    await Promise.all(
      alive.map(async ({ child }) => {
        const exit = once(child, 'exit');
        child.kill('SIGTERM');
        await exit;
      }),
    );
  }

  /** One more of a kind that runs already, under a name of its own. */
  async startAnother(kind: ProcessName, name: string): Promise<void> {
    this.startOne(kind, await freePort(), name);
    await this.untilReady(name);
  }

  async restart(name: ProcessName): Promise<void> {
    const { port } = this.of(name);
    await this.stopOne(name);
    this.startOne(name, port);
    await this.untilReady(name);
  }

  private async prepare(): Promise<void> {
    const { databaseUrl, redisUrl } = this.options;
    for (const name of processNames) this.ports[name] ||= await freePort();
    const { ports } = this;
    this.env = {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }),
      API_PORT: String(ports.api),
      WORKER_PORT: String(ports.worker),
      WEBHOOK_PORT: String(ports.webhook),
      EMULATOR_PORT: String(ports.emulator),
      API_KEYS: `bench:operator:${apiSecret}`,
      VOD_ENDPOINT: `http://127.0.0.1:${ports.emulator}/{region}`,
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAIbench',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'bench-access-key-secret',
      VOD_CALLBACK_URL: `http://127.0.0.1:${ports.webhook}/vod/events`,
      VOD_CALLBACK_KEYS: callbackKey,
      SUBMIT_QPS: NO_LIMIT,
      COLLECT_QPS: NO_LIMIT,
      ...this.options.env,
    };
  }

  async start(): Promise<void> {
    await this.migrate();
    const { ports } = this;
    // VOD is what it shall be before anybody calls it: a backlog would be sent to another one at once.
    for (const name of this.kinds.toSorted(emulatorFirst)) {
      this.startOne(name, ports[name]);
      if (name === 'emulator') await this.setUpVod();
    }
    for (let nth = 2; nth <= (this.options.workers ?? 1); nth += 1) {
      this.startOne('worker', await freePort(), `worker ${nth}`);
    }
    await Promise.all([...this.running.keys()].map((name) => this.untilReady(name)));
  }

  /** By default a job is over as soon as it is taken, and nothing is throttled: what is left is what we cost. */
  private async setUpVod(): Promise<void> {
    await this.untilReady('emulator');
    const { jobTimeMs = { min: 0, max: 0 }, qps } = this.options.vod ?? {};
    const settings = { jobTimeMs, qps: { ...unlimited, ...qps } };
    await sendJson('PUT', `${this.url('emulator')}/_emulator/settings`, settings);
  }

  async migrate(): Promise<void> {
    await this.prepare();
    const child = spawn(process.execPath, [this.main('migrate')], { env: this.env, stdio: 'pipe' });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0) throw new Error(`npm run migrate ended with ${code}: ${output}`);
  }

  private startOne(kind: ProcessName, port: number, name: string = kind): void {
    const { folder, profile } = this.options;
    const log = join(folder, `${name}.log`);
    // The default level, into a file: what logging costs belongs to the product.
    const file = openSync(log, 'w');
    const flags =
      profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name}.cpuprofile`];
    const child = spawn(process.execPath, [...flags, this.main(kind)], {
      env: { ...this.env, [`${kind.toUpperCase()}_PORT`]: String(port) },
      stdio: ['ignore', file, file],
    });
    closeSync(file);
    this.running.set(name, { name: kind, child, port, log });
  }

  private main(kind: ProcessName | 'migrate'): string {
    return join(this.build, `dist/apps/${kind}/src/main.js`);
  }

  private async untilReady(name: string): Promise<void> {
    await until(`${name} is ready`, () => {
      const { child, log } = this.of(name);
      if (hasEnded(child)) throw new Error(`${name} ended while it started:\n${tail(log)}`);
      return getJson(`${this.url(name)}/readyz`).then(
        () => true,
        () => false,
      );
    });
  }

  /** The last lines that a process wrote: for whoever has to find out why a run failed. */
  logTail(name: string): string {
    const running = this.running.get(name);
    return running ? tail(running.log) : 'never started';
  }

  private url(name: string): string {
    return `http://127.0.0.1:${this.of(name).port}`;
  }

  private of(name: string): Running {
    const running = this.running.get(name);
    if (!running) throw new Error(`${name} is not running`);
    return running;
  }
}

interface Vod {
  jobTimeMs?: { min: number; max: number };
  /** Calls a second that are admitted, counted in sliding seconds; of what is not named any number. */
  qps?: Partial<typeof unlimited>;
}

export interface ProductOptions {
  /** By default all of them. */
  processes?: readonly ProcessName[];
  /** The folder of the built checkout that is started; by default this one. */
  build?: string;
  /** By default one. */
  workers?: number;
  /** Variables that are set in place of the bench's own. */
  env?: Readonly<Record<string, string>>;
  /** How VOD is played. By default a job is over at once and nothing is throttled. */
  vod?: Vod;
  databaseUrl: string;
  /** Null: BullMQ on Postgres. */
  redisUrl: string | null;
  /** For the logs. */
  folder: string;
  /** Where each process leaves a V8 CPU profile when it stops. */
  profile: string | undefined;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-20).join('\n');
}

function emulatorFirst(one: ProcessName, other: ProcessName): number {
  return Number(other === 'emulator') - Number(one === 'emulator');
}
