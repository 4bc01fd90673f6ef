import { type Ask, closeAll, entriesOf, startEmulator, startReceiver, submit } from '../../test/support';
import { faultRule } from '../faults';

afterEach(closeAll);

interface Review {
  JobId: string;
  Status: string;
  Type: string;
  Data: { Suggestion: string; VideoResult: Record<string, { TopList: object[]; CounterList: Counted[] }> };
}

type Counted = { Label: string; Count: number };
const countOf = ([first]: Counted[]) => first?.Count ?? 0;

async function submitReview(ask: Ask, MediaId: string, more: object = {}): Promise<string> {
  const { body } = await ask('SubmitAIMediaAuditJob', { MediaId, ...more });
  expect(body).toEqual({ RequestId: body.RequestId, MediaId, JobId: expect.stringMatching(/^[0-9a-f]{32}$/) });
  return String(body['JobId']);
}

async function read(ask: Ask, JobId: string): Promise<Review> {
  return (await ask('GetAIMediaAuditJob', { JobId })).body['MediaAuditJob'] as Review;
}

describe('An automated review', () => {
  it('is a job of its own call, billed once, and its result is an object', async () => {
    const { ask, emulator } = await startEmulator();
    const jobId = await submitReview(ask, 'm', { TemplateId: 't' });
    expect(emulator.ledger()).toMatchObject({ billed: 1, entries: [{ type: 'AIMediaAudit', jobId, mediaId: 'm' }] });
    const job = await read(ask, jobId);
    expect(job).toMatchObject({ JobId: jobId, Type: 'AIMediaAudit', MediaId: 'm', Status: 'success', Code: '0' });
    expect(['block', 'review', 'pass']).toContain(job.Data.Suggestion);
    expect((await ask('GetMediaAuditResult', { MediaId: 'm' })).body['MediaAuditResult']).toEqual(job.Data);
    expect(emulator.jobs()[0]?.data).toBe(JSON.stringify(job.Data));
  });

  it('is taken once with a nonce, like every call that costs money', async () => {
    const { ask, emulator } = await startEmulator();
    await submitReview(ask, 'm', { SignatureNonce: 'once' });
    const again = await ask('SubmitAIMediaAuditJob', { MediaId: 'm', SignatureNonce: 'once' });
    expect(again).toMatchObject({ status: 400, body: { Code: 'SignatureNonceUsed' } });
    expect(emulator.ledger().billed).toBe(1);
  });

  it('is known to ListJobInfo, and not to ListAIJob, as other jobs are not to its own read', async () => {
    const { ask } = await startEmulator();
    const [review, tagging] = [await submitReview(ask, 'm'), await submit(ask, 'm')];
    const listed = await ask('ListAIJob', { JobIds: `${review},${tagging}` });
    expect(entriesOf(listed).map(({ JobId }) => JobId)).toEqual([tagging]);
    expect(await ask('GetAIMediaAuditJob', { JobId: tagging })).toMatchObject({ body: { Code: 'NoSuchResource' } });
    const { body } = await ask('ListJobInfo', { MediaId: 'm', JobType: 'ai' });
    expect(body['JobInfoList']).toHaveLength(2);
  });

  it('that objects names ten moments of a scene at most, and the timeline has all', async () => {
    const { ask } = await startEmulator();
    for (let i = 0; ; i += 1) {
      const { VideoResult } = (await read(ask, await submitReview(ask, `block-${i}`))).Data;
      const results = Object.entries(VideoResult).filter(([member]) => member.endsWith('Result'));
      const full = results.find(
        ([, { CounterList }]) => CounterList[0]?.Label !== 'normal' && countOf(CounterList) > 10,
      );
      if (!full) continue;
      const [member, { CounterList, TopList }] = full;
      const { body } = await ask('GetMediaAuditResultTimeline', { MediaId: `block-${i}` });
      const timeline = body['MediaAuditResultTimeline'] as Record<string, object[]>;
      expect(TopList).toHaveLength(10);
      expect(timeline[member.replace('Result', '')]).toHaveLength(countOf(CounterList));
      return;
    }
  });

  it('ends with an event whose Data is an object, and its time has a colon before the milliseconds', async () => {
    const receiver = await startReceiver();
    const { ask } = await startEmulator({ callback: { url: receiver.url }, echoExtend: true });
    const JobId = await submitReview(ask, 'm', { UserData: JSON.stringify({ Extend: 'mine' }) });
    await receiver.arrivedAtLeast(1);
    const [event] = receiver.received;
    expect(event?.body).toMatchObject({
      EventType: 'AIMediaAuditComplete',
      EventTime: expect.stringMatching(/T\d\d:\d\d:\d\d:\d{3}Z$/),
      JobId,
      MediaId: 'm',
      Status: 'success',
      Extend: 'mine',
      Data: { Suggestion: expect.any(String) },
    });
    expect(event?.body).not.toHaveProperty('CompleteTime');
  });

  it.each([
    ['no media', { MediaId: '' }, 'MissingParameter'],
    ['another type of media', { MediaType: 'audio' }, 'InvalidParameter'],
    ['a configuration that is not JSON', { MediaAuditConfiguration: 'x' }, 'InvalidParameter'],
    ['an unknown media', { MediaId: 'missing-1' }, 'InvalidVideo.NotFound'],
    ['a region without reviews', { region: 'cn-shenzhen' }, 'InvalidParameter'],
  ])('is refused with %s, and not billed', async (_what, { region, ...more }: Record<string, string>, Code) => {
    const { ask, emulator } = await startEmulator();
    const answer = await ask('SubmitAIMediaAuditJob', { MediaId: 'm', ...more }, region ? { region } : {});
    expect(answer.body).toMatchObject({ Code });
    expect(emulator.ledger().billed).toBe(0);
  });

  it.each([
    [{ fault: 'empty_data' }, ''],
    [{ fault: 'malformed_data' }, expect.stringMatching(/^\{".*[^}]$/)],
  ] as const)('has its data twisted like others: %j', async (fault, Data) => {
    const { ask } = await startEmulator({ faults: [faultRule('GetAIMediaAuditJob', fault)] });
    expect(await read(ask, await submitReview(ask, 'm'))).toMatchObject({ Status: 'success', Data });
  });
});
