import { randomUUID } from 'node:crypto';
import { Fixture } from '../test/fixture';
import { EventStore } from './index';

describe("Keeping VOD's notices", () => {
  let fixture: Fixture;
  let events: EventStore;
  beforeAll(async () => {
    fixture = await Fixture.open();
    events = fixture.events();
  });
  afterAll(() => fixture.close());

  const kept = async (vodJobId: string) => fixture.lists().events({ vodJobId }, { limit: 50 });

  it('keeps everything that was received, byte for byte', async () => {
    const body = Buffer.from([0x00, 0xff, 0xfe, 0x7b, 0x0a, 0xc3, 0x28]);
    const notice = fixture.notice({ vodJobId: 'vod-bytes', mediaId: 'm', body, eventTime: fixture.now });
    expect(await events.store(notice)).toEqual({ fresh: true });
    const { bodyHash: _hash, extend: _extend, ...rest } = notice;
    expect(await fixture.lists().event(notice.id)).toEqual({
      ...rest,
      body,
      bodyDroppedAt: null,
      lastReceivedAt: fixture.now,
      copies: 1,
      jobId: null,
    });
  });

  it('keeps the head of a body that is too large, and its whole size', async () => {
    const head = Buffer.alloc(1024, 'x');
    const reason = 'too large: 5000000 bytes';
    const notice = fixture.notice({
      vodJobId: 'vod-huge',
      body: head,
      bodySize: 5_000_000,
      verdict: 'ignored',
      reason,
    });
    await events.store(notice);
    const event = await fixture.lists().event(notice.id);
    expect(event).toMatchObject({ bodySize: 5_000_000, verdict: 'ignored', reason });
    expect(event?.body.equals(head)).toBe(true);
  });

  it('counts copies instead of keeping them', async () => {
    const first = fixture.notice({ vodJobId: 'vod-copies' });
    await events.store(first);
    fixture.advance(1000);
    const copy = fixture.notice({ vodJobId: 'vod-copies' });
    expect(await events.store(copy)).toEqual({ fresh: false });
    expect(await kept('vod-copies')).toMatchObject([
      { id: first.id, copies: 2, receivedAt: first.receivedAt, lastReceivedAt: fixture.now },
    ]);
  });

  it('row 27: counts copies that come at the same moment, on one receiver and on two', async () => {
    const other = new EventStore(await fixture.connect());
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => (i % 2 ? events : other).store(fixture.notice({ vodJobId: 'vod-crowd' }))),
    );
    expect(answers.filter(({ fresh }) => fresh)).toHaveLength(1);
    expect(await kept('vod-crowd')).toMatchObject([{ copies: 12 }]);
  });

  it('row 27: stores a burst of doubled events with one statement, not one by one', async () => {
    const crowded = await fixture.connect();
    const statements = jest.spyOn(crowded, 'query');
    const store = new EventStore(crowded);
    const burst = Array.from({ length: 20 }, (_, i) =>
      fixture.notice({ vodJobId: `vod-burst-${i}`, verdict: 'ignored', reason: 'a test' }),
    );
    const answers = await Promise.all(
      burst.flatMap((each) => [store.store(each), store.store({ ...each, id: randomUUID() })]),
    );
    expect(answers.map(({ fresh }) => fresh)).toEqual(burst.flatMap(() => [true, false]));
    expect(await kept('vod-burst-7')).toMatchObject([{ copies: 2 }]);
    expect(statements).toHaveBeenCalledTimes(1);
  });

  it.each(['region', 'eventType', 'status', 'bodyHash'] as const)(
    'takes another %s for another event',
    async (what) => {
      const vodJobId = `vod-other-${what}`;
      await events.store(fixture.notice({ vodJobId }));
      expect(await events.store(fixture.notice({ vodJobId, [what]: 'another' }))).toEqual({ fresh: true });
      expect(await kept(vodJobId)).toHaveLength(2);
    },
  );

  it('lets a hostile notice fail or pass alone', async () => {
    const [hostile, plain] = await Promise.all([
      events.store(fixture.notice({ vodJobId: 'vod-\0-\ud800', mediaId: '\0' })),
      events.store(fixture.notice({ vodJobId: 'vod-plain' })),
    ]);
    expect([hostile, plain]).toEqual([{ fresh: true }, { fresh: true }]);
    expect(await kept('vod-\ufffd-\ufffd')).toMatchObject([{ mediaId: '\ufffd' }]);
  });

  describe('a second copy', () => {
    const verdictAfterCopy = async (vodJobId: string) => {
      await events.store(fixture.notice({ vodJobId }));
      const [event] = await kept(vodJobId);
      return event?.verdict;
    };

    it('makes its job due again while that is open: the first may have been forged, or too early', async () => {
      const { id, vodJobId } = await fixture.jobIn('processing');
      await events.store(fixture.notice({ vodJobId: vodJobId ?? '' }));
      await fixture.matcher().match(10, { rematch: false });
      // A false alarm: VOD is still at it.
      await fixture.jobs().apply(id, { type: 'read_running', vodJobId: vodJobId ?? '', status: 'Analysing' });

      expect(await verdictAfterCopy(vodJobId ?? '')).toBe('received');
      await fixture.matcher().match(10, { rematch: false });
      expect((await fixture.job(id)).state).toBe('finished');
      expect(await verdictAfterCopy(vodJobId ?? '')).toBe('matched');
    });

    it('makes a job due that expired', async () => {
      const { id, vodJobId } = await fixture.jobIn('processing');
      await events.store(fixture.notice({ vodJobId: vodJobId ?? '' }));
      await fixture.matcher().match(10, { rematch: false });
      await fixture.jobs().apply(id, { type: 'deadline_passed' });
      expect(await verdictAfterCopy(vodJobId ?? '')).toBe('received');
    });

    it('changes nothing for a job that is over', async () => {
      const { id, vodJobId } = await fixture.jobIn('processing');
      await events.store(fixture.notice({ vodJobId: vodJobId ?? '' }));
      await fixture.matcher().match(10, { rematch: false });
      const failed = { code: 'X', message: '', completedAt: null };
      await fixture.jobs().apply(id, { type: 'read_failed', vodJobId: vodJobId ?? '', ...failed });
      expect(await verdictAfterCopy(vodJobId ?? '')).toBe('matched');
    });

    it.each(['ignored', 'foreign', 'rejected'] as const)('of what is %s stays %s', async (verdict) => {
      await events.store(fixture.notice({ vodJobId: `vod-${verdict}`, verdict, reason: 'not ours' }));
      expect(await verdictAfterCopy(`vod-${verdict}`)).toBe(verdict);
    });
  });
});
