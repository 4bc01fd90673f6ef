import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unlimited } from '@app/vod-emulator';
import { freePort } from '../apps/local/src/embedded-postgres';
import { apiSecret, getJson, sendJson } from './http';
import { until } from './until';

const DIST = join(__dirname, '..');

export const processNames = ['api', 'worker', 'webhook', 'emulator'] as const;
export type ProcessName = (typeof processNames)[number];

/** Above anything that this machine can do, so that no limit of ours is what is measured. The most that they accept. */
const NO_LIMIT = '10000';

interface Running {
  child: ChildProcess;
  port: number;
  log: string;
}

/** api, worker, webhook and emulator as processes of their own, as they run in production. */
export class Product {
  private readonly running = new Map<ProcessName, Running>();
  private readonly names: readonly ProcessName[];
  private env: NodeJS.ProcessEnv = {};

  constructor(private readonly options: ProductOptions) {
    this.names = options.processes ?? processNames;
  }

  get apiUrl(): string {
    return this.url('api');
  }

  pid(name: ProcessName): number {
    return this.of(name).child.pid ?? 0;
  }

  /** Calls that VOD was sent, by operation; throttled and refused ones included. */
  async vodCalls(): Promise<Record<string, number>> {
    const { calls } = await getJson<{ calls: Record<string, Record<string, number>> }>(
      `${this.url('emulator')}/_emulator/ledger?limit=1`,
    );
    const sums = Object.entries(calls).map(([operation, counts]) => [operation, sum(Object.values(counts))] as const);
    return Object.fromEntries(sums);
  }

  async stop(): Promise<void> {
    // Those that send stop before those that answer.
    for (const name of ['api', 'worker', 'emulator', 'webhook'] as const) await this.stopOne(name);
  }

  async stopOne(name: ProcessName): Promise<void> {
    const running = this.running.get(name);
    if (!running || hasEnded(running.child)) return;
    const exit = once(running.child, 'exit');
    running.child.kill('SIGTERM');
    await exit;
  }

  async restart(name: ProcessName): Promise<void> {
    const { port } = this.of(name);
    await this.stopOne(name);
    this.startOne(name, port);
    await this.untilReady(name);
  }

  async start(): Promise<void> {
    const { databaseUrl, redisUrl } = this.options;
    const ports = { api: 0, worker: 0, webhook: 0, emulator: 0 };
    for (const name of processNames) ports[name] = await freePort();
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
      VOD_CALLBACK_KEYS: 'BenchCallbackKey1',
      SUBMIT_QPS: NO_LIMIT,
      COLLECT_QPS: NO_LIMIT,
    };
    await this.migrate();
    for (const name of this.names) this.startOne(name, ports[name]);
    await Promise.all(this.names.map((name) => this.untilReady(name)));
    if (!this.names.includes('emulator')) return;
    // A job is over as soon as it is taken, and nothing is throttled: what is left is what we cost.
    await sendJson('PUT', `${this.url('emulator')}/_emulator/settings`, {
      jobTimeMs: { min: 0, max: 0 },
      qps: unlimited,
    });
  }

  private async migrate(): Promise<void> {
    const child = spawn(process.execPath, [join(DIST, 'apps/migrate/src/main.js')], { env: this.env, stdio: 'pipe' });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0) throw new Error(`npm run migrate ended with ${code}: ${output}`);
  }

  private startOne(name: ProcessName, port: number): void {
    const { folder, profile } = this.options;
    const log = join(folder, `${name}.log`);
    // The default level, into a file: what logging costs belongs to the product.
    const file = openSync(log, 'w');
    const flags =
      profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name}.cpuprofile`];
    const child = spawn(process.execPath, [...flags, join(DIST, `apps/${name}/src/main.js`)], {
      env: this.env,
      stdio: ['ignore', file, file],
    });
    closeSync(file);
    this.running.set(name, { child, port, log });
  }

  private async untilReady(name: ProcessName): Promise<void> {
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
  logTail(name: ProcessName): string {
    const running = this.running.get(name);
    return running ? tail(running.log) : 'never started';
  }

  private url(name: ProcessName): string {
    return `http://127.0.0.1:${this.of(name).port}`;
  }

  private of(name: ProcessName): Running {
    const running = this.running.get(name);
    if (!running) throw new Error(`${name} is not running`);
    return running;
  }
}

export interface ProductOptions {
  /** By default all of them. */
  processes?: readonly ProcessName[];
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

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
