import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { signCallback } from '@app/vod/callback';
import { Bench, type Part } from './bench';
import { ROUTES, type RoutesOrder } from './intake-routes';
import type { StoreKind } from './meter';
import { callbackKey } from './product';
import { fillWaiting } from './queued';
import { median, shown } from './report';
import { only as onlyRow } from './rows';
import { say } from './say';
import { until } from './until';

export interface IntakeOptions {
  quick: boolean;
  only: StoreKind | undefined;
  profile: string | undefined;
}

const CONNECTIONS = 32;
const ROUNDS = 3;

interface Plan {
  warmUp: number;
  perRound: number;
  /** Events that are stored before there is a worker. */
  stored: number;
}

/** Events a second, of each round. */
type Rates = Record<'empty' | 'insert' | 'ours', number[]>;

/** What the product used for an event, in ms of CPU; null where the system does not tell. */
interface Cost {
  webhook: number;
  postgres: number;
}

/** How many events a second the webhook takes, beside routes written by hand, and how soon a heap of stored ones is matched. */
export async function benchIntake({ quick, only, profile }: IntakeOptions): Promise<void> {
  const plan = quick ? { warmUp: 50, perRound: 100, stored: 200 } : { warmUp: 3_000, perRound: 4_000, stored: 10_000 };
  const jobs = plan.warmUp + ROUNDS * plan.perRound + plan.stored;
  await Bench.run(async (bench) => {
    const kind = bench.kind(only);
    const options = {
      kind,
      profile,
      database: 'bench_intake',
      fill: (sql: Part['sql']) => fillWaiting(sql, { jobs, state: 'processing', priority: 'normal' }),
      env: { COLLECT_QPS: '20' },
    };
    await bench.with(options, async (part) => {
      await part.product.stopOne('worker');
      const events = new Events(`${part.product.webhookUrl}/vod/events`);
      const { rates, cost } = await inTurn(part, events, plan);
      const matching = await matchStored(part, events, plan);
      bench.print({
        quick,
        said: [
          `${CONNECTIONS} connections, ${ROUNDS} rounds of ${plan.perRound} events each, in turn; medians. Every event is the first of a job that VOD has.`,
          `Then ${plan.stored} events are stored while no worker runs, and one is started. BullMQ on ${kind}.`,
        ],
        tables: [table(rates), costs(cost), matched(matching, plan)],
      });
    });
  });
}

async function inTurn(
  { stores, product, meter }: Part,
  events: Events,
  { warmUp, perRound }: Plan,
): Promise<{ rates: Rates; cost: Cost | null }> {
  const { url: databaseUrl } = await stores.createDatabase('bench_by_hand');
  const routes = fork(join(__dirname, 'intake-routes.js'));
  try {
    const order: RoutesOrder = { databaseUrl, callbackUrl: events.url, callbackKey };
    routes.send(order);
    const [address] = (await once(routes, 'message')) as [string];
    const targets = {
      empty: `${address}${ROUTES.empty}`,
      insert: `${address}${ROUTES.insert}`,
      ours: `${product.webhookUrl}/vod/events`,
    };
    const names = ['empty', 'insert', 'ours'] as const;
    for (const name of names) await postAll(targets[name], events.next(warmUp, name));
    const rates: Rates = { empty: [], insert: [], ours: [] };
    const cost = { webhook: 0, postgres: 0 };
    const add = (before: Cpu, after: Cpu) => {
      for (const name of ['webhook', 'postgres'] as const) {
        cost[name] += (1000 * ((after?.[name] ?? NaN) - (before?.[name] ?? NaN))) / (ROUNDS * perRound);
      }
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (let i = 0; i < names.length; i += 1) {
        const name = names[(round + i) % names.length] ?? 'ours';
        say(`round ${round + 1}: ${name}`);
        const before = meter.cpu();
        rates[name].push(perRound / (await postAll(targets[name], events.next(perRound, name))));
        if (name === 'ours') add(before, meter.cpu());
      }
    }
    return { rates, cost: Number.isNaN(cost.webhook) ? null : cost };
  } finally {
    routes.disconnect();
  }
}

type Cpu = ReturnType<Part['meter']['cpu']>;

interface Matching {
  /** From the first to the last, as the history has it. */
  seconds: number;
  /** From the start of the worker's process until it has matched all of them. */
  withStart: number;
}

