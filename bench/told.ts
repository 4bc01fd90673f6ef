import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { Bench, type Part } from './bench';
import type { StoreKind } from './meter';
import { shown } from './report';
import { only as onlyRow } from './rows';
import { say } from './say';
import { until } from './until';

export interface ToldOptions {
  quick: boolean;
  jobs: number | undefined;
  only: StoreKind | undefined;
}

/** What the endpoints of one client are like. All hear of all jobs. */
const kinds = ['hears', 'never answers', 'is not there'] as const;
type Kind = (typeof kinds)[number];

interface Row {
  endpoint: Kind;
  deliveries: number;
  delivered: number;
  attempts: number;
  /** Until there was a delivery. */
  made: number | null;
  /** The call itself. */
  call: number | null;
  p50: number | null;
  p95: number | null;
  max: number | null;
}

const SECRET = 'whsec_YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2g=';

/** How soon a receiver hears of jobs while others of the same client are dead, and what telling costs those who work. */
export async function benchTold({ quick, jobs, only }: ToldOptions): Promise<void> {
  const wanted = jobs ?? (quick ? 300 : 20_000);
  const warmUp = quick ? 50 : 500;
  const [hearing, deaf] = await Promise.all([receiver(true), receiver(false)]);
  try {
    await Bench.run(async (bench) => {
      const kind = bench.kind(only);
      const options = { kind, env: { DELIVERY_ALLOW: '127.0.0.1' } };
      say(`${wanted} jobs of which nobody hears`);
      const without = await bench.with({ ...options, database: 'bench_untold' }, (part) => rate(part, wanted, warmUp));
      say(`${wanted} jobs of which three endpoints hear, two of them dead`);
      const { perSecond, rows } = await bench.with({ ...options, database: 'bench_told' }, async (part) => {
        const urls = { hears: hearing.url, 'never answers': deaf.url, 'is not there': 'http://127.0.0.1:9/' };
        await addEndpoints(part.sql, urls);
        const told = await rate(part, wanted, warmUp);
        await until('whoever hears was told of all', () => isTold(part.sql), { everyMs: 100 });
        return { perSecond: told, rows: await look(part.sql) };
      });
      bench.print({
        quick,
        said: [
          `BullMQ on ${kind}; ${wanted.toLocaleString('en')} jobs at once: ${shown(without)} jobs/s with nobody to tell, ${shown(perSecond)} with three endpoints.`,
          'From what happened (settled_at) to the end of the attempt that brought it, in ms, of all that arrived.',
        ],
        tables: [table(rows)],
      });
    });
  } finally {
    for (const { server } of [hearing, deaf]) {
      server.close();
      server.closeAllConnections();
    }
  }
}

async function receiver(answers: boolean): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    request.resume();
    if (answers) request.on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

/** Jobs a second, from the first request to the last result. */
async function rate({ load }: Part, jobs: number, warmUp: number): Promise<number> {
  await load.burst(warmUp);
  await load.untilOver();
  const started = performance.now();
  await load.burst(jobs);
  await load.untilOver();
  const seconds = (performance.now() - started) / 1000;
  await load.assertAllSucceeded();
  return jobs / seconds;
}

/** As the api makes them: the first sets the reader's position. */
async function addEndpoints(sql: Client, urls: Record<Kind, string>): Promise<void> {
  await sql.query('begin');
  await sql.query(`insert into reader (name, position) values ('tell', pg_current_snapshot()::text)`);
  for (const kind of kinds) {
    const id = uuidv7();
    await sql.query(
      `insert into endpoint (id, client, url, events, created_by) values ($1, 'bench', $2, '{job.succeeded}', $3)`,
      [id, urls[kind], kind],
    );
    await sql.query(`insert into endpoint_secret (endpoint_id, secret) values ($1, $2)`, [id, SECRET]);
  }
  await sql.query(`select pg_notify('vodai_delivery_due', '')`);
  await sql.query('commit');
}

async function isTold(sql: Client): Promise<boolean> {
  const { rows } = await sql.query<{ told: boolean }>(
    `select count(*) filter (where delivery.state = 'delivered') = (select count(*) from job) as told
       from delivery
       join endpoint on endpoint.id = delivery.endpoint_id
      where endpoint.created_by = 'hears'`,
  );
  return onlyRow(rows).told;
}

async function look(sql: Client): Promise<Row[]> {
  const took = `extract(epoch from attempt.at - happened_at)::float8 * 1000 + attempt.duration_ms`;
  const { rows } = await sql.query<Row>(
    `select endpoint.created_by as endpoint, count(*)::int as deliveries, count(attempt.at)::int as delivered, sum(attempts)::int as attempts,
            percentile_cont(0.95) within group (order by extract(epoch from delivery.created_at - happened_at)::float8 * 1000) as made,
            percentile_cont(0.95) within group (order by attempt.duration_ms) as call,
            percentile_cont(0.5) within group (order by ${took}) as p50,
            percentile_cont(0.95) within group (order by ${took}) as p95,
            max(${took}) as max
       from delivery
       join endpoint on endpoint.id = delivery.endpoint_id
       left join delivery_attempt as attempt on attempt.delivery_id = delivery.id and attempt.outcome = 'delivered'
      group by endpoint.id, endpoint.created_by
      order by endpoint.id`,
  );
  return rows;
}

function table(rows: Row[]): string[][] {
  return [
    ['an endpoint that', 'deliveries', 'arrived', 'attempts', 'made, p95', 'call, p95', 'p50', 'p95', 'max'],
    ...rows.map(({ endpoint, deliveries, delivered, attempts, made, call, p50, p95, max }) => [
      endpoint,
      ...[deliveries, delivered, attempts].map(String),
      ...[made, call, p50, p95, max].map((ms) => shown(ms)),
    ]),
  ];
}
