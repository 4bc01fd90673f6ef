import { createDataSource, ListReads, RequestStore, type JobFilter } from '@app/persistence';
import { createTestDatabase, type TestDatabase } from '@app/testing';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { fill } from '../../bench/fill';
import { explainedAsNodes, explaining, type PlanNode } from '../../bench/plans';
import { listOf, views, type View } from '../../bench/views';
import { Draw } from '../faults/support/draw';
import { drawSeed } from '../faults/support/report';

const seed = drawSeed('lists of a filled table');
const draw = new Draw(seed);

const JOBS = 20_000;

/** From so many characters on the beginning of a media id is searched for, too. */
const SELECTIVE = 4;

let database: TestDatabase;
let db: DataSource;
let sql: Client;
let lists: ListReads;
let asked: View[];

/** A month of work in small: enough for Postgres to prefer an index, and little enough to look through all of it. */
beforeAll(async () => {
  database = await createTestDatabase();
  db = await createDataSource({ url: database.url, application: 'vodai-test', poolSize: 3 }).initialize();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  await fill(sql, { jobs: JOBS, now: new Date(), days: 30, seed });
  lists = new ListReads(db);
  asked = (await views(sql, () => draw.chance())).filter(({ next }) => next().startsWith('/v1/jobs?'));
});
afterAll(async () => {
  await sql.end();
  await db.destroy();
  await database.drop();
});

/** The same by looking at every row. */
async function byLookingAtAll(filter: JobFilter, before: string | undefined): Promise<string[]> {
  const { q, states, labels, createdFrom, createdTo, mediaIdPrefix, ...same } = filter;
  const columns = { type: 'type', mediaId: 'media_id', vodJobId: 'vod_job_id', requestId: 'request_id', region: 'region', client: 'client', errorCode: 'error_code' }; // prettier-ignore
  const values: unknown[] = [];
  const $ = (value: unknown) => `$${values.push(value)}`;
  const conditions = ['true'];
  for (const [name, column] of Object.entries(columns)) {
    const value = same[name as keyof typeof same];
    if (value !== undefined) conditions.push(`${column} = ${$(value)}`);
  }
  if (states) conditions.push(`state = any(${$(states)}::text[])`);
  if (labels) conditions.push(`labels @> ${$(JSON.stringify(labels))}::jsonb`);
  if (createdFrom) conditions.push(`created_at >= ${$(createdFrom)}`);
  if (createdTo) conditions.push(`created_at < ${$(createdTo)}`);
  if (before) conditions.push(`id < ${$(before)}`);
  if (mediaIdPrefix !== undefined) conditions.push(`starts_with(media_id, ${$(mediaIdPrefix)})`);
  if (q !== undefined) {
    const text = $(q);
    const lower = $(/^[0-9a-f-]+$/i.test(q) ? q.toLowerCase() : q);
    const [key, ...rest] = q.split(':');
    conditions.push(
      `(${text} in (media_id, vod_job_id) or ${lower} in (media_id, vod_job_id, id::text, request_id::text)
        or (length(${text}) >= 4 and (starts_with(media_id, ${text}) or starts_with(media_id, ${lower}))) or labels ->> ${$(key)} = ${$(rest.length > 0 ? rest.join(':') : null)})`,
    );
  }
  const { rows } = await sql.query<{ id: string }>(
    `select id from job where ${conditions.join(' and ')} order by id desc`,
    values,
  );
  return rows.map(({ id }) => id);
}

describe(`The lists of a filled table (seed ${seed})`, () => {
  it('have exactly the jobs that looking at every row finds, in the same order, whatever they are filtered by', async () => {
    for (const { name, next } of asked) {
      for (let time = 0; time < 4; time += 1) {
        const path = next();
        const { filter, page } = listOf(path);
        const expected = await byLookingAtAll(filter, page.before);
        const found = await lists.jobs(filter, page);
        expect([name, path, found.map(({ id }) => id)]).toEqual([name, path, expected.slice(0, page.limit)]);
      }
    }
  });

  it('are read to their end without a gap and without a job twice, while jobs are added', async () => {
    const requests = new RequestStore(db);
    const filters: JobFilter[] = [
      { states: ['failed', 'canceled'] },
      { labels: { env: 'prod' }, client: 'web' },
      { q: 'media-popular' },
      { region: 'cn-beijing', createdTo: new Date(Date.now() + 60_000) },
    ];
    for (const filter of filters) {
      const expected = await byLookingAtAll(filter, undefined);
      expect(expected.length).toBeGreaterThan(60);
      const seen: string[] = [];
      for await (const rows of lists.allJobs(filter, 37)) {
        seen.push(...rows.map(({ id }) => id));
        await requests.accept(newerJob());
      }
      expect(seen).toEqual(expected);
    }
  });

  it('are read by indexes that lead to them: nothing looks through a table, or sorts most of it', async () => {
    for (const { name, next } of asked) {
      const path = next();
      const { filter, page } = listOf(path);
      // One job in sixteen begins with the same character: behind a late page, with another filter, most are looked through.
      if ((filter.mediaIdPrefix?.length ?? SELECTIVE) < SELECTIVE) continue;
      const nodes: PlanNode[] = [];
      const tell = async (statement: string, parameters: unknown[]) => {
        nodes.push(...(await explainedAsNodes(db, statement, parameters)));
      };
      await new ListReads(explaining(db, tell)).jobs(filter, page);
      const through = nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']);
      const most = Math.max(...nodes.filter(looksAtRows).map((node) => rowsAt(node, page.limit)));
      expect([name, path, through, most > JOBS / 2]).toEqual([name, path, [], false]);
    }
  });
});

