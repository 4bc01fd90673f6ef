import { eventually } from '@app/testing';
import { keys, Stack } from './support/stack';

/**
 * Environments of one account: each is the whole product with a database of its own, and there is one VOD, whose setting knows one
 * URL, that of the first.
 */
let first: Stack;
const others: Stack[] = [];

/** A queue of the same VOD, for whoever names it. */
const QUEUE = 'of-the-fourth';

beforeAll(async () => {
  first = await Stack.start({ emulator: { queues: [QUEUE] } });
});
afterAll(async () => {
  for (const stack of others) await stack.stop();
  await first.stop();
});

async function another(env: Record<string, string>): Promise<Stack> {
  const stack = await Stack.start({ env: { VOD_ENDPOINT: `${first.emulatorUrl}/{region}`, ...env } });
  others.push(stack);
  return stack;
}

/** Of the first, about a JobId; the slow look may have to pass. */
function eventWith(vodJobId: string, ...verdicts: string[]): Promise<any> {
  return eventually(
    `the event about ${vodJobId} is ${verdicts.join(' or ')}`,
    async () => {
      const { items } = (await first.get(`/v1/events?vodJobId=${vodJobId}`)).body;
      return items.find(({ verdict }: any) => verdicts.includes(verdict));
    },
    30_000,
  );
}

/** The calls of its worker to VOD that read or look for jobs. */
function reads(stack: Stack): string[] {
  return stack.logLines.filter((line) => /"operation":"(ListAIJob|GetAIMediaAuditJob|ListJobInfo)"/.test(line));
}

const replay = (id: string, key: string = keys.operator) =>
  first.call('POST', `/v1/events/${id}/replay`, { body: {}, key });

describe('With one URL for all of them', () => {
  let second: Stack;
  beforeAll(async () => {
    second = await another({ POLL_FIRST: '200ms', POLL_MAX: '400ms' });
  });

  it('the events of another environment are foreign, cost no read, and are nobody’s trouble', async () => {
    const [theirs] = (await second.enqueue('of-the-second', ['AIVideoTag', 'AIMediaAudit'])).jobs;
    const { vodJobId } = await second.untilJob(theirs.id, 'succeeded');
    const event = await eventWith(vodJobId, 'foreign');
    expect(event).toMatchObject({ verdict: 'foreign', reason: null, jobId: null, mediaId: 'of-the-second' });
    expect(reads(first)).toEqual([]);
    expect((await first.get('/v1/stats')).body.oldestUnmatchedEventAt).toBeNull();
    const { items } = (await first.get('/v1/events?verdict=foreign')).body;
    expect(items.map(({ id }: any) => id)).toContain(event.id);
  });

  it('each knows its own job of a media that both have', async () => {
    const [[ours], [theirs]] = await Promise.all(
      [first, second].map(async (stack) => (await stack.enqueue('of-both')).jobs),
    );
    const [mine, other] = [await first.untilJob(ours.id, 'succeeded'), await second.untilJob(theirs.id, 'succeeded')];
    expect(await eventWith(mine.vodJobId, 'matched')).toMatchObject({ jobId: ours.id });
    expect(await eventWith(other.vodJobId, 'foreign')).toMatchObject({ jobId: null });
  });

  it('a person can have one looked at again, and what it is about is still known', async () => {
    const [theirs] = (await second.enqueue('of-the-second-again')).jobs;
    const { vodJobId } = await second.untilJob(theirs.id, 'succeeded');
    const { id } = await eventWith(vodJobId, 'foreign');
    expect((await replay(id, keys.viewer)).status).toBe(403);
    expect(await replay(id)).toMatchObject({
      status: 200,
      body: { id, verdict: 'received', body: expect.any(String) },
    });
    expect(await eventWith(vodJobId, 'foreign')).toMatchObject({ id });
  });

  it('nobody has to look again at what has its job', async () => {
    const [ours] = (await first.enqueue('of-the-first')).jobs;
    const { vodJobId } = await first.untilJob(ours.id, 'succeeded');
    const { id } = await eventWith(vodJobId, 'matched');
    expect(await replay(id)).toMatchObject({
      status: 409,
      body: {
        code: 'wrong_state',
        detail: 'the event is matched; this works with one that is unmatched, foreign, ignored',
      },
    });
    expect((await replay('01900000-0000-7000-8000-000000000000')).status).toBe(404);
    expect(await eventWith(vodJobId, 'matched')).toMatchObject({ id, jobId: ours.id });
  });
});

describe('With a callback per job', () => {
  let third: Stack;
  beforeAll(async () => {
    // Without an event nothing would be read in the time of this test.
    third = await another({ VOD_CALLBACK_PER_JOB: 'true', VOD_CALLBACK_ACCOUNT_URL: first.callbackUrl });
  });

  it('which may be a queue', async () => {
    const fourth = await another({
      VOD_CALLBACK_PER_JOB: 'queue',
      VOD_MNS_ENDPOINT: `${first.emulatorUrl}/_mns/{region}`,
      VOD_MNS_QUEUE: QUEUE,
    });
    const [theirs] = (await fourth.enqueue('of-the-fourth')).jobs;
    const { vodJobId } = await fourth.untilJob(theirs.id, 'succeeded');
    const { items } = (await fourth.get(`/v1/events?vodJobId=${vodJobId}`)).body;
    expect(items).toMatchObject([{ verdict: 'matched', source: 'queue', jobId: theirs.id }]);
    expect((await first.get(`/v1/events?vodJobId=${vodJobId}`)).body.items).toEqual([]);
  });

  it('a worker says at its start when there is no room for it in a submission', async () => {
    const VOD_CALLBACK_URL = `https://example.com/${'"'.repeat(230)}`;
    await expect(first.startWorker({ VOD_CALLBACK_PER_JOB: 'true', VOD_CALLBACK_URL })).rejects.toThrow(
      /^VOD_CALLBACK_PER_JOB: there is no room .*: UserData takes 512 bytes, got \d+$/,
    );
  });

  it.each(['request', 'configured'] as const)(
    'each environment gets the events of its own jobs, whichever URL VOD signs: the %s one',
    async (signedUrl) => {
      first.emulator.configure({ signedUrl });
      const theirs = (await third.enqueue(`of-the-third-${signedUrl}`, ['AIVideoTag', 'AIMediaAudit'])).jobs;
      const [ours] = (await first.enqueue(`of-the-first-${signedUrl}`)).jobs;
      for (const { id } of theirs) {
        const { vodJobId } = await third.untilJob(id, 'succeeded');
        const { items } = (await third.get(`/v1/events?vodJobId=${vodJobId}`)).body;
        expect(items).toMatchObject([{ verdict: 'matched', signature: 'valid', jobId: id }]);
        expect((await first.get(`/v1/events?vodJobId=${vodJobId}`)).body.items).toEqual([]);
      }
      await first.untilJob(ours.id, 'succeeded');
      expect((await third.get('/v1/events?verdict=foreign')).body.items).toEqual([]);
    },
  );
});
