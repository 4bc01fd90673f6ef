import http from 'node:http';
import { evidenceAnswer, flowAnswer, outlookAnswer, statsAnswer, workersAnswer } from '@app/contract';
import { ListReads } from '@app/persistence';
import { eventually } from '@app/testing';
import { keys, Stack } from './support/stack';

const TEN_MINUTES = { min: 600_000, max: 600_000 };

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.start({ emulator: { jobTimeMs: TEN_MINUTES } });
});
afterAll(() => stack.stop());

describe('The search', () => {
  it('finds a job by whatever somebody has at hand', async () => {
    const request = await stack.enqueue('media-searched', ['AIVideoTag'], { labels: { ticket: 'T-1:a' } });
    const { id, vodJobId } = await stack.untilJob(request.jobs[0].id, 'processing');
    for (const q of ['media-searched', vodJobId, id, id.toUpperCase(), request.id, 'ticket:T-1:a']) {
      const { status, body } = await stack.get(`/v1/jobs?q=${encodeURIComponent(q)}`);
      expect([q, status, body.items.map((job: any) => job.id)]).toEqual([q, 200, [id]]);
    }
    for (const q of ['media-search', 'ticket:T-1', ':', 'x:', '%25', "' or true --"]) {
      expect((await stack.get(`/v1/jobs?q=${encodeURIComponent(q)}`)).body.items).toEqual([]);
    }
    expect((await stack.get(`/v1/jobs?q=${id}&state=failed`)).body.items).toEqual([]);
  });
});

describe('The evidence', () => {
  it('has the shape of the contract', async () => {
    const { jobs } = await stack.enqueue('media-evident');
    const { id } = await stack.untilJob(jobs[0].id, 'processing');
    const { status, body } = await stack.get(`/v1/jobs/${id}/evidence`);
    expect(status).toBe(200);
    expect(evidenceAnswer.strict().parse(body)).toMatchObject({
      submissions: [{ number: 1, types: ['AIVideoTag'], outcome: 'accepted', vodRequestId: expect.any(String) }],
      unmatchedEvents: [],
      sameMedia: [],
    });
    expect((await stack.get('/v1/jobs/01900000-0000-7000-8000-000000000000/evidence')).status).toBe(404);
  });
});

describe('The flow', () => {
  it('has the shape of the contract, over the hour and over the day', async () => {
    const { jobs } = await stack.enqueue('media-flowing');
    await stack.untilJob(jobs[0].id, 'processing');
    for (const [window, buckets] of [
      ['1h', 60],
      ['24h', 96],
    ] as const) {
      const { status, body } = await stack.get(`/v1/flow?window=${window}`);
      expect(status).toBe(200);
      const flow = flowAnswer.strict().parse(body);
      expect(flow.buckets).toHaveLength(buckets);
      expect(flow.total.accepted).toBeGreaterThan(0);
      expect(flow.atVod).toContainEqual({
        region: 'cn-shanghai',
        type: 'AIVideoTag',
        jobs: expect.any(Number),
        maxInFlight: 0,
      });
      expect(flow).toMatchObject({ circuits: [], closedQueues: [], oldestDueAt: expect.any(String) });
    }
    expect((await stack.get('/v1/flow?window=2h')).status).toBe(400);
  });

  it('shows a queue that VOD has asked to rest, until it works again', async () => {
    const throttled = await Stack.start({ emulator: { jobTimeMs: TEN_MINUTES, qps: { SubmitAIJob: 1 } } });
    try {
      await Promise.all(Array.from({ length: 4 }, (_, i) => throttled.enqueue(`media-${i}`)));
      const closed = await eventually('the flow shows a closed queue', async () => {
        const { body } = await throttled.get('/v1/flow');
        return body.closedQueues[0];
      });
      expect(closed).toMatchObject({
        queue: 'submit',
        region: 'cn-shanghai',
        code: expect.stringMatching(/^Throttling/),
      });
    } finally {
      await throttled.stop();
    }
  });
});

