import { type Ask, closeAll, startEmulator, submit, until } from '../test/support';

afterEach(closeAll);

const NOW = Date.parse('2026-01-02T03:04:05Z');
const HOUR_MS = 3_600_000;
const Timestamp = '2026-01-02T03:04:05Z';

describe('GetJobDetail', () => {
  it.each([
    ['AIVideoTag', 'AIVideoTag'],
    ['AIMediaDNA', 'AIVideoFPShot'],
  ])('knows a job of %s as %s', async (Types, JobType) => {
    const { ask } = await startEmulator();
    const Config = '{"AIVideoTag":{"AnalyseTypes":"ASR"}}';
    const JobId = await submit(ask, 'm', Types, { Config });
    expect((await ask('GetJobDetail', { JobId, JobType: 'ai' })).body).toMatchObject({
      JobType: 'ai',
      AIJobDetail: { JobId, JobType, MediaId: 'm', Status: 'success', TemplateConfig: Config, Trigger: 'Manual' },
    });
  });

  it('has no end before the end', async () => {
    const { ask } = await startEmulator({ jobTimeMs: { min: HOUR_MS, max: HOUR_MS } });
    const { body } = await ask('GetJobDetail', { JobId: await submit(ask, 'm'), JobType: 'ai' });
    expect(body['AIJobDetail']).toMatchObject({ Status: 'init' });
    expect(body['AIJobDetail']).not.toHaveProperty('CompleteTime');
  });

  it.each([
    ['another kind of job', { JobType: 'transcode' }, 'NoSuchResource'],
    ['an id that nobody has', { JobId: 'nobody' }, 'NoSuchResource'],
    ['no id', { JobId: '' }, 'MissingParameter'],
    ['a kind that nobody knows', { JobType: 'AI' }, 'InvalidParameter'],
  ])('is refused with %s', async (_what, change, Code) => {
    const { ask } = await startEmulator();
    const { body } = await ask('GetJobDetail', { JobId: await submit(ask, 'm'), JobType: 'ai', ...change });
    expect(body.Code).toBe(Code);
  });

  it('sees no job of another region', async () => {
    const { ask } = await startEmulator();
    const JobId = await submit(ask, 'm');
    const { body } = await ask('GetJobDetail', { JobId, JobType: 'ai' }, { region: 'cn-beijing' });
    expect(body.Code).toBe('NoSuchResource');
  });
});

describe('DescribeVodAIData', () => {
  const usage = async (ask: Ask, StartTime: string, EndTime: string, more: object = {}) =>
    (await ask('DescribeVodAIData', { StartTime, EndTime, Timestamp, ...more })).body;

  async function withJobs() {
    let now = NOW - 2 * HOUR_MS;
    const running = await startEmulator({ clock: () => now });
    const ask: Ask = (action, parameters, options) =>
      running.ask(action, { ...parameters, Timestamp: new Date(now).toISOString().replace('.000', '') }, options);
    running.emulator.addMedia({ mediaId: 'm', durationSeconds: 60 });
    running.emulator.addMedia({ mediaId: 'b', region: 'cn-beijing', durationSeconds: 30 });
    await submit(ask, 'm', 'AIVideoTag,AIMediaDNA');
    await submit(ask, 'fail-1');
    const over = () => running.emulator.jobs().filter(({ completedAt }) => completedAt !== undefined).length;
    await until(() => over() === 3);
    now = NOW;
    await ask('SubmitAIMediaAuditJob', { MediaId: 'm' });
    await ask('SubmitAIJob', { MediaId: 'b', Types: 'AIVideoTag' }, { region: 'cn-beijing' });
    await until(() => over() === 5);
    return running;
  }

  it('sums up the ledger by the hour, successes only', async () => {
    const { ask } = await withJobs();
    expect(await usage(ask, '2026-01-02T00:00:00Z', '2026-01-02T04:00:00Z')).toMatchObject({
      DataInterval: 'hour',
      AIData: {
        AIDataItem: [
          {
            TimeStamp: '2026-01-02T01:00:00Z',
            Data: {
              DataItem: [
                { Name: 'AIVideoTag', Value: '60' },
                { Name: 'AIVideoFPShot', Value: '60' },
              ],
            },
          },
          {
            TimeStamp: '2026-01-02T03:00:00Z',
            Data: {
              DataItem: [
                { Name: 'AIVideoTag', Value: '30' },
                { Name: 'AIVideoCensor', Value: '60' },
              ],
            },
          },
        ],
      },
    });
  });

  it('sums up by the day when more than a week is asked for, and by type and region when told so', async () => {
    const { ask } = await withJobs();
    const month = ['2025-12-10T00:00:00Z', '2026-01-03T00:00:00Z'] as const;
    expect(await usage(ask, ...month, { AIType: 'AIVideoTag', Region: 'cn-shanghai,cn-beijing' })).toMatchObject({
      DataInterval: 'day',
      AIData: {
        AIDataItem: [{ TimeStamp: '2026-01-02T00:00:00Z', Data: { DataItem: [{ Name: 'AIVideoTag', Value: '90' }] } }],
      },
    });
    expect(await usage(ask, ...month, { AIType: 'AIVideoTag', Region: 'cn-beijing' })).toMatchObject({
      AIData: { AIDataItem: [{ Data: { DataItem: [{ Value: '30' }] } }] },
    });
  });

  it.each([
    [{ EndTime: '2026-01-01T00:00:00Z' }, 'after StartTime'],
    [{ EndTime: '2026-02-03T00:00:00Z' }, '31 days'],
    [{ StartTime: 'yesterday' }, 'a time such as'],
    [{ AIType: 'AIMediaDNA' }, 'got AIMediaDNA'],
  ])('refuses %j', async (change, why) => {
    const { ask } = await startEmulator();
    const parameters = { StartTime: '2026-01-02T00:00:00Z', EndTime: '2026-01-03T00:00:00Z', ...change };
    expect((await ask('DescribeVodAIData', parameters)).body).toMatchObject({
      Code: 'InvalidParameter',
      Message: expect.stringContaining(why),
    });
  });

  it('is known in Shanghai only', async () => {
    const { ask } = await startEmulator();
    const parameters = { StartTime: '2026-01-02T00:00:00Z', EndTime: '2026-01-03T00:00:00Z' };
    expect((await ask('DescribeVodAIData', parameters, { region: 'cn-beijing' })).body.Code).toBe('InvalidApi.NotFound');
  });
});
