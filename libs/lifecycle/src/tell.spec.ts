import type { JobType, NewsType } from '@app/domain';
import { Signals } from '@app/observability';
import { NewsStore, type HistoryRow, type JobRow, type Turn } from '@app/persistence';
import { eventually } from '@app/testing';
import { Client } from 'pg';
import { addEndpoint } from '../../persistence/test/endpoints';
import { Fixture } from '../../persistence/test/fixture';
import { jobThen, Tell } from './tell';

interface Told {
  id: string;
  endpointId: string;
  jobId: string;
  historyId: string;
  type: NewsType;
  state: string;
  job: Record<string, unknown>;
}

describe('Telling', () => {
  let fixture: Fixture;
  const clients: Client[] = [];
  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end();
    await fixture.close();
  });

  const query = <T extends object>(sql: string, parameters: unknown[] = []) => fixture.query<T>(sql, parameters);
  const endpoint = (more: Parameters<typeof addEndpoint>[1] = {}) => addEndpoint(query, more);
  const tellOf = (news = new NewsStore(fixture.db), signals = new Signals()) => new Tell({ news, signals });

  /** Tells until there is no more, and answers how often it was said that there is something to deliver. */
  async function tellAll(tell = tellOf()): Promise<number> {
    let woken = 0;
    while ((await tell.run(() => (woken += 1))).again === 'now');
    return woken;
  }

  const told = () =>
    query<Told>(
      `select id, endpoint_id as "endpointId", job_id as "jobId", history_id as "historyId", type, state, job from delivery order by id`,
    );
  const typesOf = async (endpointId: string) =>
    (await told()).filter((one) => one.endpointId === endpointId).map(({ type }) => type);

  async function connect(): Promise<Client> {
    const client = new Client({ connectionString: fixture.url });
    clients.push(client);
    await client.connect();
    return client;
  }

  /** A transaction that has written a line of the job's history, and lasts until it is told to commit. */
  async function holding(jobId: string, version: number): Promise<Client> {
    const client = await connect();
    await client.query('begin');
    await writeLine(client, jobId, version);
    return client;
  }

  const writeLine = (client: Client, jobId: string, version: number) =>
    client.query(
      `insert into history (job_id, version, at, event, from_state, to_state, attempt, detail)
       values ($1, $2, now(), 'undecidable', 'unconfirmed', 'held', 1, '{"reason": "no evidence"}')`,
      [jobId, version],
    );

  it('reads nothing while there is no endpoint, and the first begins at its moment', async () => {
    await fixture.jobIn('succeeded');
    const tell = tellOf();
    expect(await tell.run(() => {})).toEqual({ again: 5_000 });
    expect(tell.wantsToHear('succeeded')).toBe(false);

    const endpointId = await endpoint();
    expect(await tellAll(tell)).toBe(0);
    expect([tell.wantsToHear('succeeded'), tell.wantsToHear('processing')]).toEqual([true, false]);
    const job = await fixture.jobIn('succeeded');
    expect(await tellAll(tell)).toBe(1);
    expect(await told()).toMatchObject([{ endpointId, jobId: job.id, type: 'job.succeeded', state: 'waiting' }]);
  });

  it('tells of every end and of what waits for a person, with the job as the api shows it', async () => {
    await endpoint();
    const states = ['succeeded', 'failed', 'expired', 'canceled', 'held'] as const;
    const jobs: JobRow[] = [];
    for (const state of states) jobs.push(await fixture.jobIn(state));
    await fixture.jobIn('processing');
    await tellAll();
    const all = await told();
    expect(all.map(({ type, jobId }) => [type, jobId])).toEqual(jobs.map(({ id, state }) => [`job.${state}`, id]));
    expect(all.map(({ job }) => [job['id'], job['state'], job['version'], job['priority']])).toEqual(
      jobs.map(({ id, state, version }) => [id, state, version, 'normal']),
    );
    expect(all[0]?.job).not.toHaveProperty('naturalKey');
    const lines = await query(`select id from history where to_state = any($1) order by id`, [states]);
    expect(all.map(({ historyId }) => ({ id: historyId }))).toEqual(lines);
  });

  it('comes to the end of what its last page has just filled, and goes on behind it', async () => {
    await endpoint();
    const { id, version } = await fixture.jobIn('processing');
    await tellAll();
    const client = await holding(id, version + 1);
    await writeLine(client, id, version + 2);
    await client.query('commit');
    const tell = new Tell({ news: new NewsStore(fixture.db), signals: new Signals() }, 2);
    let turns = 0;
    while ((await tell.run(() => {})).again === 'now' && turns < 10) turns += 1;
    expect(turns).toBeLessThan(10);
    const next = await fixture.jobIn('succeeded');
    await tellAll(tell);
    expect((await told()).map(({ jobId }) => jobId)).toEqual([id, id, next.id]);
  });

  it('tells an endpoint what it asked for: jobs of its client, and of these the news, types and labels that it wants', async () => {
    const ofOther = await endpoint({ client: 'ada' });
    const onlyFailed = await endpoint({ events: ['job.failed'] });
    const onlyDna = await endpoint({ types: ['AIMediaDNA'] satisfies JobType[] });
    const labelled = await endpoint({ labels: { batch: 'a', tier: 'gold' } });
    const removed = await endpoint();
    await query(`update endpoint set deleted_at = now() where id = $1`, [removed]);
    await fixture.jobIn('succeeded');
    await fixture.jobIn('failed', { types: ['AIMediaDNA'] });
    await fixture.jobIn('expired', { labels: { batch: 'a' } });
    await fixture.jobIn('held', { labels: { batch: 'a', tier: 'gold', more: 'x' } });
    await fixture.jobIn('canceled', { client: 'ada', labels: { batch: 'a', tier: 'gold' } });
    await tellAll();
    expect(await typesOf(ofOther)).toEqual(['job.canceled']);
    expect(await typesOf(onlyFailed)).toEqual(['job.failed']);
    expect(await typesOf(onlyDna)).toEqual(['job.failed']);
    expect(await typesOf(labelled)).toEqual(['job.held']);
    expect(await typesOf(removed)).toEqual([]);
  });

  it('tells a paused endpoint as well: its deliveries wait', async () => {
    const endpointId = await endpoint({ pauseReason: 'person' });
    await fixture.jobIn('succeeded');
    await tellAll();
    expect(await typesOf(endpointId)).toEqual(['job.succeeded']);
  });

  it('tells nobody of what was there before their endpoint, however late it reads', async () => {
    const first = await endpoint();
    const id = (await fixture.accept()).jobs[0]?.id ?? '';
    const early = await holding(id, 2);
    await fixture.jobIn('failed');
    const second = await endpoint();
    await early.query('commit'); // a lower id than the other line, and news to both
    await tellAll();
    expect((await typesOf(first)).toSorted()).toEqual(['job.failed', 'job.held']);
    expect(await typesOf(second)).toEqual(['job.held']);
  });

  it('leaves out nothing and tells nothing twice, in whatever order transactions commit', async () => {
    await endpoint();
    const id = (await fixture.accept()).jobs[0]?.id ?? '';
    const [first, second, third] = [await holding(id, 2), await holding(id, 3), await holding(id, 4)];
    await third.query('commit');
    await tellAll();
    await first.query('commit');
    await tellAll();
    await second.query('rollback');
    await tellAll();
    const versions = await query<{ version: number }>(
      `select version from delivery join history on history.id = history_id order by delivery.id`,
    );
    expect(versions.map(({ version }) => version)).toEqual([4, 2]);
  });

  it('row 41: tells each line once while writers commit and take back, and several workers read', async () => {
    await endpoint();
    await endpoint({ events: ['job.held'] });
    const ids = await Promise.all(Array.from({ length: 6 }, async () => (await fixture.accept()).jobs[0]?.id ?? ''));
    const written = new AbortController();
    const writers = Promise.all(
      ids.map(async (id, writer) => {
        const client = await connect();
        for (let round = 0; round < 15; round += 1) {
          await client.query('begin');
          await writeLine(client, id, 2 + 2 * round);
          // Some transactions last while others come and go.
          for (let i = 0; i < (writer * round) % 7; i += 1) await client.query('select');
          await writeLine(client, id, 3 + 2 * round);
          await client.query((writer + round) % 5 === 0 ? 'rollback' : 'commit');
        }
      }),
    ).finally(() => written.abort());
    const signals = new Signals();
    const anew: unknown[] = [];
    signals.on('news.begun_anew', (said) => anew.push(said));
    const readers = (await fixture.connections(3)).map(async (db) => {
      const tell = tellOf(new NewsStore(db), signals);
      while (!written.signal.aborted) await tell.run(() => {});
    });
    await Promise.all([writers, ...readers]);
    await tellAll();
    expect(anew).toEqual([]);
    const [counted] = await query(
      `select (select count(*)::int from history where to_state = 'held') as lines,
              (select count(*)::int from delivery) as told,
              (select count(distinct (endpoint_id, history_id))::int from delivery) as different`,
    );
    expect(counted).toEqual({ lines: 144, told: 288, different: 288 });
    // Of each job in its order.
    const disordered = await query(
      `select from delivery as one
         join delivery as other on (other.endpoint_id, other.job_id) = (one.endpoint_id, one.job_id)
        where one.id < other.id and one.history_id > other.history_id`,
    );
    expect(disordered).toEqual([]);
  });

  it('tells a page at a time, and goes on where it was', async () => {
    await endpoint();
    for (let i = 0; i < 5; i += 1) await fixture.jobIn('canceled');
    const tell = new Tell({ news: new NewsStore(fixture.db), signals: new Signals() }, 3);
    expect(await tell.run(() => {})).toEqual({ again: 'now' });
    const begun = await told();
    expect(begun.length).toBeLessThan(5);
    await tellAll(tell);
    const all = await told();
    expect(all).toHaveLength(5);
    expect(all.slice(0, begun.length)).toEqual(begun);
  });

  it('leaves a turn that somebody else has, and looks again soon', async () => {
    await endpoint();
    await fixture.jobIn('succeeded');
    const news = new NewsStore(fixture.db);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const has = new Promise<void>((resolve) => {
      void news.alone(async () => {
        resolve();
        await held;
      });
    });
    await has;
    const [other] = await fixture.connections(1);
    const tell = tellOf(new NewsStore(other as never));
    expect(await tell.run(() => {})).toEqual({ again: 50 });
    expect(await told()).toEqual([]);
    letGo();
    await eventually('it is told', async () => {
      await tell.run(() => {});
      return (await told()).length === 1;
    });
  });

  describe('when a worker dies', () => {
    class Died extends Error {}

    /** A store whose worker is gone at one place: what it has begun is taken back, as Postgres does. */
    function dyingAt(place: 'before reading' | 'between reading and noting' | 'after noting'): NewsStore {
      const news = new NewsStore(fixture.db);
      const read = news.read.bind(news);
      const note = news.note.bind(news);
      news.read = async (turn: Turn, limit: number) => {
        if (place === 'before reading') throw new Died();
        return read(turn, limit);
      };
      news.note = async (...given: Parameters<typeof note>) => {
        if (place === 'between reading and noting') throw new Died();
        const noted = await note(...given);
        if (place === 'after noting') throw new Died();
        return noted;
      };
      return news;
    }

    it.each([
      ['before reading', 0],
      ['between reading and noting', 0],
      ['after noting', 1],
    ] as const)('%s, the next one tells what is left, and nothing twice', async (place, toldBefore) => {
      await endpoint();
      const job = await fixture.jobIn('succeeded');
      await expect(tellOf(dyingAt(place)).run(() => {})).rejects.toThrow(Died);
      expect(await told()).toHaveLength(toldBefore);
      await tellAll();
      expect(await told()).toMatchObject([{ jobId: job.id }]);
      await tellAll();
      expect(await told()).toHaveLength(1);
    });
  });

  it('tells nothing to an endpoint that is being removed', async () => {
    const endpointId = await endpoint();
    await fixture.jobIn('succeeded');
    const letGo = await fixture.hold(`update endpoint set deleted_at = now() where id = $1`, [endpointId]);
    const telling = tellAll();
    await fixture.untilWaiting(1);
    await letGo();
    await telling;
    expect(await told()).toEqual([]);
  });

  it('begins anew when its position is another database’s, and says so', async () => {
    const signals = new Signals();
    const anew: unknown[] = [];
    signals.on('news.begun_anew', (said) => anew.push(said));
    const endpointId = await endpoint();
    await fixture.jobIn('failed');
    await query(`update reader set position = '900000000:900000000:'`);
    await query(`update endpoint set since = '900000000:900000000:'`);
    const tell = tellOf(new NewsStore(fixture.db), signals);
    await tellAll(tell);
    expect([await told(), anew]).toEqual([[], [{ position: '900000000:900000000:' }]]);
    await fixture.jobIn('succeeded');
    await tellAll(tell);
    expect([await typesOf(endpointId), anew.length]).toEqual([['job.succeeded'], 1]);
  });

  it('has what is told behind an earlier one of its job wait for as long', async () => {
    await endpoint();
    const job = await fixture.jobIn('failed');
    await tellAll();
    await query(`update delivery set due_at = now() + interval '1 hour'`);
    await fixture.jobs().apply(job.id, { type: 'retried' });
    await fixture.jobs().apply(job.id, { type: 'canceled' });
    await tellAll();
    const due = await query(`select count(*)::int as deliveries, count(distinct due_at)::int as moments from delivery`);
    expect(due).toEqual([{ deliveries: 2, moments: 1 }]);
  });

  it('tells the job as it was then, though it has moved on', async () => {
    await endpoint();
    const job = await fixture.jobIn('failed');
    await fixture.jobs().apply(job.id, { type: 'retried' });
    await tellAll();
    const [first] = await told();
    expect(first?.job).toMatchObject({ state: 'failed', version: job.version, error: job.error, dueAt: null });
    expect(first?.job['settledAt']).toBe(job.settledAt?.toISOString());
  });

  it('says how many of what it told, and notes where it is now and then without any', async () => {
    const signals = new Signals();
    const counted: unknown[] = [];
    signals.on('news.told', (said) => counted.push(said));
    await endpoint();
    await endpoint();
    await fixture.jobIn('succeeded');
    const tell = tellOf(new NewsStore(fixture.db), signals);
    await tellAll(tell);
    expect(counted).toEqual([{ type: 'job.succeeded', deliveries: 2 }]);
    const before = await query(`update reader set updated_at = now() - interval '11 s' returning updated_at`);
    await tellAll(tell);
    expect(await query(`select updated_at from reader`)).not.toEqual(before);
  });
});