describe('Jobs whose media ids begin alike', () => {
  const BULK = 6_000; // more than are few
  const filters: JobFilter[] = [
    { mediaIdPrefix: 'bulk-' },
    { q: 'bulk-' },
    { mediaIdPrefix: 'bulk-', states: ['succeeded', 'failed'] },
    { mediaIdPrefix: 'bulk-', labels: { env: 'prod' } },
    { mediaIdPrefix: 'bulk-', q: 'bulk-a' },
    { q: 'BULK-' },
  ];

  it.each([
    ['all old', 'asc'],
    ['all new', 'desc'],
  ])('are found as looking at every row finds them, though they are many and %s', async (_name, order) => {
    await sql.query(
      `update job set media_id = 'bulk-' || media_id where id in (select id from job order by id ${order} limit ${BULK})`,
    );
    const [middle] = (await sql.query<{ id: string }>(`select id from job order by id offset ${JOBS / 2} limit 1`))
      .rows;
    try {
      for (const filter of filters) {
        for (const before of [undefined, middle?.id]) {
          const found = await lists.jobs(filter, { limit: 51, before });
          const expected = await byLookingAtAll(filter, before);
          expect([filter, found.map(({ id }) => id)]).toEqual([filter, expected.slice(0, 51)]);
        }
      }
    } finally {
      await sql.query(`update job set media_id = substr(media_id, 6) where media_id like 'bulk-%'`);
    }
  });

  it('lie together also where the database sorts by a language', async () => {
    await sql.query(`alter table job alter column media_id type text collate "und-x-icu"`);
    await sql.query('analyze job');
    try {
      for (const filter of [{ mediaIdPrefix: 'a1' }, { q: 'media-popular' }, { mediaId: 'media-popular' }]) {
        const nodes: PlanNode[] = [];
        const tell = async (statement: string, parameters: unknown[]) => {
          nodes.push(...(await explainedAsNodes(db, statement, parameters)));
        };
        const found = await new ListReads(explaining(db, tell)).jobs(filter, { limit: 51 });
        expect(found.map(({ id }) => id)).toEqual((await byLookingAtAll(filter, undefined)).slice(0, 51));
        expect(nodes.map((node) => node['Index Name'])).toContain('job_media_id_prefix');
        expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan');
      }
    } finally {
      await sql.query(`alter table job alter column media_id type text collate "default"`);
    }
  });

  it('are told from ids that a pattern would take for alike', async () => {
    expect(await lists.jobs({ mediaIdPrefix: '%' }, { limit: 1 })).toEqual([]);
    expect(await lists.jobs({ mediaIdPrefix: 'media_' }, { limit: 1 })).toEqual([]);
    expect(await lists.jobs({ mediaIdPrefix: 'media-' }, { limit: 1 })).toHaveLength(1);
  });
});

function looksAtRows(node: PlanNode): boolean {
  return node['Relation Name'] !== undefined || /Sort/.test(node['Node Type']);
}

/**
 * What a step has looked at, in all of its turns. Which rows the planner takes for about a page, it may as well fetch all and sort; with
 * more of them in the table it takes them for more, and reads a page.
 */
function rowsAt(node: PlanNode, page: number): number {
  const removed = node['Rows Removed by Filter'] ?? 0;
  const isTakenForAPage = removed === 0 && node['Plan Rows'] <= 2 * page;
  const kept = isTakenForAPage ? Math.min(node['Actual Rows'], page) : node['Actual Rows'];
  return (kept + removed) * node['Actual Loops'];
}

function newerJob() {
  return {
    id: uuidv7(),
    client: 'web',
    idempotencyKey: null,
    mediaId: 'media-popular',
    region: 'cn-beijing',
    types: [{ type: 'AIVideoTag' as const, jobId: uuidv7() }],
    config: {},
    priority: 'normal' as const,
    labels: { env: 'prod' },
    extend: null,
    force: true,
    now: new Date(),
  };
}
