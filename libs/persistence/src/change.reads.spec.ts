import { Client } from 'pg';
import { Fixture } from '../test/fixture';
import type { NewsPage } from './change.reads';
import { ChangeReads, formatPosition, parsePosition, type Position } from './index';

const ALL = { limit: 1_000 };

describe('What is new since a position', () => {
  let fixture: Fixture;
  let reads: ChangeReads;
  const clients: Client[] = [];
  beforeAll(async () => {
    fixture = await Fixture.open();
    reads = new ChangeReads(fixture.db);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end();
  });
  afterAll(() => fixture.close());

  /** A transaction that has written a line of the job's history, and lasts until it is told to commit. */
  async function writing(jobId: string, version: number): Promise<Client> {
    const client = new Client({ connectionString: fixture.url });
    clients.push(client);
    await client.connect();
    await client.query('begin');
    await client.query(
      `insert into history (job_id, version, at, event, from_state, to_state, attempt)
       values ($1, $2, now(), 'deferred', 'queued', 'queued', 0)`,
      [jobId, version],
    );
    return client;
  }

  async function newJob(): Promise<string> {
    return (await fixture.accept()).jobs[0]?.id ?? '';
  }

  const versions = async (from: Position, page = ALL) =>
    (await reads.after(from, page)).news.map(({ line }) => line.version);

  it('is each line once, with the job as it is by now', async () => {
    const start = await reads.now();
    const job = await fixture.jobIn('failed');
    const { news, position } = await reads.after(start, ALL);
    expect(news.map(({ line }) => line)).toEqual(await fixture.reads().history(job.id));
    expect(news.map((each) => each.job)).toEqual(news.map(() => job));
    expect(await reads.after(position, ALL)).toMatchObject({ news: [] });
  });

  it('is what was committed since, in whatever order transactions commit', async () => {
    const id = await newJob();
    const start = await reads.now();
    const first = await writing(id, 2);
    const second = await writing(id, 3); // a later id
    await second.query('commit');
    const seen = await reads.after(start, ALL);
    expect(seen.news.map(({ line }) => line.version)).toEqual([3]);
    expect(await versions(seen.position)).toEqual([]);

    // Its id is lower than the one that was seen: whoever asked for higher ids would never see it.
    await first.query('commit');
    expect(await versions(seen.position)).toEqual([2]);
    expect(await versions(start)).toEqual([2, 3]);
  });

  it('never is what was taken back', async () => {
    const id = await newJob();
    const start = await reads.now();
    const lost = await writing(id, 2);
    const { position } = await reads.after(start, ALL);
    await lost.query('rollback');
    expect(await versions(position)).toEqual([]);
  });

  it('goes on in the middle of what became visible together, from the position of each line', async () => {
    const id = await newJob();
    const start = await reads.now();
    const open = [await writing(id, 2), await writing(id, 3), await writing(id, 4)];
    for (const each of open) await each.query('commit');
    const { news } = await reads.after(start, ALL);
    const after = await writing(id, 5);
    await after.query('commit');
    for (const [i, { position }] of news.entries()) {
      const again = parsePosition(formatPosition(position));
      expect(again).toEqual(position);
      const page = await reads.after(position, ALL);
      const rest = page.position.partly ? [] : await versions(page.position);
      // What is left of its own batch first, and then what came later.
      expect([...page.news.map(({ line }) => line.version), ...rest]).toEqual([2, 3, 4, 5].slice(i + 1));
    }
  });

  it('comes in pages, each of which can be continued', async () => {
    const id = await newJob();
    const start = await reads.now();
    for (const version of [2, 3, 4, 5, 6]) await (await writing(id, version)).query('commit');
    const goal = (await reads.now()).seen;
    const seen: number[][] = [];
    let at = start;
    do {
      const page = await reads.after(at, { upTo: goal, limit: 2 });
      seen.push(page.news.map(({ line }) => line.version));
      at = page.position;
    } while ((at.partly || at.seen.text !== goal.text) && seen.length < 10);
    expect(seen).toEqual([[2, 3], [4, 5], [6]]);
  });

  it('ends at the snapshot that it is asked up to', async () => {
    const id = await newJob();
    const start = await reads.now();
    await (await writing(id, 2)).query('commit');
    const goal = await reads.now();
    await (await writing(id, 3)).query('commit');
    const page = await reads.after(start, { upTo: goal.seen, limit: 10 });
    expect(page.news.map(({ line }) => line.version)).toEqual([2]);
    expect(page.position).toEqual(goal);
    expect(await versions(page.position)).toEqual([3]);
  });

  it('is not what was there before lines were dated, nor what a restored backup dates into the future', async () => {
    const id = await newJob();
    const start = await reads.now();
    await (await writing(id, 2)).query('commit');
    await (await writing(id, 3)).query('commit');
    await fixture.query(`update history set tx = null where job_id = $1 and version = 2`, [id]);
    await fixture.query(`update history set tx = '900000000' where job_id = $1 and version = 3`, [id]);
    expect(await versions(start)).toEqual([]);
  });

  it('is not what a dropped job has left behind, and what comes after it is not lost', async () => {
    const [dropped, other] = [await newJob(), await newJob()];
    const start = await reads.now();
    for (const version of [2, 3]) {
      await (await writing(dropped, version)).query('commit');
      await (await writing(other, version)).query('commit');
    }
    await fixture.query('delete from job where id = $1', [dropped]);
    const seen: string[] = [];
    for (let from = start, more = true, pages = 0; more && pages < 20; pages += 1) {
      const page = await reads.after(from, { limit: 1 });
      seen.push(...page.news.map(({ job, line }) => `${job.id} ${line.version}`));
      from = page.position;
      more = page.position.partly !== null;
    }
    expect(seen).toEqual([`${other} 2`, `${other} 3`]);
  });

  it('is found by the index, however long the history is', async () => {
    await fixture.query(
      `insert into history (job_id, version, at, event, to_state, attempt)
       select $1, version, now(), 'deferred', 'queued', 0 from generate_series(2, 20000) as version`,
      [await newJob()],
    );
    await fixture.query('analyze history');
    const { seen } = await reads.now();
    const plan = await fixture.query<{ 'QUERY PLAN': string }>(
      `explain select from history where tx >= '${seen.xmax}'::xid8 or tx = any('{${seen.underWay.join(',')}}'::xid8[])`,
    );
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toContain('history_before_tx');
    expect(text).not.toContain('Seq Scan on history_before'); // an empty month is looked through faster than its index
  });

  describe('since long ago', () => {
    const LINES = 20_000;
    const TRANSACTIONS = 100; // a new cluster has had some hundreds
    /** Far from what there is in all, and room for what a stretch, a walk and the job of each line take. */
    const FEW = 9_000;
    let id: string;
    let ids: string[];
    let start: Position;
    let goal: Position;
    const wholeAt = (xid: number) => parsePosition(`${xid}:${xid}:`) as Position;
    beforeAll(async () => {
      id = await newJob();
      goal = await reads.now();
      // In the order of their ids, as if each transaction had been one before now.
      const first = Number(goal.seen.xmax) - TRANSACTIONS - 20;
      const lines = await fixture.query<{ id: string }>(
        `insert into history (job_id, version, at, event, to_state, attempt, tx)
         select $1, version, now(), 'deferred', 'queued', 0, ($2::bigint + version / $3::int)::text::xid8
           from generate_series(2, ${LINES}) as version
         returning id`,
        [id, first, LINES / TRANSACTIONS],
      );
      ids = lines.map((line) => line.id);
      await fixture.query('analyze history');
      start = wholeAt(first);
      goal = await reads.now();
    });

    /** A page, and how many rows it reads of the table, as Postgres counts them within a transaction. */
    async function read(from: Position): Promise<{ page: NewsPage; rows: number }> {
      const client = new Client({ connectionString: fixture.url });
      clients.push(client);
      await client.connect();
      await client.query('begin');
      const query = async (sql: string, values?: unknown[]) => (await client.query(sql, values)).rows;
      const page = await new ChangeReads({ query } as never).after(from, { upTo: goal.seen, limit: 200 });
      const [{ rows }] = (await query(
        `select sum(seq_tup_read + idx_tup_fetch)::int as rows
           from pg_stat_xact_user_tables
          where relname like 'history%'`,
      )) as [{ rows: number }];
      await client.query('rollback');
      return { page, rows };
    }

    it('is read in pages that each read little of it, from its beginning on', async () => {
      const first = await read(start);
      const second = await read(first.page.position);
      for (const { page, rows } of [first, second]) {
        expect(page.news.length).toBeGreaterThan(150); // of a job that another test has dropped there are none
        expect(page.position.partly).not.toBeNull();
        expect(rows).toBeLessThan(FEW);
      }
    });

    it('is read in such pages also amid a stretch that is long, and behind the end of one', async () => {
      const middle = ids[LINES / 2] ?? '';
      const amid = await read({ seen: start.seen, partly: { upTo: goal.seen, line: middle } });
      expect(amid.page.news).toHaveLength(200);
      const end = wholeAt(Number(start.seen.xmax) + TRANSACTIONS / 4).seen;
      const behind = await read({ seen: start.seen, partly: { upTo: end, line: middle } });
      expect(behind.page.news).toEqual([]);
      expect(behind.page.position.partly?.upTo).toEqual(end); // and looks on from where it was
      expect(Number(behind.page.position.partly?.line)).toBeGreaterThan(Number(middle));
      for (const { rows } of [amid, behind]) expect(rows).toBeLessThan(FEW);
    });

    it('is everything once', async () => {
      const seen: string[] = [];
      let at = start;
      for (let pages = 0; (at.partly || at.seen.text !== goal.seen.text) && pages < 100; pages += 1) {
        const page = await reads.after(at, { upTo: goal.seen, limit: 900 });
        seen.push(...page.news.filter(({ job }) => job.id === id).map(({ line }) => line.id));
        at = parsePosition(formatPosition(page.position)) as Position;
      }
      expect(at.seen.text).toBe(goal.seen.text);
      const known = new Set(ids);
      expect(seen.filter((line) => known.has(line))).toHaveLength(ids.length);
      expect(new Set(seen).size).toBe(seen.length);
    });
  });

  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

  it(`is everything once for every reader, whatever happens at the same time (SEED=${seed})`, async () => {
    const random = mulberry(seed);
    const jobs = await Promise.all(Array.from({ length: 4 }, async () => ({ id: await newJob(), version: 1 })));
    const readers = Array.from({ length: 5 }, () => ({ at: null as Position | null, seen: [] as string[] }));
    const start = await reads.now();
    const open: { client: Client; job: { id: string } }[] = [];
    const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)] as T;

    const narrow = new ChangeReads(fixture.db, { stretch: 2, walk: 3 });
    const read = async (reader: (typeof readers)[number], { last = false } = {}) => {
      const limit = 1 + Math.floor(random() * 4);
      // Some come back to the past, of which the small bounds make many stretches and long ways.
      const upTo = !last && random() < 0.5 ? { upTo: (await reads.now()).seen } : {};
      const page = await narrow.after(reader.at ?? start, { ...upTo, limit });
      reader.seen.push(...page.news.map(({ line }) => line.id));
      // Sometimes it falls down in the middle of a page, and comes back with the last id that it had.
      const kept = random() < 0.3 && page.news.length > 0 ? Math.floor(random() * page.news.length) : -1;
      if (kept >= 0) reader.seen.splice(reader.seen.length - page.news.length + kept + 1);
      const position = kept >= 0 ? page.news[kept]?.position : page.position;
      reader.at = parsePosition(formatPosition(position as Position));
      return page.news.length > 0 || kept >= 0;
    };

    for (let step = 0; step < 250; step += 1) {
      const dice = random();
      const idle = jobs.filter((job) => !open.some((each) => each.job === job));
      if (dice < 0.3 && idle.length > 0) {
        const job = pick(idle);
        job.version += 1;
        open.push({ client: await writing(job.id, job.version), job });
      } else if (dice < 0.55 && open.length > 0) {
        const [{ client, job }] = open.splice(Math.floor(random() * open.length), 1) as [(typeof open)[number]];
        const lost = random() < 0.2;
        await client.query(lost ? 'rollback' : 'commit');
        if (lost) (job as (typeof jobs)[number]).version -= 1;
      } else await read(pick(readers));
    }
    for (const { client } of open) await client.query('commit');
    for (const reader of readers) {
      // Until a look from a whole position, which is one at everything, shows nothing.
      for (let [more, looks] = [true, 0]; more && looks < 500; looks += 1) {
        const isWhole = !reader.at?.partly;
        more = (await read(reader, { last: true })) || !isWhole;
      }
    }

    const all = await fixture.query<{ id: string }>(
      `select id from history where job_id = any($1::uuid[]) and version > 1 order by id`,
      [jobs.map(({ id }) => id)],
    );
    expect(all.length).toBeGreaterThan(10);
    const ordered = (ids: string[]) => ids.toSorted((a, b) => Number(a) - Number(b));
    for (const { seen } of readers) expect(ordered(seen)).toEqual(all.map(({ id }) => id));
  });
});

