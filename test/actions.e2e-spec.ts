import { eventually } from '@app/testing';
import { faultRule, unlimited } from '@app/vod-emulator';
import { keys, Stack } from './support/stack';

/** What people do to jobs: cancel, retry, refetch. What they decide about held ones is in recovery.e2e-spec.ts. */

const FOREVER = { min: 3_600_000, max: 3_600_000 };
let stack: Stack;
afterEach(async () => {
  try {
    await expectSound();
  } finally {
    await stack.stop();
  }
});

async function expectSound(): Promise<void> {
  expect(await stack.broken({ mayBeOpen: true })).toEqual([]);
}

/** VOD's jobs end when the test ends them. */
async function start(env: Record<string, string> = {}, workers = 1): Promise<void> {
  stack = await Stack.start({ env, workers, emulator: { jobTimeMs: FOREVER, qps: unlimited } });
}

const act = (id: string, action: string, body?: unknown, key: string = keys.operator) =>
  stack.call('POST', `/v1/jobs/${id}/${action}`, { body, key });
const story = async (id: string) => (await stack.history(id)).map((line) => line.event);
const times = async (id: string, event: string) => (await story(id)).filter((each) => each === event).length;
const job = async (id: string) => (await stack.get(`/v1/jobs/${id}`)).body;
const billed = () => stack.emulator.ledger().billed;

async function open(mediaId = 'media-1', types = ['AIVideoTag']): Promise<string> {
  return (await stack.enqueue(mediaId, types)).jobs[0].id;
}

async function end(id: string, how: 'success' | 'fail'): Promise<any> {
  const { vodJobId } = await stack.untilJob(id, 'processing');
  stack.emulator.finish(vodJobId, how);
  return stack.untilJob(id, how === 'success' ? 'succeeded' : 'failed');
}

async function failed(mediaId = 'media-1'): Promise<any> {
  return end(await open(mediaId), 'fail');
}

