import { unlimited } from '@app/vod-emulator';
import { startApi } from '../apps/api/src';
import { loadConfig } from '@app/config';
import { createLogger } from '@app/observability';
import { eventually } from '@app/testing';
import { EventReader } from './support/event-reader';
import { keys, Stack, type Answer } from './support/stack';

const FOREVER = { min: 3_600_000, max: 3_600_000 };
/** A server that stops waits so long for its requests. */
const WHEN_OTHERS_ARE_CUT_MS = 15_000;

let stack: Stack;
const readers: EventReader[] = [];
let medias = 0;

beforeAll(async () => {
  stack = await Stack.start({
    env: { VOD_REGIONS: 'cn-shanghai,cn-beijing', SUBMIT_QPS: '1000', COLLECT_QPS: '1000' },
    emulator: { jobTimeMs: FOREVER, qps: unlimited },
  });
});
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});
afterAll(() => stack.stop());

async function listen(query = '', lastEventId?: string, url = stack.api.url): Promise<EventReader> {
  const reader = await EventReader.open(`${url}/v1/stream${query}`, keys.viewer, lastEventId);
  readers.push(reader);
  await reader.until('it is ready', ({ events }) => events.length > 0);
  return reader;
}

const refused = (query = '', lastEventId = '', key: string | null = keys.viewer): Promise<Answer> =>
  stack.call('GET', `/v1/stream${query}`, { key, headers: lastEventId === '' ? {} : { 'last-event-id': lastEventId } });

/** Streams that the api has open. */
async function listeners(): Promise<number> {
  const metrics = await (await fetch(`${stack.api.url}/metrics`)).text();
  return Number(/^vodai_listeners (\d+)$/m.exec(metrics)?.[1]);
}

/** A media that no other test asks for. */
function newMedia(): string {
  medias += 1;
  return `media-${medias}`;
}

async function open(more: Record<string, unknown> = {}, mediaId = newMedia()): Promise<any> {
  const request = await stack.enqueue(mediaId, ['AIVideoTag'], more);
  return stack.untilJob(request.jobs[0].id, 'processing');
}

async function end(job: any, how: 'success' | 'fail' = 'success'): Promise<any> {
  stack.emulator.finish(job.vodJobId, how);
  return stack.untilJob(job.id, 'succeeded', 'failed');
}

/** Every line of the job's history came, once, in order. */
function heardAllOf(reader: EventReader, job: any): boolean {
  const versions = reader.jobs.filter(({ data }) => data.job.id === job.id).map(({ data }) => data.change.version);
  return versions.join() === Array.from({ length: job.version }, (_, i) => i + 1).join();
}

describe('The stream', () => {
  it('tells first where it begins, and then each change of a job as its history has it', async () => {
    const reader = await listen();
    expect(reader.status).toBe(200);
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(reader.events[0]).toEqual({ event: 'ready', id: expect.stringMatching(/^\d+:\d+:/), data: {} });

    const job = await end(await open({ labels: { batch: 'one' } }));
    await reader.until('it has all of it', () => heardAllOf(reader, job));
    expect(reader.jobs.map(({ data }) => data.change)).toEqual(await stack.history(job.id));
    expect(reader.jobs.at(-1)?.data.job).toEqual(job);
    expect(new Set(reader.events.map(({ id }) => id)).size).toBe(reader.events.length);
  });

  it('is for viewers, who have a key', async () => {
    expect(await refused('', '', null)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect(await refused('', '', 'nobody')).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
  });

  it.each(['?state=nowhere', '?limit=10', '?cursor=x', '?label=x', '?createdFrom=yesterday', '?q='])(
    'is 400 for the question %s',
    async (query) => expect(await refused(query)).toMatchObject({ status: 400, body: { code: 'invalid_request' } }),
  );

  it.each([
    ['that never was one', 'x'],
    ['that is nearly one', '1:2:3'],
    ['of a later time of this database', '1:900000000000:'],
    ['amid something of a later time', '1:2:/3:900000000000:/7'],
  ])('is 400 for an id %s', async (_what, id) => {
    const reader = await EventReader.open(`${stack.api.url}/v1/stream`, keys.viewer, id);
    readers.push(reader);
    expect(reader.status).toBe(400); // looked at first, as a stream has no end
    expect(await refused('', id)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ path: 'last-event-id' }] },
    });
  });
});

