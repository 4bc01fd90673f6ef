import { Writable } from 'node:stream';
import { startApi } from '../../apps/api/src';
import { freePort } from '../../apps/local/src/embedded-postgres';
import { startWebhook } from '../../apps/webhook/src';
import { startWorker } from '../../apps/worker/src';
import { loadConfig } from '@app/config';
import { createLogger, type Server } from '@app/observability';
import type { Process } from '@app/persistence';
import { createTestDatabase, eventually, testRedisUrl, type TestDatabase } from '@app/testing';
import { Emulator, type EmulatorOptions } from '@app/vod-emulator';
import { Client } from 'pg';
import { audit } from './auditor';

export type QueueStoreName = 'redis' | 'postgres';

export interface StackOptions {
  queue?: QueueStoreName;
  /** The contract's variables, over those that the stack sets. */
  env?: Record<string, string>;
  emulator?: Partial<EmulatorOptions>;
  workers?: number;
  webhooks?: number;
  /** What happens to the database before anybody uses it; answers by which URL a process does, if not with a login of its own. */
  prepare?: (database: TestDatabase) => Promise<Partial<Record<Process, string>>>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // Tests read answers as a client would: without a schema.
  body: any;
}

export const keys = {
  viewer: 'viewer-secret-canary',
  operator: 'operator-secret-canary',
  admin: 'admin-secret-canary',
  accessKeyId: 'LTAIstackcanary',
  accessKeySecret: 'access-key-secret-canary',
  callback: 'CallbackKeyCanary1',
};

/** The whole product in this process, over real HTTP, on a database and a queue of its own, against the emulator. */
export class Stack {
  readonly logLines: string[] = [];
  private readonly stops: (() => Promise<unknown>)[] = [];
  private sql!: Client;
  private databaseUrls: Partial<Record<Process, string>> = {};
  database!: TestDatabase;
  emulator!: Emulator;
  emulatorUrl!: string;
  callbackUrl!: string;
  env!: Record<string, string>;
  api!: Server;
  workers: Server[] = [];
  webhooks: Server[] = [];

