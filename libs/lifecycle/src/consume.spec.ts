import { EventQueue } from '@app/vod';
import { closeServers, type Loopback } from '../../vod/test/loopback';
import { deletedFrom, messages, nothing, refusal, scriptedQueue } from '../test/scripted-queue';
import { accessKey, REGION, World } from '../test/world';
import { Consume } from './consume';
import { bodyOf, Receive, toNotice } from './receive';

let world: World;
let opened: EventQueue[] = [];
let nextId = 0;

beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(async () => {
  for (const queue of opened) queue.close();
  opened = [];
  await closeServers();
});

const running = new AbortController().signal;
const freshId = () => `queued-${(nextId += 1)}`;
const endOf = (JobId: string, more: object = {}) =>
  JSON.stringify({ EventType: 'AIVideoTagComplete', JobId, MediaId: 'media-1', Status: 'success', ...more });

/** A consumer on the real stores, in a world where time stands still. */
function consumerOf({ url }: Loopback, region = REGION): Consume {
  const credentials = { accessKeyId: accessKey.id, accessKeySecret: accessKey.secret };
  const queue = new EventQueue({ endpoint: url, queue: 'vod', timeoutMs: 5_000, credentials });
  opened.push(queue);
  const receive = new Receive(world.events, world.signals);
  return new Consume({ queue, receive, signals: world.signals, now: world.now, chance: () => 0.5 }, region);
}

const eventsAbout = (vodJobId: string) => world.lists.events({ vodJobId }, { limit: 10 });