async function matchStored({ product, sql }: Part, events: Events, { stored }: Plan): Promise<Matching> {
  // What the rounds have left comes first, and is not counted.
  await product.restart('worker');
  await until('all are matched', () => allMatched(sql));
  await product.stopOne('worker');
  await postAll(`${product.webhookUrl}/vod/events`, events.next(stored, 'ours'));
  say(`${stored} stored`);
  const { since } = onlyRow((await sql.query<{ since: Date }>('select clock_timestamp() as since')).rows);
  const started = performance.now();
  await product.restart('worker');
  await until('all are matched', () => allMatched(sql), { everyMs: 50 });
  const withStart = (performance.now() - started) / 1000;
  const { rows } = await sql.query<{ seconds: number; lines: number }>(
    `select extract(epoch from max(at) - min(at))::float8 as seconds, count(*)::int as lines
       from history
      where event = 'event_received' and at >= $1`,
    [since],
  );
  const { seconds, lines } = onlyRow(rows);
  if (lines !== stored) throw new Error(`${stored} events were stored, and ${lines} matched`);
  return { seconds, withStart };
}

async function allMatched(sql: Part['sql']): Promise<boolean> {
  const { rows } = await sql.query(`select from event where verdict = 'received' limit 1`);
  return rows.length === 0;
}

/** Events as VOD sends them, each of another one of the jobs that fillWaiting has made. */
class Events {
  private used = 0;

  constructor(readonly url: string) {}

  /** @param to only those for ours have to be of jobs that nobody has told of yet */
  *next(count: number, to: keyof Rates): Generator<Post> {
    for (let i = 1; i <= count; i += 1) {
      const mediaId = `processing${to === 'ours' ? (this.used += 1) : i}`;
      yield { headers: this.signed(), body: eventOf(mediaId) };
    }
  }

  private signed(): Post['headers'] {
    const timestamp = String(Math.floor(Date.now() / 1000));
    return {
      'content-type': 'application/json',
      'x-vod-timestamp': timestamp,
      'x-vod-signature': signCallback(this.url, timestamp, callbackKey),
    };
  }
}

interface Post {
  headers: Record<string, string>;
  body: string;
}

function eventOf(mediaId: string): string {
  return JSON.stringify({
    EventTime: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    EventType: 'AIVideoTagComplete',
    JobId: createHash('md5').update(`vod${mediaId}`).digest('hex'),
    MediaId: mediaId,
    Status: 'success',
    Code: '0',
    Message: 'OK',
    Data: JSON.stringify({
      Keyword: [{ Tag: 'Cushion', Times: ['3260'] }],
      Location: [{ Tag: 'Asia', Times: ['8410'] }],
    }),
  });
}

/** A closed loop. Answers the seconds that it took. */
async function postAll(url: string, posts: Generator<Post>): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const started = performance.now();
  const sender = async () => {
    for (const one of posts) await post(agent, url, one);
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, sender));
    return (performance.now() - started) / 1000;
  } finally {
    agent.destroy();
  }
}

function post(agent: http.Agent, url: string, { headers, body }: Post): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } };
    const request = http.request(url, options, (response) => {
      const { statusCode } = response;
      response.on('error', reject).resume();
      response.on('end', () => (statusCode === 200 ? resolve() : reject(new Error(`POST ${url}: ${statusCode}`))));
    });
    request.on('error', reject).end(body);
  });
}

function table({ empty, insert, ours }: Rates): string[][] {
  const rate = median(ours);
  const row = (name: string, rates: number[], goal: string) => [
    name,
    shown(median(rates)),
    shown(rate / median(rates), 2),
    goal,
  ];
  return [
    ['route', 'events a second', 'ours is so many times as fast', 'wanted'],
    row('an empty one', empty, '0.70'),
    row('by hand, an INSERT a request', insert, '2.00'),
    ['the webhook', shown(rate), '', ''],
  ];
}

function costs(cost: Cost | null): string[][] {
  return [
    ['CPU ms an event', ''],
    ['the webhook', shown(cost?.webhook, 3)],
    ['Postgres', shown(cost?.postgres, 3)],
  ];
}

function matched({ seconds, withStart }: Matching, { stored }: Plan): string[][] {
  return [
    ['stored events', 'matched in, s', 'with the start of the worker, s', 'wanted, s'],
    [String(stored), shown(seconds, 2), shown(withStart, 2), '3.00'],
  ];
}