describe('Cancel', () => {
  beforeEach(() => start({}, 0));

  it('takes a queued job back, with the reason and the name of who did it, and VOD never hears of it', async () => {
    const id = await open();
    const answer = await act(id, 'cancel', { reason: 'the wrong video' });
    expect(answer).toMatchObject({ status: 200, body: { id, state: 'canceled', dueAt: null, version: 2 } });
    const line = (await stack.history(id)).at(-1);
    expect(line).toMatchObject({ event: 'canceled', actor: 'otto', text: 'Canceled by otto: the wrong video' });
    await stack.startWorker();
    await end(await open('media-2'), 'success');
    expect(stack.emulator.jobs({ mediaId: 'media-1' })).toEqual([]);
  });

  it('is in the log with the name of who did it, as is what was asked for, and no key', async () => {
    const id = await open();
    await act(id, 'cancel', {}, keys.admin);
    const lines = stack.logLines.map((line) => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: 'request.accepted',
        process: 'api',
        client: 'otto',
        mediaId: 'media-1',
        newJobs: 1,
      }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'job.moved', process: 'api', actor: 'ada', jobId: id, state: 'canceled' }),
    );
    await act(id, 'cancel'); // too late
    await eventually('that is told, too', () =>
      stack.logLines.some((line) => line.includes('"msg":"job.ignored"') && line.includes('"actor":"otto"')),
    );
    expect(stack.logLines.filter((line) => /canary/i.test(line))).toEqual([]);
  });

  it('is done once when it is asked for twice, and the body may be left out', async () => {
    const id = await open();
    const answers = await Promise.all([act(id, 'cancel'), act(id, 'cancel'), act(id, 'cancel', {})]);
    expect(answers.map(({ status, body }) => [status, body.state])).toEqual(
      Array.from({ length: 3 }, () => [200, 'canceled']),
    );
    expect(await times(id, 'canceled')).toBe(1);
  });

  it('is not taken for done when somebody else did it, nor when somebody has undone it', async () => {
    const id = await open();
    await act(id, 'cancel');
    expect(await act(id, 'cancel', {}, keys.admin)).toMatchObject({
      status: 409,
      body: { code: 'wrong_state', states: ['queued'], detail: 'the job is canceled; this works in queued' },
    });
    await act(id, 'retry', {}, keys.admin);
    await stack.startWorker();
    await stack.untilJob(id, 'processing');
    expect(await act(id, 'cancel')).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
  });

  it('lets the same job be asked for anew', async () => {
    const id = await open();
    await act(id, 'cancel');
    expect(await open()).not.toBe(id);
  });

  it('is for operators, about jobs that exist, in words that are known', async () => {
    const id = await open();
    expect((await act(id, 'cancel', {}, keys.viewer)).status).toBe(403);
    expect((await act('01900000-0000-7000-8000-000000000000', 'cancel')).status).toBe(404);
    expect((await act('x', 'cancel')).status).toBe(400);
    for (const body of [{ version: 0 }, { version: '1' }, { reason: 'x'.repeat(501) }, { vodJobId: 'x' }, [], 'x']) {
      expect(await act(id, 'cancel', body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
    expect((await job(id)).state).toBe('queued');
  });
});

describe('What was decided about a job that has moved on', () => {
  beforeEach(() => start());

  it('is not done, and the answer says at which version the job is now', async () => {
    const { id, version } = await failed();
    await act(id, 'retry', {}, keys.admin);
    const again = await end(id, 'fail');
    expect(await act(id, 'retry', { version })).toMatchObject({
      status: 409,
      body: {
        code: 'wrong_state',
        states: ['failed', 'canceled', 'expired'],
        detail: `the job has moved on since: it is failed now, at version ${again.version}; look at it again`,
      },
    });
    expect((await job(id)).version).toBe(again.version);
  });

  it('was done already when the next line is the same action by the same person, for ever', async () => {
    const { id, version } = await failed();
    expect(await act(id, 'retry', { version })).toMatchObject({ status: 200, body: { version: version + 1 } });
    const again = await end(id, 'fail');
    // The answer to the click was lost, and the client repeats it: nothing is paid a third time.
    expect(await act(id, 'retry', { version })).toMatchObject({
      status: 200,
      body: { state: 'failed', version: again.version },
    });
    expect((await act(id, 'retry', { version }, keys.admin)).status).toBe(409);
    expect(await times(id, 'retried')).toBe(1);
    expect(billed()).toBe(2);
    // A new click, about what is there now.
    expect(await act(id, 'retry', { version: again.version })).toMatchObject({ body: { state: 'queued' } });
    expect(await times(id, 'retried')).toBe(2);
  });
});

describe('Retry', () => {
  beforeEach(() => start());

  it('pays once for a click, however often it arrives', async () => {
    const { id, version } = await failed();
    const answers = await Promise.all(Array.from({ length: 10 }, () => act(id, 'retry', { version })));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(await act(id, 'retry')).toMatchObject({ status: 200 });
    const over = await end(id, 'success');
    expect(over).toMatchObject({ attempts: 2, error: null });
    expect(await times(id, 'retried')).toBe(1);
    expect(billed()).toBe(2);
  });

  it('is a new one without a version when the job failed again', async () => {
    const { id } = await failed();
    await act(id, 'retry');
    await end(id, 'fail');
    expect(await act(id, 'retry')).toMatchObject({ status: 200, body: { state: 'queued' } });
    await end(id, 'success');
    expect(billed()).toBe(3);
  });

  it('concerns that job of its request alone, in a submission with the next number', async () => {
    const request = await stack.enqueue('media-1', ['AIVideoTag', 'AIMediaDNA']);
    const [tags, dna] = request.jobs.map(({ id }: any) => id);
    const kept = await end(dna, 'success');
    await end(tags, 'fail');
    await act(tags, 'retry');
    expect(await end(tags, 'success')).toMatchObject({ attempts: 2 });
    expect(await job(dna)).toEqual(kept);
    const submissions = await stack.query(`select number, types, outcome from submission order by number`);
    expect(submissions.map(({ number, types, outcome }) => [number, types.toSorted(), outcome])).toEqual([
      [1, ['AIMediaDNA', 'AIVideoTag'], 'accepted'],
      [2, ['AIVideoTag'], 'accepted'],
    ]);
    expect(billed()).toBe(3);
  });

  it('does not wait for what the client asked for anew: both are open, and whoever asks next gets one of them', async () => {
    const { id } = await failed();
    const other = await open();
    expect(await act(id, 'retry')).toMatchObject({ status: 200, body: { state: 'queued' } });
    const { status, body } = await stack.call('POST', '/v1/jobs', {
      body: { mediaId: 'media-1', types: ['AIVideoTag'] },
    });
    expect([status, body.deduplicated, [id, other].includes(body.jobs[0].id)]).toEqual([200, true, true]);
    await end(id, 'success');
    await end(other, 'success');
  });

  it('leaves an event of the former VOD job without a job, and never takes its result', async () => {
    stack.emulator.configure({ callback: { enabled: false } });
    const first = await stack.untilJob(await open(), 'processing');
    // As its deadline would leave it, which is the same for the next attempt.
    await stack.query(
      `update job set state = 'expired', due_at = null, settled_at = now(), holds_natural_key = false, version = version + 1`,
    );
    await stack.query(
      `insert into history (job_id, version, at, event, from_state, to_state, attempt)
       select id, version, now(), 'deadline_passed', 'processing', 'expired', attempt from job`,
    );
    await act(first.id, 'retry');
    const second = await stack.untilJob(first.id, 'processing');
    expect(second.vodJobId).not.toBe(first.vodJobId);

    stack.emulator.configure({ callback: { enabled: true } });
    stack.emulator.finish(first.vodJobId, 'success');
    await eventually('the late event was looked at', async () => {
      const { items } = (await stack.get(`/v1/events?vodJobId=${first.vodJobId}`)).body;
      return items[0]?.verdict === 'unmatched';
    });
    expect(await job(first.id)).toEqual(second);
    expect(await end(first.id, 'fail')).toMatchObject({ vodJobId: second.vodJobId });
  });

  it('is refused for what is open, or has succeeded', async () => {
    const id = await open();
    await stack.untilJob(id, 'processing');
    const states = ['failed', 'canceled', 'expired'];
    expect(await act(id, 'retry')).toMatchObject({ status: 409, body: { code: 'wrong_state', states } });
    await end(id, 'success');
    expect(await act(id, 'retry')).toMatchObject({ status: 409, body: { code: 'wrong_state', states } });
    expect(billed()).toBe(1);
  });
});

describe('Refetch', () => {
  beforeEach(() => start({ POLL_FIRST: '200ms', POLL_MAX: '400ms' }));

  it('reads the result again and pays nothing, and may be asked for again when that is over', async () => {
    const { id, vodJobId } = await end(await open(), 'success');
    for (const reads of [1, 2]) {
      const { body } = await act(id, 'refetch', { reason: 'the data was broken' });
      expect(body).toMatchObject({ state: 'finished', vodJobId });
      expect((await stack.untilJob(id, 'succeeded')).vodJobId).toBe(vodJobId);
      expect(await times(id, 'read_succeeded')).toBe(1 + reads);
    }
    expect(billed()).toBe(1);
  });

  it('is 409 for a job that VOD never had, and says why', async () => {
    const refusal = { fault: 'error', status: 404, code: 'InvalidVideo.NotFound' } as const;
    stack.emulator.configure({ faults: [faultRule('SubmitAIJob', refusal)] });
    const id = await open();
    await stack.untilJob(id, 'failed');
    expect(await act(id, 'refetch')).toMatchObject({
      status: 409,
      body: { code: 'wrong_state', detail: expect.stringContaining('VOD never had this job') },
    });
    expect(await story(id)).not.toContain('refetched');
  });
});
