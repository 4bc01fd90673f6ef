import { type Ask, closeAll, entriesOf, readJob, startEmulator, submit } from '../test/support';
import { faultRule } from './faults';

afterEach(closeAll);

const HOUR = { min: 3_600_000, max: 3_600_000 };

describe('ListAIJob', () => {
  it('shows a job from the queue to its end', async () => {
    let now = Date.parse('2026-01-02T03:04:05Z');
    const Timestamp = '2026-01-02T03:04:05Z';
    const { ask, emulator } = await startEmulator({ clock: () => now, jobTimeMs: HOUR });
    const pinned: Ask = (action, parameters, options) => ask(action, { ...parameters, Timestamp }, options);
    const jobId = await submit(pinned, 'm');
    const open = { Type: 'AIVideoTag', MediaId: 'm', CreationTime: '2026-01-02T03:04:05Z', JobId: jobId };
    expect(await readJob(pinned, jobId)).toEqual({ Status: 'init', ...open });

    now += 10 * 60_000;
    expect(await readJob(pinned, jobId)).toEqual({ Status: 'processing', ...open });

    emulator.finish(jobId);
    expect(await readJob(pinned, jobId)).toEqual({
      ...open,
      Status: 'success',
      Code: '0',
      Message: 'OK',
      CompleteTime: '2026-01-02T03:14:05Z',
      Data: expect.any(String),
    });
  });

  it('lists unknown ids apart, as an array', async () => {
    const { ask } = await startEmulator();
    const jobId = await submit(ask, 'm');
    const { body } = await ask('ListAIJob', { JobIds: `nobody,${jobId}` });
    expect(body).toMatchObject({
      AIJobList: { AIJob: [{ JobId: jobId }] },
      NonExistAIJobIds: { String: ['nobody'] },
    });
  });

  it.each([
    ['text', '["nobody"]'],
    ['text_in_array', ['["nobody"]']],
  ] as const)(
    'prints unknown ids as %s when told so, also those that a fault makes unknown',
    async (missingIds, String) => {
      const { ask, emulator } = await startEmulator({ missingIds });
      expect((await ask('ListAIJob', { JobIds: 'nobody' })).body).toMatchObject({ NonExistAIJobIds: { String } });
      const jobId = await submit(ask, 'm');
      emulator.configure({ faults: [faultRule('ListAIJob', { fault: 'vanished' })] });
      const { body } = await ask('ListAIJob', { JobIds: jobId });
      expect(JSON.stringify(body['NonExistAIJobIds'])).toContain(jobId);
      expect(typeof (body['NonExistAIJobIds'] as { String: unknown }).String).toBe(typeof String);
    },
  );

  it('takes ten ids and refuses eleven', async () => {
    const { ask } = await startEmulator();
    const ids = (count: number) => Array.from({ length: count }, (_, i) => `id${i}`).join(',');
    expect((await ask('ListAIJob', { JobIds: ids(10) })).status).toBe(200);
    expect(await ask('ListAIJob', { JobIds: ids(11) })).toMatchObject({
      status: 400,
      body: { Code: 'JobIdsExceededMax' },
    });
  });

  it('refuses a call without ids', async () => {
    const { ask } = await startEmulator();
    expect((await ask('ListAIJob', { JobIds: ' , ' })).body.Code).toBe('MissingParameter');
  });

  it('says why a job failed', async () => {
    const { ask } = await startEmulator();
    expect(await readJob(ask, await submit(ask, 'fail-1'))).toMatchObject({
      Status: 'fail',
      Code: 'InvalidParameter.ResourceContentBad',
      Data: '{}',
    });
  });
});

describe('ListJobInfo', () => {
  it('lists the AI jobs of a media, without their types', async () => {
    const { ask } = await startEmulator();
    const first = await submit(ask, 'm', 'AIVideoTag');
    const second = await submit(ask, 'm', 'AIMediaDNA');
    await submit(ask, 'other');
    const { body } = await ask('ListJobInfo', { MediaId: 'm', JobType: 'ai' });
    const job = (JobId: string) => ({
      JobId,
      Status: 'success',
      // 16 digits: pop-core makes an object of it, and JSON a string of that.
      UserId: expect.anything(),
      CreateTime: expect.stringMatching(/Z$/),
      CompleteTime: expect.stringMatching(/Z$/),
    });
    expect(body).toMatchObject({ MediaId: 'm', JobType: 'ai', JobInfoList: [job(first), job(second)] });
  });

  it('knows no other jobs than AI jobs', async () => {
    const { ask } = await startEmulator();
    await submit(ask, 'm');
    expect((await ask('ListJobInfo', { MediaId: 'm', JobType: 'transcode' })).body).toMatchObject({ JobInfoList: [] });
  });

  it.each([
    [{ JobType: 'ai' }, 'MissingParameter'],
    [{ MediaId: 'm' }, 'MissingParameter'],
    [{ MediaId: 'm', JobType: 'magic' }, 'InvalidParameter'],
  ])('refuses %j', async (parameters, code) => {
    const { ask } = await startEmulator();
    expect((await ask('ListJobInfo', parameters)).body.Code).toBe(code);
  });
});

describe('the listings', () => {
  it('show a job only after their lag', async () => {
    let now = Date.parse('2026-01-02T03:04:05Z');
    const { ask } = await startEmulator({ clock: () => now, listingLagMs: 3000 });
    const Timestamp = '2026-01-02T03:04:05Z';
    const jobId = await submit(ask, 'm', 'AIVideoTag', { Timestamp });
    const listed = async () => ({
      list: entriesOf(await ask('ListAIJob', { JobIds: jobId, Timestamp })).length,
      info: (await ask('ListJobInfo', { MediaId: 'm', JobType: 'ai', Timestamp })).body['JobInfoList'],
    });
    now += 2999;
    expect(await listed()).toEqual({ list: 0, info: [] });
    now += 1;
    expect(await listed()).toEqual({ list: 1, info: [expect.objectContaining({ JobId: jobId })] });
  });

  it('may not know AI jobs at all, while ListAIJob does', async () => {
    const { ask } = await startEmulator({ listsAiJobs: false });
    const jobId = await submit(ask, 'm');
    expect((await ask('ListJobInfo', { MediaId: 'm', JobType: 'ai' })).body).toMatchObject({ JobInfoList: [] });
    expect((await readJob(ask, jobId))['Status']).toBe('success');
  });
});
