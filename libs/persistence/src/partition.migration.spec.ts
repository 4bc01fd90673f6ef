import { createEmptyDatabase, eventually, type TestDatabase } from '@app/testing';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import * as migrations from '../../../migrations';
import { createDataSource } from './data-source';
import { MonthStore } from './month.store';
import { migrate } from './schema';

/** The last one of the version before. */
const BEFORE = 1764600000000;
const JOBS = 3_000;

/** As processes of the version before write, each prepared once for its connection. */
const statements = {
  line: `insert into history (job_id, version, at, event, from_state, to_state, attempt, actor, detail)
         values ($1, $2, now(), 'claimed', 'queued', 'submitting', 1, null, '{}') returning id`,
  result: `insert into result (job_id, raw, normalized, source, read_at) values ($1, $2, null, 'ListAIJob', now())
           on conflict (job_id) do update
              set raw = excluded.raw, normalized = excluded.normalized, source = excluded.source, read_at = excluded.read_at
            where excluded.normalized is not null or result.normalized is null`,
  event: `insert into event (id, received_at, region, source, signature, event_type, vod_job_id, status, body, body_size, body_hash,
                             last_received_at)
          values ($1, now(), 'r', 'http', 'valid', 'AIVideoTagComplete', $2, 'success', '', 0, 'h', now())
          on conflict (region, event_type, vod_job_id, status, body_hash) do update set copies = event.copies + 1`,
};