describe('Filters of the stream', () => {
  it('are those of the list', async () => {
    const labels = { batch: 'two', kind: 'a:b' };
    const before = await open();
    const job = await open({ labels, region: 'cn-beijing' }, 'abcd-0123-media');
    const at = encodeURIComponent(job.createdAt);
    const yes = [
      `mediaId=${job.mediaId}`, `vodJobId=${job.vodJobId}`, `requestId=${job.requestId.toUpperCase()}`, `type=AIVideoTag&mediaId=${job.mediaId}`,
      'region=cn-beijing', `client=otto&q=${job.id.toUpperCase()}`, 'label=batch:two&label=kind:a:b', `createdFrom=${at}`,
      `q=${job.mediaId}`, 'q=abcd', 'q=ABCD-01', 'mediaIdPrefix=a', `q=${job.vodJobId.toUpperCase()}`, `q=${job.requestId}`, `q=${job.vodJobId}`, 'q=kind:a:b', `state=succeeded&mediaId=${job.mediaId}`,
    ]; // prettier-ignore
    const no = [
      'type=AIMediaDNA', 'client=vera', 'label=batch:three', 'label=kind:a', `createdTo=${encodeURIComponent(before.createdAt)}`,
      'errorCode=NoAudio', 'q=nothing', 'q=batch', 'q=abc', 'q=bcd-', 'mediaIdPrefix=A', 'mediaIdPrefix=b', 'state=held', `mediaId=${job.mediaId}%25`, 'q=%25', 'label=constructor:x',
    ]; // prettier-ignore
    const hearing = await Promise.all(yes.map((query) => listen(`?${query}`)));
    const deaf = await Promise.all(no.map((query) => listen(`?${query}`)));
    const all = await listen();
    await end(before);
    await end(job);
    await all.until('all is told', ({ told }) => told.includes(`${job.mediaId} 5`));
    for (const [i, reader] of hearing.entries()) {
      await reader.until(`${yes[i]} has heard the end`, ({ told }) => told.at(-1) === `${job.mediaId} 5`);
      expect([yes[i], reader.told.filter((line) => !line.startsWith(job.mediaId))]).toEqual([yes[i], []]);
    }
    expect(deaf.flatMap(({ told }, i) => told.map((line) => [no[i], line]))).toEqual([]);
  });

  it('let a change out of a state through as well, so that a row can leave a view', async () => {
    const job = await open();
    const reader = await listen(`?state=processing&state=queued&mediaId=${job.mediaId}`);
    await end(job);
    await reader.until('it left', ({ told }) => told.length > 0);
    expect(reader.jobs.map(({ data }) => [data.change.from, data.change.to])).toEqual([['processing', 'finished']]);
  });

  it('tell whoever filters by an error or a JobId that a person has taken it away', async () => {
    const job = await end(await open(), 'fail');
    const questions = [`errorCode=${job.error.code}`, `vodJobId=${job.vodJobId}`, `q=${job.vodJobId}`];
    const filtered = await Promise.all(questions.map((question) => listen(`?${question}`)));
    expect(await stack.call('POST', `/v1/jobs/${job.id}/retry`, { body: {} })).toMatchObject({ status: 200 });
    for (const reader of filtered) {
      await reader.until('it left', ({ jobs }) => jobs.length > 0);
      expect(reader.jobs[0]?.data.change).toMatchObject({ event: 'retried', detail: { wasVodJobId: job.vodJobId } });
    }
  });
});