  static async start(options: StackOptions = {}): Promise<Stack> {
    const stack = new Stack();
    try {
      await stack.startAll(options);
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  private async startAll({
    queue = 'postgres',
    env = {},
    emulator = {},
    workers = 1,
    webhooks = 1,
    prepare = async () => ({}),
  }: StackOptions): Promise<void> {
    this.database = await createTestDatabase();
    this.stops.push(() => this.database.drop());
    this.databaseUrls = await prepare(this.database);
    this.sql = new Client({ connectionString: this.database.url });
    await this.sql.connect();
    this.stops.push(() => this.sql.end());

    const webhookPort = await freePort();
    this.callbackUrl = env['VOD_CALLBACK_URL'] ?? `http://127.0.0.1:${webhookPort}/vod/events`;
    this.emulator = new Emulator({
      accessKeys: [{ id: keys.accessKeyId, secret: keys.accessKeySecret }],
      callback: { url: this.callbackUrl, key: keys.callback },
      jobTimeMs: { min: 50, max: 150 },
      ...emulator,
    });
    const { url } = await this.emulator.listen({ host: '127.0.0.1', port: 0 });
    this.emulatorUrl = url;
    this.stops.push(() => this.emulator.close());

    this.env = {
      DATABASE_URL: this.database.url,
      ...(queue === 'redis' ? { REDIS_URL: redisUrl() } : {}),
      API_KEYS: `vera:viewer:${keys.viewer},otto:operator:${keys.operator},ada:admin:${keys.admin}`,
      API_PORT: '0',
      WORKER_PORT: '0',
      WEBHOOK_PORT: String(webhookPort),
      VOD_ENDPOINT: `${url}/{region}`,
      ALIBABA_CLOUD_ACCESS_KEY_ID: keys.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: keys.accessKeySecret,
      VOD_CALLBACK_URL: this.callbackUrl,
      VOD_CALLBACK_KEYS: keys.callback,
      LOG_LEVEL: 'debug',
      ...env,
    };
    for (let i = 0; i < webhooks; i += 1) {
      // VOD knows one URL; further receivers stand behind a balancer in real life and get their events from the test.
      await this.startWebhook(i === 0 ? {} : { WEBHOOK_PORT: '0' });
    }
    for (let i = 0; i < workers; i += 1) await this.startWorker();
    this.api = await this.startApi();
  }

  async startApi(env: Record<string, string> = {}, options: Parameters<typeof startApi>[2] = {}): Promise<Server> {
    const api = await startApi(loadConfig({ ...this.envOf('api'), ...env }, 'api'), this.logger('api'), options);
    this.stops.push(() => api.close());
    return api;
  }

  async startWorker(env: Record<string, string> = {}): Promise<Server> {
    const worker = await startWorker(loadConfig({ ...this.envOf('worker'), ...env }, 'worker'), this.logger('worker'));
    this.workers.push(worker);
    this.stops.push(() => this.stopWorker(worker));
    return worker;
  }

  private envOf(process: Process): Record<string, string> {
    return { ...this.env, DATABASE_URL: this.databaseUrls[process] ?? this.database.urlOf(process) };
  }

  /** Stops a worker, once: before the stack or with it. */
  async stopWorker(worker: Server): Promise<void> {
    const at = this.workers.indexOf(worker);
    if (at < 0) return;
    this.workers.splice(at, 1);
    await worker.close();
  }

  async startWebhook(env: Record<string, string> = {}): Promise<Server> {
    const webhook = await startWebhook(
      loadConfig({ ...this.envOf('webhook'), ...env }, 'webhook'),
      this.logger('webhook'),
    );
    this.webhooks.push(webhook);
    this.stops.push(() => webhook.close());
    return webhook;
  }

  async stop(): Promise<void> {
    for (const stop of this.stops.splice(0).toReversed()) await stop();
  }

  async call(
    method: string,
    path: string,
    options: { body?: unknown; key?: string | null; headers?: Record<string, string>; api?: Server } = {},
  ): Promise<Answer> {
    const { body, key = keys.operator, headers = {}, api = this.api } = options;
    const response = await fetch(`${api.url}${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  get(path: string, key: string = keys.viewer): Promise<Answer> {
    return this.call('GET', path, { key });
  }

  /** Enqueues a media and answers the request. Fails unless it was accepted. */
  async enqueue(mediaId: string, types: string[] = ['AIVideoTag'], more: Record<string, unknown> = {}): Promise<any> {
    const { status, body } = await this.call('POST', '/v1/jobs', { body: { mediaId, types, ...more } });
    if (status !== 202) throw new Error(`expected 202, got ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** Waits until the job is in one of `states`, and answers it. */
  untilJob(id: string, ...states: string[]): Promise<any> {
    return eventually(`job ${id} is ${states.join(' or ')}`, async () => {
      const { body } = await this.get(`/v1/jobs/${id}`);
      return states.includes(body.state) ? body : null;
    });
  }

  /** All pages of it. Many events in a row that changed nothing are one line. */
  async history(id: string): Promise<any[]> {
    const items: any[] = [];
    for (let cursor = ''; ;) {
      const { body } = await this.get(`/v1/jobs/${id}/history?limit=200${cursor}`);
      items.push(...body.items);
      if (body.nextCursor === null) return items;
      cursor = `&cursor=${body.nextCursor}`;
    }
  }

  async query<T extends object = any>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return (await this.sql.query<T>(sql, parameters)).rows;
  }

  /**
   * What the auditor finds broken. `mayBeOpen`: the test ends before its jobs do. What VOD has just billed is then on its way
   * to us, so what is found has to last.
   */
  async broken({ mayBeOpen = false } = {}): Promise<string[]> {
    const look = async () => {
      await this.sql.query('begin isolation level repeatable read read only'); // one snapshot of all tables
      try {
        const { broken } = await audit(this.sql, this.emulatorUrl);
        return broken.filter((sentence) => !(mayBeOpen && sentence.startsWith('I1:')));
      } finally {
        await this.sql.query('commit');
      }
    };
    if (!mayBeOpen) return look();
    let found: string[] = [];
    await eventually('nothing is broken', async () => (found = await look()).length === 0, 5_000).catch(
      () => undefined,
    );
    return found;
  }

  private logger(process: Process) {
    const destination = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.logLines.push(chunk.toString());
        done();
      },
    });
    return createLogger({ level: 'debug', format: 'json', process, destination });
  }
}

function redisUrl(): string {
  const url = testRedisUrl();
  if (!url) throw new Error('this stack needs Redis: use describeWithRedis');
  return url;
}