describe('The processes', () => {
  it('are listed while they run, each with its role, version, regions and since when', async () => {
    const list = async () => workersAnswer.strict().parse((await stack.get('/v1/workers')).body).items;
    const before = await list();
    expect(before.map(({ role }) => role)).toEqual(['api', 'webhook', 'worker']);
    expect(before[2]).toMatchObject({
      regions: ['cn-shanghai'],
      limits: { submitQps: 30, collectQps: 20, maxInFlight: 0 },
    });
    const second = await stack.startWorker({ VOD_REGIONS: 'cn-beijing', SUBMIT_QPS: '7', MAX_IN_FLIGHT: '2' });
    const more = await list();
    expect(more).toHaveLength(4);
    expect(more[3]).toMatchObject({
      role: 'worker',
      regions: ['cn-beijing'],
      limits: { submitQps: 7, collectQps: 20, maxInFlight: 2 },
    });
    await stack.stopWorker(second);
    expect((await list()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });
});

describe('A backlog', () => {
  let slow: Stack;
  beforeAll(async () => {
    slow = await Stack.start({ emulator: { jobTimeMs: { min: 10, max: 20 } }, env: { SUBMIT_QPS: '1' } });
  });
  afterAll(() => slow.stop());

  const outlookOf = async (id: string) => outlookAnswer.strict().parse((await slow.get(`/v1/jobs/${id}/outlook`)).body);
  const statsOf = async (query = '') => statsAnswer.strict().parse((await slow.get(`/v1/stats${query}`)).body);

  it('says how many are before a job and when it is sent, and is not late; the batch says how far it is', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      const { jobs } = await slow.enqueue(`media-${i}`, ['AIVideoTag'], {
        labels: { batch: i < 2 ? 'first' : 'rest' },
      });
      ids.push(jobs[0].id);
    }
    const [first = '', second = '', last = ''] = [ids[0], ids[1], ids.at(-1)];
    const outlook = await outlookOf(last);
    expect(outlook).toMatchObject({ reason: 'in_line', late: false, ahead: expect.any(Number), perSecond: 1 });
    expect(outlook.ahead).toBeGreaterThan(4);
    expect(Date.parse(outlook.expectedAt ?? '')).toBeGreaterThan(Date.now());

    await slow.untilJob(first, 'succeeded');
    await slow.untilJob(second, 'succeeded');
    expect(await outlookOf(first)).toMatchObject({ reason: 'over', ahead: null });
    const [all, batch, rest] = [
      await statsOf(),
      await statsOf('?label=batch:first'),
      await statsOf('?label=batch:rest'),
    ];
    expect(all).toMatchObject({ jobs: { total: 12 }, progress: null, late: [], unserved: [] });
    expect(batch).toMatchObject({
      jobs: { total: 2, byState: { succeeded: 2, queued: 0 } },
      progress: { total: 2, succeeded: 2, open: 0, expectedAt: null },
    });
    expect(rest.progress).toMatchObject({ total: 10, held: 0, failed: 0, expectedAt: expect.any(String) });

    const [worker] = slow.workers;
    if (worker) await slow.stopWorker(worker);
    expect(await outlookOf(last)).toMatchObject({ reason: 'no_worker', late: false, expectedAt: null });
    expect((await statsOf()).unserved).toEqual([{ region: 'cn-shanghai', dueAt: expect.any(String) }]);
    expect((await slow.get('/v1/flow')).body.unserved).toHaveLength(1);
  });

  it('refuses what is no filter, rather than count everything', async () => {
    for (const query of ['lable=batch:first', 'label=first', 'state=new', 'limit=3']) {
      const { status, body } = await slow.get(`/v1/stats?${query}`);
      expect([query, status, body.code]).toEqual([query, 400, 'invalid_request']);
    }
    expect((await slow.get('/v1/jobs/01900000-0000-7000-8000-000000000000/outlook')).status).toBe(404);
    expect((await slow.get('/v1/jobs/nonsense/outlook')).status).toBe(400);
  });
});