describe('A client that comes back', () => {
  it('misses nothing and hears nothing twice, wherever it broke off', async () => {
    const whole = await listen();
    const jobs = await Promise.all(Array.from({ length: 5 }, () => open()));
    for (const job of jobs) stack.emulator.finish(job.vodJobId);
    const over = await Promise.all(jobs.map((job) => stack.untilJob(job.id, 'succeeded')));
    await whole.until('it has all of it', () => over.every((job) => heardAllOf(whole, job)));
    const told = whole.told;
    const broken = await Promise.all(whole.events.map(({ id }) => listen('', id ?? '')));
    await end(await open());
    await whole.until('it has one more', () => whole.told.length === told.length + 5);
    for (const [i, reader] of broken.entries()) {
      await reader.until(`the one from ${i} on is there`, () => reader.told.length >= told.length + 5 - i);
      expect(reader.told.toSorted()).toEqual(whole.told.slice(i).toSorted());
      // Of two jobs, either may be told first; what happens to one job comes in its order.
      const versions = (mediaId: string) =>
        reader.jobs.flatMap(({ data }) => (data.job.mediaId === mediaId ? [data.change.version] : []));
      for (const { mediaId } of over) expect(versions(mediaId)).toEqual(versions(mediaId).toSorted((a, b) => a - b));
    }
  });

  it('finds the same at an api that was started meanwhile', async () => {
    const before = await listen();
    const logger = createLogger({ level: 'fatal', format: 'json', process: 'api' });
    const job = await open();
    await before.until('it has heard of it', ({ told }) => told.length >= 3);
    before.close();
    await end(job);
    const another = await startApi(loadConfig(stack.env, 'api'), logger);
    try {
      const again = await listen('', before.lastId, another.url);
      await again.until('it has heard the end', ({ told }) => told.includes(`${job.mediaId} 5`));
      expect([...before.told, ...again.told]).toEqual([1, 2, 3, 4, 5].map((version) => `${job.mediaId} ${version}`));
      const next = await end(await open());
      await again.until('it follows', ({ told }) => told.includes(`${next.mediaId} 5`));
      // Streams do not hold up a stop, though they have no end of their own.
      const started = performance.now();
      const stopped = another.close();
      await again.until('it was told to go', ({ ended }) => ended);
      await stopped;
      expect(performance.now() - started).toBeLessThan(WHEN_OTHERS_ARE_CUT_MS);
    } finally {
      await another.close().catch(() => undefined);
    }
  });

  it('catches up with more than a page, through a filter, and then follows', async () => {
    const start = await listen();
    const { id: since } = start.events[0] ?? {};
    const [one] = await Promise.all(Array.from({ length: 150 }, () => stack.enqueue(newMedia())));
    const last = await stack.untilJob(one.jobs[0].id, 'processing');
    await start.until('all of it was told', ({ told }) => told.length >= 450);
    const [all, some] = await Promise.all([listen('', since ?? ''), listen(`?q=${last.id}`, since ?? '')]);
    await end(last);
    await all.until('it has the last', ({ told }) => told.includes(`${last.mediaId} 5`));
    await start.until('it has the last too', ({ told }) => told.includes(`${last.mediaId} 5`));
    await some.until('it has its own', ({ told }) => told.length >= 5);
    expect(all.told.toSorted()).toEqual(start.told.toSorted());
    expect(some.told).toEqual([1, 2, 3, 4, 5].map((version) => `${last.mediaId} ${version}`));
  });
});

describe('The stream goes on', () => {
  it('when the connection that listens is cut, and what happens meanwhile is told', async () => {
    const reader = await listen();
    await stack.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'vodai-api-listen'`,
    );
    const job = await end(await open());
    await reader.until('it has all of it', () => heardAllOf(reader, job));
  });

  it('when all connections of the api are cut', async () => {
    const reader = await listen();
    await stack.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name like 'vodai-api%'`,
    );
    // A request that meets a connection which is gone is told to come again.
    const media = newMedia();
    const accepted = await eventually('the api takes jobs again', async () => {
      const { status, body } = await stack.call('POST', '/v1/jobs', {
        body: { mediaId: media, types: ['AIVideoTag'] },
      });
      expect([200, 202, 503]).toContain(status);
      return status === 503 ? null : body;
    });
    const job = await end(await stack.untilJob(accepted.jobs[0].id, 'processing'));
    await reader.until('it has all of it', () => heardAllOf(reader, job));
  });

  it('without those who do not read, and they come back to where they were', async () => {
    await eventually('the streams of other tests are gone', async () => (await listeners()) === 0);
    const slow = await listen();
    const quick = await listen();
    slow.pause();
    const job = await open({ labels: { big: 'x'.repeat(250) } });
    // Much is told: the same line of history again and again, as nothing in the product can do.
    let version = job.version;
    await eventually('the slow one was cut', async () => {
      await stack.query(
        `insert into history (job_id, version, at, event, from_state, to_state, attempt, detail)
         select $1, version, now(), 'read_running', 'processing', 'processing', 1, jsonb_build_object('status', repeat('x', 3000))
           from generate_series($2::int, $3::int) as version`,
        [job.id, version + 1, version + 200],
      );
      await stack.query(`notify vodai_job_changed`);
      version += 200;
      await quick.until('the quick one has read it', ({ told }) => told.at(-1) === `${job.mediaId} ${version}`);
      return (await listeners()) === 1;
    });
    slow.resume();
    await slow.until('it sees that it is cut', ({ ended }) => ended);
    const again = await listen('', slow.lastId);
    await again.until('it has everything as well', ({ told }) => told.at(-1) === `${job.mediaId} ${version}`);
    expect([...slow.told, ...again.told]).toEqual(quick.told);
  });
});