describe('A message of the queue', () => {
  it('row 33: is deleted when it is committed, and not before', async () => {
    const id = freshId();
    const seen: unknown[] = [];
    const queue = await scriptedQueue({
      poll: () => messages([endOf(id)]),
      remove: async () => {
        seen.push(...(await eventsAbout(id)));
        return { status: 204, text: '' };
      },
    });
    expect(await consumerOf(queue).run(running)).toEqual({ again: 'now' });
    expect(seen).toMatchObject([
      { source: 'queue', signature: 'unneeded', region: REGION, verdict: 'received', receivedAt: world.now() },
    ]);
    expect(deletedFrom(queue)).toEqual([['r1']]);
  });

  it('row 33: that comes again after a kill between its commit and its deletion is a copy', async () => {
    const id = freshId();
    const queue = await scriptedQueue({ poll: () => messages([endOf(id)]) });
    await consumerOf(queue).run(running);
    await consumerOf(queue).run(running);
    expect(await eventsAbout(id)).toMatchObject([{ copies: 2 }]);
  });

  it.each(['raw', 'in Base64'])('and the same event over HTTP are one event: %s', async (form) => {
    const id = freshId();
    const text = endOf(id);
    const body = bodyOf(Buffer.from(text));
    const notice = toNotice({ source: 'http', region: REGION, signature: 'valid', body, receivedAt: world.now() });
    await new Receive(world.events, world.signals).keep(notice);
    const queue = await scriptedQueue({
      poll: () => messages([form === 'raw' ? text : Buffer.from(text).toString('base64')]),
    });
    await consumerOf(queue).run(running);
    expect(await eventsAbout(id)).toMatchObject([{ source: 'http', copies: 2 }]);
  });

  it('makes the job due that it is about, as any event does', async () => {
    const id = freshId();
    const { id: jobId } = await world.atVod(id);
    await consumerOf(await scriptedQueue({ poll: () => messages([endOf(id)]) })).run(running);
    await world.match().run({ rematch: false });
    expect(await world.job(jobId)).toMatchObject({ state: 'finished' });
  });

  it('of a queue for several regions is about a job of any of them', async () => {
    const id = freshId();
    const { id: jobId } = await world.atVod(id);
    await consumerOf(await scriptedQueue({ poll: () => messages([endOf(id)]) }), '*').run(running);
    await world.match().run({ rematch: false });
    expect(await world.job(jobId)).toMatchObject({ state: 'finished' });
  });

  it('row 34: that is no event is kept as rejected, holds up no other, and is deleted with them', async () => {
    const id = freshId();
    const poison = ['not JSON', '[]', '{}', '', '\ufffd\u0001', `{"EventType":"${'x'.repeat(2_000_000)}`];
    const queue = await scriptedQueue({ poll: () => messages([...poison, endOf(id)]) });
    const heard = world.heard('event.received');
    expect(await consumerOf(queue).run(running)).toEqual({ again: 'now' });
    expect(heard.map(({ verdict }) => verdict)).toEqual([...poison.map(() => 'rejected'), 'received']);
    expect(deletedFrom(queue)).toEqual([['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7']]);
    const rejected = await world.lists.events({ verdict: 'rejected' }, { limit: 10 });
    expect(rejected.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['not JSON', 'not a JSON object', 'no EventType']),
    );
    expect(rejected).toContainEqual(
      expect.objectContaining({ bodySize: 2_000_014, reason: expect.stringMatching(/^too large: /) }),
    );
  });

  it('of another kind is kept as ignored', async () => {
    const heard = world.heard('event.received');
    const body = JSON.stringify({ EventType: 'TranscodeComplete', VideoId: freshId() });
    const queue = await scriptedQueue({ poll: () => messages([body]) });
    await consumerOf(queue).run(running);
    expect(heard).toMatchObject([{ verdict: 'ignored', signature: 'unneeded', eventType: 'TranscodeComplete' }]);
    expect(deletedFrom(queue)).toEqual([['r1']]);
  });

  it('stays in the queue while Postgres is away, and is taken when it is back', async () => {
    const id = freshId();
    const queue = await scriptedQueue({ poll: () => messages([endOf(id)]) });
    const consumer = consumerOf(queue);
    const failed = world.heard('event_queue.failed');
    await world.shutOut();
    try {
      expect(await consumer.run(running)).toEqual({ again: 375 });
      expect(await consumer.run(running)).toEqual({ again: 750 });
    } finally {
      await world.letIn();
    }
    expect(deletedFrom(queue)).toEqual([]);
    expect(failed).toMatchObject([
      { doing: 'keep', trouble: 'not_stored', region: REGION },
      { doing: 'keep', trouble: 'not_stored' },
    ]);
    const recovered = world.heard('event_queue.recovered');
    expect(await consumer.run(running)).toEqual({ again: 'now' });
    expect(deletedFrom(queue)).toEqual([['r1']]);
    expect(await eventsAbout(id)).toHaveLength(1);
    expect(recovered).toEqual([{ region: REGION, doing: 'keep', afterMs: 0 }]);
  });

  it('that was taken before the process stops is kept and deleted', async () => {
    const id = freshId();
    const stop = new AbortController();
    world.signals.on('event.received', () => stop.abort());
    const queue = await scriptedQueue({ poll: () => messages([endOf(id)]) });
    const consumer = consumerOf(queue);
    await consumer.run(stop.signal);
    expect(await eventsAbout(id)).toHaveLength(1);
    expect(deletedFrom(queue)).toEqual([['r1']]);
    expect(await consumer.run(stop.signal)).toEqual({ again: 'when_woken' });
    expect(queue.received).toHaveLength(2);
  });

  it('is counted: how many were taken, kept and deleted, and how old the newest was', async () => {
    const polled = world.heard('event_queue.polled');
    const at = (ms: number) => new Date(world.now().getTime() - ms);
    const bodies = [endOf(freshId()), endOf(freshId())];
    const left = '<Errors><Error><ErrorCode>ReceiptHandleError</ErrorCode></Error></Errors>';
    const late = await scriptedQueue({
      poll: () => messages(bodies, at(5_000)),
      remove: () => ({ status: 404, text: left }),
    });
    expect(await consumerOf(late).run(running)).toEqual({ again: 'now' });
    await consumerOf(await scriptedQueue({ poll: () => messages(bodies, at(-5_000)) })).run(running);
    await consumerOf(await scriptedQueue({ poll: () => nothing }), '*').run(running);
    expect(polled).toEqual([
      { region: REGION, taken: 2, kept: 2, deleted: 1, ageMs: 5_000 },
      { region: REGION, taken: 2, kept: 2, deleted: 2, ageMs: 0 },
      { region: '*', taken: 0, kept: 0, deleted: 0, ageMs: 0 },
    ]);
  });
});