describe('The export', () => {
  const labels = { set: 'export' };
  let ids: string[];
  beforeAll(async () => {
    const requests = [];
    for (const mediaId of ['=cmd|calc', 'media"quoted"', 'media-3']) {
      requests.push(await stack.enqueue(mediaId, ['AIVideoTag'], { labels }));
    }
    ids = requests.map((request) => request.jobs[0].id).toReversed();
    for (const id of ids) await stack.untilJob(id, 'processing');
  });

  it('as NDJSON is the list, line by line', async () => {
    const { status, headers, body } = await stack.get('/v1/jobs.ndjson?label=set:export&state=processing');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="jobs-[\dT-]+Z\.ndjson"$/);
    const lines = String(body).trimEnd().split('\n').map((line) => JSON.parse(line)); // prettier-ignore
    expect(lines).toEqual((await stack.get('/v1/jobs?label=set:export')).body.items);
    expect(lines.map((job: any) => job.id)).toEqual(ids);
  });

  it('as CSV has a header, a line for each job, and no formula', async () => {
    const { headers, body } = await stack.get('/v1/jobs.csv?label=set:export');
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [head, ...lines] = String(body).split('\r\n');
    expect(head).toBe(
      'id,requestId,mediaId,region,type,state,vodJobId,attempts,priority,labels,client,errorPhase,errorCode,errorMessage,createdAt,submittedAt,finishedAt,settledAt,dueAt,version',
    );
    expect(lines.map((line) => line.slice(0, 36))).toEqual([...ids, '']);
    expect(lines[0]).toContain(',media-3,cn-shanghai,AIVideoTag,processing,');
    expect(lines[0]).toContain(',normal,"{""set"":""export""}",otto,,,,20');
    expect(lines[1]).toContain(',"media""quoted""",');
    expect(lines[2]).toContain(",'=cmd|calc,");
  });

  it('is refused like the list', async () => {
    expect((await stack.get('/v1/jobs.csv?state=new')).status).toBe(400);
    expect((await stack.get('/v1/jobs.csv?limit=3')).status).toBe(400);
    expect((await stack.call('GET', '/v1/jobs.csv', { key: null })).status).toBe(401);
  });
});

describe('A long export', () => {
  const JOBS = 20_000;
  beforeAll(async () => {
    await stack.query(
      `with asked as (
         insert into request (id, client, body_hash, media_id, region, priority, created_at)
         select ('01990000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'long', '', 'long', 'cn-shanghai', 1, now()
           from generate_series(1, $1) as i
         returning id
       )
       insert into job (id, request_id, type, state, version, client, region, media_id, priority, natural_key,
                        holds_natural_key, created_at, settled_at)
       select id, id, 'AIVideoTag', 'canceled', 2, 'long', 'cn-shanghai', 'long', 1, '', false, now(), now() from asked`,
      [JOBS],
    );
  });

  function start(path: string): http.ClientRequest {
    const headers = { authorization: `Bearer ${keys.viewer}` };
    return http.get(`${stack.api.url}${path}`, { headers });
  }

  it('has every job once, in order', async () => {
    const { body } = await stack.get('/v1/jobs.ndjson?client=long');
    const seen = String(body).trimEnd().split('\n').map((line) => JSON.parse(line).id as string); // prettier-ignore
    expect(seen).toHaveLength(JOBS);
    expect(seen).toEqual(seen.toSorted().toReversed());
    expect(new Set(seen).size).toBe(JOBS);
  });

  it('breaks the connection when the database goes away in the middle, rather than ending as if it were complete', async () => {
    const outcome = await new Promise<string>((resolve, reject) => {
      const request = start('/v1/jobs.ndjson?client=long');
      request.on('error', reject);
      request.on('response', (response) => {
        expect(response.statusCode).toBe(200);
        response.on('error', () => resolve('broken'));
        response.on('end', () => resolve('complete'));
        // Nobody reads yet, so the api has stopped at some page. Its next one finds no table.
        void stack
          .query('alter table job rename to job_away')
          .then(() => response.resume())
          .catch(reject);
      });
    });
    await stack.query('alter table job_away rename to job');
    expect(outcome).toBe('broken');
  });

  it('is not read any further when the client goes away', async () => {
    const begun = jest.spyOn(ListReads.prototype, 'allJobs');
    const request = start('/v1/jobs.ndjson?client=long');
    request.on('error', () => undefined);
    await new Promise((resolve) => request.on('response', resolve));
    const [result] = begun.mock.results;
    const ended = jest.spyOn(result?.value as ReturnType<ListReads['allJobs']>, 'return');
    request.destroy();
    await eventually('the reading has ended', () => ended.mock.calls.length > 0);
  });
});