describe('The job of a line', () => {
  const job = {
    id: 'job-1',
    state: 'queued',
    version: 7,
    attempt: 2,
    dueAt: new Date(1),
    settledAt: null,
    error: null,
  };
  const line = { version: 5, to: 'failed', event: 'read_failed', attempt: 1, at: new Date(0) };
  const detail = { code: 'NoAudio', message: 'no audio' };
  const then = (more: Partial<HistoryRow>) =>
    jobThen({ job: job as never, line: { ...line, detail, ...more } as HistoryRow });

  it('is as it is, while it has not moved on', () => {
    expect(then({ version: 7 })).toBe(job);
  });

  it('is as the line left it', () => {
    const error = { phase: 'vod', code: 'NoAudio', message: 'no audio' };
    expect(then({})).toEqual({
      ...job,
      state: 'failed',
      version: 5,
      attempt: 1,
      dueAt: null,
      settledAt: line.at,
      error,
    });
    expect(then({ to: 'held', event: 'undecidable', detail: { reason: 'two of them' } })).toMatchObject({
      state: 'held',
      settledAt: null,
      error: { code: 'undecidable', message: 'two of them' },
    });
    expect(then({ to: 'succeeded', event: 'read_succeeded', detail: {} })).toMatchObject({
      error: null,
      settledAt: line.at,
    });
  });
});