describe('A queue', () => {
  it('that was waited for in vain is asked again at once', async () => {
    const queue = await scriptedQueue({
      poll: () => {
        world.pass(20_000);
        return nothing;
      },
    });
    expect(await consumerOf(queue).run(running)).toEqual({ again: 'now' });
  });

  it('that says at once that it is empty is left alone for a moment', async () => {
    const queue = await scriptedQueue({ poll: () => nothing });
    expect(await consumerOf(queue).run(running)).toEqual({ again: 1_500 });
  });

  const pauses = async (consumer: Consume, runs: number) => {
    const found: unknown[] = [];
    for (let i = 0; i < runs; i += 1) found.push((await consumer.run(running)).again);
    return found;
  };

  it('that is away is asked after a while that doubles, up to half a minute, and from the beginning when it was there', async () => {
    let answer = refusal('InternalError', 500);
    const consumer = consumerOf(await scriptedQueue({ poll: () => answer }));
    expect(await pauses(consumer, 8)).toEqual([375, 750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500]);
    answer = nothing;
    await consumer.run(running);
    answer = refusal('QpsLimitExceeded', 403);
    expect(await pauses(consumer, 2)).toEqual([375, 750]);
  });

  it.each([
    ['QueueNotExist', 404, 'no_queue'],
    ['AccessDenied', 403, 'forbidden'],
    ['TimeExpired', 408, 'clock'],
    ['InvalidArgument', 400, 'refused'],
  ])(
    'that waits for a person is asked up to once a minute, who is told what to do: %s',
    async (code, status, trouble) => {
      const failed = world.heard('event_queue.failed');
      const consumer = consumerOf(await scriptedQueue({ poll: () => refusal(code, status) }));
      expect(await pauses(consumer, 6)).toEqual([3_750, 7_500, 15_000, 30_000, 45_000, 45_000]);
      expect(failed[0]).toMatchObject({ doing: 'receive', trouble, code, requestId: 'R', mend: expect.any(String) });
    },
  );

  it('from which nothing can be deleted goes on, more slowly, and its messages are copies', async () => {
    const id = freshId();
    const queue = await scriptedQueue({
      poll: () => messages([endOf(id)]),
      remove: () => refusal('AccessDenied', 403),
    });
    const failed = world.heard('event_queue.failed');
    expect(await pauses(consumerOf(queue), 2)).toEqual([3_750, 7_500]);
    expect(failed).toMatchObject([{ doing: 'delete', trouble: 'forbidden' }, { doing: 'delete' }]);
    expect(await eventsAbout(id)).toMatchObject([{ copies: 2 }]);
  });
});

describe('That events are not taken', () => {
  it('is said when it has gone on for a while, and no longer when it is over', async () => {
    let answer = refusal('QueueNotExist', 404);
    const consumer = consumerOf(await scriptedQueue({ poll: () => answer }));
    expect(consumer.stuckFor(60_000)).toBeNull();
    await consumer.run(running);
    expect(consumer.stuckFor(60_000)).toBeNull();
    world.pass(60_000);
    await consumer.run(running);
    expect(consumer.stuckFor(60_000)).toBe(`${REGION}: cannot receive: QueueNotExist`);
    answer = nothing;
    await consumer.run(running);
    expect(consumer.stuckFor(60_000)).toBeNull();
  });

  it('is over when it has not come again, though nothing has shown that it is mended', async () => {
    let poll = () => messages([endOf(freshId())]);
    const consumer = consumerOf(
      await scriptedQueue({ poll: () => poll(), remove: () => refusal('AccessDenied', 403) }),
    );
    await consumer.run(running);
    world.pass(60_000);
    await consumer.run(running);
    expect(consumer.stuckFor(60_000)).toBe(`${REGION}: cannot delete: AccessDenied`);
    // Another worker may have deleted what this one could not.
    poll = () => nothing;
    await consumer.run(running);
    expect(consumer.stuckFor(60_000)).not.toBeNull();
    world.pass(180_000);
    expect(consumer.stuckFor(60_000)).toBeNull();
  });
});