describe('A position from outside', () => {
  it.each(['1:1:', '10:20:10,12,19', '5:9:5/6:12:7/42', `1:${2n ** 64n - 1n}:`])('is %s', (text) => {
    const position = parsePosition(text);
    expect(position && formatPosition(position)).toBe(text);
  });

  it.each([
    ['nothing', ''],
    ['a number', '42'],
    ['a snapshot that ends before it begins', '20:10:'],
    ['one of nothing', '0:0:'],
    ['one that names what is not in it', '10:20:20'],
    ['one that names one twice', '10:20:11,11'],
    ['one out of order', '10:20:12,11'],
    ['one that is too large for Postgres', `1:${2n ** 64n}:`],
    ['one with a blank', '10:20: 11'],
    ['one with more', '10:20:11:5'],
    ['a half of two', '5:9:/6:12:'],
    ['one that goes back', '5:19:/6:12:/42'],
    ['a line that is none', '5:9:/6:12:/x'],
    ['a line that is too large', `5:9:/6:12:/${2n ** 63n}`],
    ['more than a position', '5:9:/6:12:/42/1'],
    ['SQL', `1:1:' or 1=1 --`],
  ])('is not %s', (_what, text) => {
    expect(parsePosition(text)).toBeNull();
  });
});

/** The usual small generator: the same seed, the same run. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