describe('The partitions', () => {
  let database: TestDatabase;
  let db: DataSource;
  beforeEach(async () => {
    database = await createEmptyDatabase();
    const old = createDataSource({ url: database.url, application: 'vodai-test', poolSize: 2 });
    const ofThen = Object.values(migrations).filter(({ name }) => Number(/\d+$/.exec(name)) <= BEFORE);
    await old.setOptions({ migrations: ofThen }).initialize();
    await old.runMigrations({ transaction: 'each' });
    await old.destroy();
    db = await createDataSource({ url: database.url, application: 'vodai-test', poolSize: 4 }).initialize();
    await fill();
  });
  afterEach(async () => {
    await db.destroy();
    await database.drop();
  });

  /** Jobs with their first line, made in the last weeks. */
  async function fill(): Promise<void> {
    const ids = Array.from({ length: JOBS }, (_, i) => uuidv7({ msecs: Date.now() - i * 600_000 }));
    await db.query(
      `with asked as (
         insert into request (id, client, body_hash, media_id, region, priority, created_at)
         select id, 'c', '', 'm', 'r', 1, now() from unnest($1::uuid[]) as id
       ), job as (
         insert into job (id, request_id, type, state, version, due_at, client, region, media_id, priority, natural_key,
                          holds_natural_key, created_at)
         select id, id, 'AIVideoTag', 'queued', 1, now(), 'c', 'r', 'm', 1, '', false, now() from unnest($1::uuid[]) as id
       )
       insert into history (job_id, version, at, event, to_state, attempt)
       select id, 1, now(), 'created', 'queued', 0 from unnest($1::uuid[]) as id`,
      [ids],
    );
  }

  const count = async (sql: string) => Number(Object.values((await db.query<[object]>(sql))[0])[0]);
  const jobIds = async () => (await db.query<{ id: string }[]>('select id from job order by id')).map(({ id }) => id);

  /** Writes as the version before until it is told to stop; answers what it has written, and throws what Postgres has refused. */
  function writer(jobs: string[]): { stop: () => Promise<{ lines: string[]; events: number }>; written: () => number } {
    const stopping = new AbortController();
    const lines: string[] = [];
    let events = 0;
    const writing = (async () => {
      const client = new Client({ connectionString: database.url });
      await client.connect();
      const run = (name: keyof typeof statements, values: unknown[]) =>
        client.query<{ id: string }>({ name, text: statements[name], values });
      try {
        for (let i = 0; !stopping.signal.aborted; i += 1) {
          const job = jobs[i % jobs.length];
          const { rows } = await run('line', [job, 2 + Math.floor(i / jobs.length)]);
          lines.push(rows[0]?.id ?? '');
          await run('result', [job, `written ${i}`]);
          await run('event', [uuidv7(), `vod-${Math.floor(i / 2)}`]);
          events += 1;
        }
      } finally {
        await client.end();
      }
    })();
    writing.catch(() => undefined); // told by stop
    return {
      written: () => lines.length,
      stop: async () => {
        stopping.abort();
        await writing;
        return { lines, events };
      },
    };
  }

  it('row 43: are made of a filled database while processes of the version before write, and nothing is lost or doubled', async () => {
    const jobs = await jobIds();
    const writers = [0, 1, 2].map((nth) => writer(jobs.filter((_, i) => i % 3 === nth)));
    const before = await eventually('all of them write', () => writers.every((each) => each.written() > 20));
    expect(before).toBe(true);
    // A long read is in the way of the first tries.
    const reader = new Client({ connectionString: database.url });
    await reader.connect();
    await reader.query('begin');
    await reader.query('select from history limit 1');
    const migrating = migrate(db);
    await eventually('it has been made to wait', async () => {
      return (await count(`select count(*) from pg_locks where not granted`)) > 0;
    });
    const written = () => writers.reduce((sum, each) => sum + each.written(), 0);
    const then = written();
    await eventually('they go on writing all the same', () => written() > then + 100);
    await reader.query('commit');
    await reader.end();
    const ran = await migrating;
    expect(ran).toContain('PartitionByMonth1764800003000');
    const after = written();
    await eventually('they write on', () => written() > after + 100);

    const told = await Promise.all(writers.map((each) => each.stop()));
    const lines = told.flatMap((each) => each.lines);
    expect(await count('select count(*) from history')).toBe(JOBS + lines.length);
    expect(await count('select count(distinct id) from history')).toBe(JOBS + lines.length);
    expect(new Set(lines).size).toBe(lines.length);
    expect(await count('select sum(copies) from event')).toBe(told.reduce((sum, { events }) => sum + events, 0));
    expect(await count('select count(*) from event')).toBe(await count('select count(distinct vod_job_id) from event'));
    expect(await count('select count(*) from result')).toBe(
      await count(`select count(distinct job_id) from history where version > 1`),
    );
    // What was there and what came is in the first partition, as it was.
    expect(await count('select count(*) from history_before')).toBe(JOBS + lines.length);
    expect(await count('select count(*) from history_default')).toBe(0);
    const months = await new MonthStore(db).all();
    expect(months.length).toBeGreaterThanOrEqual(4);
    // Whatever is due next month has its month.
    await db.query(
      `insert into history (job_id, version, at, event, to_state, attempt) values ($1, 1, now(), 'created', 'queued', 0)`,
      [months[0]?.low],
    );
    expect(await count('select count(*) from history_default')).toBe(0);
  });

  it('are made by the next try when one was cut off', async () => {
    const jobs = await jobIds();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query('begin');
    await client.query('lock table history in row exclusive mode');
    const cut = migrate(db).then(
      () => 'it ended',
      () => 'it was cut off',
    );
    // Until it has begun to look for its moment.
    await eventually('it waits', async () => (await count(`select count(*) from pg_locks where not granted`)) > 0);
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid in (select pid from pg_locks where not granted)`,
    );
    expect(await cut).toBe('it was cut off');
    await client.query('rollback');
    await client.end();
    expect(await migrate(db)).toContain('PartitionByMonth1764800003000');
    expect(await count('select count(*) from history')).toBe(jobs.length);
  });

  it('leave the rights on the tables as they were', async () => {
    await db.query(`create role test_parted`);
    try {
      await db.query(`grant select, insert on history to test_parted`);
      await db.query(`grant select on result to public`);
      await migrate(db);
      const may = (table: string, right: string) =>
        count(`select has_table_privilege('test_parted', '${table}', '${right}')::int`);
      expect([await may('history', 'insert'), await may('history', 'delete'), await may('result', 'select')]).toEqual([
        1, 0, 1,
      ]);
      expect(
        await count(`select has_function_privilege('test_parted', 'drop_month(text, text)', 'execute')::int`),
      ).toBe(0);
    } finally {
      await db.query(`drop owned by test_parted; drop role test_parted`);
    }
  });
});
