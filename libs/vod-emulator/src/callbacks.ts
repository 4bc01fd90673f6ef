import http from 'node:http';
import https from 'node:https';
import { type EndState, type Job, printedData, verdictOf } from './jobs';
import { RingBuffer } from './ring-buffer';
import type { Settings } from './settings';
import { signCallback } from './signature';
import { inSeconds } from './times';
import { TYPES } from './types';

export interface CallbackAttempt {
  eventType: string;
  jobId: string;
  region: string;
  attempt: number;
  at: string;
  /** The HTTP status, when there was an answer. */
  status?: number;
  /** Why there was none: `timeout` or the code of the network error. Never an URL. */
  error?: string;
  ms: number;
  /** The fault that made the event, or changed it. */
  fault?: string;
}

/** An event to send. Everything but the job is there only where it is not the truth. */
export interface Telling {
  job: Job;
  jobId?: string;
  status?: EndState;
  signing?: Signing;
  fault?: string;
}

/** What the signature is made of instead. */
interface Signing {
  url?: string;
  key?: string;
  ageMs?: number;
}

export interface CallbackOptions {
  settings: () => Settings;
  clock: () => number;
  keep: number;
  /** VOD waits 5 s for an answer (docs/vod.md, "Retries"). */
  timeoutMs?: number | undefined;
  /** Between two attempts, about a second (docs/vod.md, "Retries"). */
  retryGapMs?: number | undefined;
}

interface Delivery extends Telling {
  body: Buffer;
  attempt: number;
  /** Called after the attempt, and when there will be none. */
  tried: () => void;
}

const ATTEMPTS = 3;
// As many sockets as attempts under way. A receiver that hangs holds each for five seconds; the rest waits in line.
const CONCURRENCY = 48;

/** Tells the receiver that a job is over, by VOD's rules: three attempts, only 200 counts, then the event is gone. */
export class Callbacks {
  readonly journal: RingBuffer<CallbackAttempt>;
  readonly counts = { delivered: 0, dropped: 0 };
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: CONCURRENCY }),
    'https:': new https.Agent({ keepAlive: true, maxSockets: CONCURRENCY }),
  };
  readonly #retries = new Set<NodeJS.Timeout>();
  #line: Delivery[] = [];
  #underWay = 0;
  #stopped = false;

  constructor(private readonly options: CallbackOptions) {
    this.journal = new RingBuffer(options.keep);
  }

  /** Waiting in line, under way, or waiting for the next attempt. */
  get open(): number {
    return this.#line.length + this.#underWay + this.#retries.size;
  }

  /** Every event passes here, on the way to its first attempt. Settles when that is over. */
  async send(telling: Telling): Promise<void> {
    const settings = this.options.settings();
    if (settings.callback.url === undefined) return;
    const body = Buffer.from(JSON.stringify(eventOf(telling, settings, this.options.clock())));
    await new Promise<void>((tried) => this.#enqueue({ ...telling, body, attempt: 1, tried }));
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#retries) clearTimeout(timer);
    this.#retries.clear();
    for (const { tried } of this.#line) tried();
    this.#line = [];
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #enqueue(delivery: Delivery): void {
    if (this.#stopped) return delivery.tried();
    this.#line.push(delivery);
    this.#next();
  }

  #next(): void {
    while (this.#underWay < CONCURRENCY) {
      const delivery = this.#line.shift();
      if (!delivery) return;
      this.#underWay++;
      void this.#attempt(delivery).then(() => {
        this.#underWay--;
        delivery.tried();
        this.#next();
      });
    }
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const startedAt = this.options.clock();
    const started = performance.now();
    const outcome = await this.#post(delivery);
    if (this.#stopped) return;

    const { job, jobId = job.jobId, attempt, fault } = delivery;
    this.journal.push({
      eventType: eventTypeOf(job, this.options.settings().eventNames),
      jobId,
      region: job.region,
      attempt,
      at: new Date(startedAt).toISOString(),
      ...outcome,
      ms: Math.round(performance.now() - started),
      ...(fault !== undefined && { fault }),
    });
    // 201, 204 and redirects are failures (docs/vod.md, "Retries").
    if ('status' in outcome && outcome.status === 200) this.counts.delivered++;
    else if (attempt < ATTEMPTS) this.#retryLater({ ...delivery, attempt: attempt + 1 });
    else this.counts.dropped++;
  }

  #retryLater(delivery: Delivery): void {
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#enqueue(delivery);
    }, this.options.retryGapMs ?? 1000);
    this.#retries.add(timer);
  }

  #post({ job, body, signing }: Delivery): Promise<{ status: number } | { error: string }> {
    const { callback } = this.options.settings();
    if (callback.url === undefined) return Promise.resolve({ error: 'no callback URL' });
    // The signature covers the configured text, not what a URL parser makes of it.
    const url = callback.url.replaceAll('{region}', job.region);
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      ...signatureHeaders({ url, key: callback.key, ageMs: 0, ...signing }, this.options.clock()),
    };
    return new Promise((resolve) => {
      const target = new URL(url);
      const secure = target.protocol === 'https:';
      const agent = this.#agents[secure ? 'https:' : 'http:'];
      const request = (secure ? https : http).request(target, { method: 'POST', headers, agent });
      const timer = setTimeout(() => {
        resolve({ error: 'timeout' });
        request.destroy();
      }, this.options.timeoutMs ?? 5000);
      const settle = (outcome: { status: number } | { error: string }) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      request.on('error', (error: NodeJS.ErrnoException) => settle({ error: error.code ?? error.name }));
      request.on('response', (response) => {
        response.resume();
        response.on('error', (error: NodeJS.ErrnoException) => settle({ error: error.code ?? error.name }));
        response.on('end', () => settle({ status: response.statusCode ?? 0 }));
      });
      request.end(body);
    });
  }
}

function signatureHeaders(
  { url, key, ageMs }: { url: string; key: string | undefined; ageMs: number },
  nowMs: number,
): Record<string, string> {
  if (key === undefined) return {};
  const timestamp = String(Math.floor((nowMs - ageMs) / 1000));
  return { 'X-VOD-TIMESTAMP': timestamp, 'X-VOD-SIGNATURE': signCallback(url, timestamp, key) };
}

function eventTypeOf(job: Job, names: Settings['eventNames']): string {
  return names === 'own' ? `${job.type}Complete` : names;
}

function eventOf(
  { job, jobId = job.jobId, status }: Telling,
  { echoExtend, eventNames }: Settings,
  nowMs: number,
): object {
  // Only an event that is not VOD's speaks of a job before its end.
  const state = status ?? job.end?.state ?? 'success';
  const at = job.end?.at ?? nowMs;
  const common = { EventType: eventTypeOf(job, eventNames), JobId: jobId, MediaId: job.mediaId };
  const ending = { Status: state, ...verdictOf(state) };
  const extend = echoExtend && job.extend !== undefined ? { Extend: job.extend } : {};
  const { time, hasCompleteTime, dataOfFailure } = TYPES[job.type].event;
  const data = state === 'success' ? printedData(job) : dataOfFailure;
  return {
    EventTime: time(at),
    ...common,
    ...(hasCompleteTime && { CompleteTime: inSeconds(at) }),
    ...ending,
    ...(data !== undefined && { Data: data }),
    ...extend,
  };
}
