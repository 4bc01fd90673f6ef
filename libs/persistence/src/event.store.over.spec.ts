import { createHash, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { Fixture } from '../test/fixture';
import { EventStore, type Notice, StrangerReads } from './index';

let fixture: Fixture;
let events: EventStore;
beforeEach(async () => {
  fixture = await Fixture.open();
  events = fixture.events();
});
afterEach(() => fixture.close());

let bodies = 0;
/** With a body that nobody has sent before. */
function notice(more: Partial<Notice> = {}): Notice {
  bodies += 1;
  const body = more.body ?? Buffer.from(`body ${bodies}`);
  return fixture.notice({ bodyHash: createHash('sha256').update(body).digest('hex'), ...more, body });
}

const stranger = (more: Partial<Notice> = {}) => notice({ vodJobId: `nobody-${randomUUID()}`, ...more });

interface Row {
  vodJobId: string;
  copies: number;
  verdict: string;
  reason: string | null;
  bodySize: number;
}

const all = (): Promise<Row[]> =>
  fixture.query(
    `select vod_job_id as "vodJobId", copies, verdict, reason, body_size as "bodySize" from event order by id`,
  );

describe('Over a limit', () => {
  it('what no job is known to be about is counted in one row: how many, how many bytes, since when and until when', async () => {
    const first = stranger({ bodySize: 5_000_000 });
    await events.storeOver(first);
    fixture.advance(7_000);
    const answers = await Promise.all(Array.from({ length: 150 }, () => events.storeOver(stranger({ bodySize: 100 }))));
    expect(answers.filter(({ kept }) => kept)).toEqual([]);
    const [row, ...others] = await fixture.lists().events({}, { limit: 200 });
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      copies: 151,
      bodySize: 5_015_000,
      receivedAt: first.receivedAt,
      lastReceivedAt: fixture.now,
      verdict: 'ignored',
      reason: expect.stringContaining('over a limit'),
      eventType: '',
      vodJobId: '',
      jobId: null,
    });
    const kept = await fixture.lists().event(row?.id ?? '');
    expect(kept?.body.equals(first.body)).toBe(true);
  });

  it('there is another row each minute, in each region and for each verdict on the signature', async () => {
    await events.storeOver(stranger());
    await events.storeOver(stranger({ region: 'ap-southeast-1' }));
    await events.storeOver(stranger({ signature: 'missing' }));
    fixture.advance(60_000);
    await events.storeOver(stranger());
    expect((await all()).map(({ copies, verdict }) => [copies, verdict])).toEqual([
      [1, 'ignored'],
      [1, 'ignored'],
      [1, 'rejected'],
      [1, 'ignored'],
    ]);
  });

  it('its bytes end at 2 GiB, rather than failing what comes after', async () => {
    for (let i = 0; i < 3; i += 1) await events.storeOver(stranger({ bodySize: 2 ** 30 }));
    await Promise.all(Array.from({ length: 3 }, () => events.storeOver(stranger({ bodySize: 2 ** 30 }))));
    expect(await all()).toMatchObject([{ copies: 6, bodySize: 2 ** 31 - 1 }]);
  });

  it('what ends a job that we know is kept, and its job is due', async () => {
    const { id, vodJobId } = await fixture.jobIn('processing');
    const [known] = await Promise.all([
      events.storeOver(notice({ vodJobId: vodJobId ?? '' })),
      ...Array.from({ length: 20 }, () => events.storeOver(stranger())),
    ]);
    expect(known).toEqual({ kept: true, fresh: true });
    await fixture.matcher().match(10);
    expect((await fixture.job(id)).state).toBe('finished');
  });

  it('a JobId that we know has one row for each of its ends, however many bodies there are', async () => {
    const { id, vodJobId } = await fixture.jobIn('processing');
    const ring = (status: string) => events.storeOver(notice({ vodJobId: vodJobId ?? '', status }));
    await Promise.all(Array.from({ length: 30 }, (_, i) => ring(i % 2 === 0 ? 'success' : 'fail')));
    expect(await ring('fail')).toEqual({ kept: true, fresh: false });
    expect(new Set((await all()).map(({ copies }) => copies))).toEqual(new Set([15, 16]));

    // A false alarm, and the next one makes it due again: this one may be VOD's.
    await fixture.matcher().match(10);
    await fixture.jobs().apply(id, { type: 'read_running', vodJobId: vodJobId ?? '', status: 'Analysing' });
    await ring('success');
    await fixture.matcher().match(10);
    expect((await fixture.job(id)).state).toBe('finished');
  });

  it('what names such a JobId and ends no job is counted: it changes nothing', async () => {
    const { vodJobId } = await fixture.jobIn('processing');
    const other = notice({ vodJobId: vodJobId ?? '', eventType: 'X', status: '', verdict: 'ignored', reason: 'other' });
    expect(await events.storeOver(other)).toMatchObject({ kept: false });
  });

  it('what may be the answer that a job has lost is kept, as many as are looked at', async () => {
    const { mediaId } = await fixture.jobIn('unconfirmed');
    const { mediaId: unsent } = await fixture.jobIn('queued');
    expect(await events.storeOver(stranger({ mediaId: unsent }))).toMatchObject({ kept: false });
    const answers: boolean[] = [];
    for (let i = 0; i < 33; i += 1) answers.push((await events.storeOver(stranger({ mediaId }))).kept);
    expect(answers).toEqual([...Array(30).fill(true), ...Array(3).fill(false)]);
  });

  it('so many, though they have turned out to be somebody else’s: a flood has no more room while a call is not out yet', async () => {
    const { mediaId } = await fixture.jobIn('unconfirmed');
    await Promise.all(Array.from({ length: 30 }, () => events.store(stranger({ mediaId }))));
    await fixture.query(`update event set verdict = 'foreign'`);
    expect(await events.storeOver(stranger({ mediaId }))).toMatchObject({ kept: false });
  });

  it.each([
    ['have matched', `verdict = 'matched'`],
    ['came before the send', `received_at = received_at - interval '6 s'`],
    ['are of another type', `event_type = 'AIMediaDNAComplete'`],
    ['are of another region', `region = 'ap-southeast-1'`],
    ['are not signed', `signature = 'missing'`],
  ])('such an event is kept however many of its media %s', async (_what, being) => {
    const { mediaId } = await fixture.jobIn('unconfirmed');
    await Promise.all(Array.from({ length: 31 }, () => events.store(stranger({ mediaId }))));
    expect(await events.storeOver(stranger({ mediaId }))).toMatchObject({ kept: false });
    await fixture.query(`update event set ${being} where event_type <> ''`);
    expect(await events.storeOver(stranger({ mediaId }))).toMatchObject({ kept: true });
  });

  it('the event that overtakes the answer with its JobId is matched when that comes', async () => {
    const { id, mediaId } = await fixture.jobIn('submitting');
    await events.storeOver(notice({ vodJobId: 'vod-early', mediaId }));
    await fixture.matcher().match(10);
    await fixture.jobs().apply(id, { type: 'accepted', attempt: 1, vodJobId: 'vod-early', vodRequestId: 'R' });
    expect((await fixture.job(id)).state).toBe('finished');
  });

  it('many of them are one statement, like what is kept', async () => {
    const db = await fixture.connect();
    const statements = jest.spyOn(db, 'query');
    const store = new EventStore(db);
    await Promise.all(Array.from({ length: 100 }, () => store.storeOver(stranger())));
    expect(statements).toHaveBeenCalledTimes(1);
  });
});

describe('A batch', () => {
  it('has a megabyte of bodies at most', async () => {
    const db = await fixture.connect();
    const statements = jest.spyOn(db, 'query');
    const store = new EventStore(db);
    await Promise.all(Array.from({ length: 100 }, () => store.store(stranger({ body: Buffer.alloc(60_000, 'x') }))));
    const sizes = statements.mock.calls.map(([, parameters]) => String((parameters as unknown[])[0]).length);
    expect(Math.max(...sizes)).toBeLessThan(1.5 * 2 ** 20); // in Base64, with the rest
    expect(statements.mock.calls.length).toBeGreaterThan(5);
  });

  it('of large bodies lets no small one wait for it', async () => {
    const large = Array.from({ length: 3 }, (_, i) => stranger({ body: Buffer.alloc(1_000_000, String(i)) }));
    // Somebody else writes the same and does not commit: the statement of each waits, as it does for a slow disk.
    const release = await fixture.hold(
      `insert into event (id, received_at, last_received_at, region, source, signature, event_type, vod_job_id, status, body,
                          body_size, body_hash)
       select gen_random_uuid(), now(), now(), region, 'http', 'valid', "eventType", "vodJobId", status, '', 0, "bodyHash"
         from jsonb_to_recordset($1::jsonb)
           as n(region text, "eventType" text, "vodJobId" text, status text, "bodyHash" text)`,
      [JSON.stringify(large.map(({ body: _body, ...rest }) => rest))],
    );
    const waiting = Promise.all(large.map((each) => events.store(each)));
    await fixture.untilWaiting(1);
    expect(await events.store(stranger())).toEqual({ fresh: true });
    await release();
    expect(await waiting).toEqual(large.map(() => ({ fresh: false })));
  });
});

describe('What is about no job of ours', () => {
  it('is counted between two times, with the bytes that are kept of it', async () => {
    const at = (ms: number) => uuidv7({ msecs: fixture.now.getTime() + ms });
    const { vodJobId } = await fixture.jobIn('processing');
    await events.store(notice({ id: at(10), vodJobId: vodJobId ?? '' }));
    await fixture.matcher().match(10);
    const body = Buffer.alloc(300_000, 'x');
    await events.store(stranger({ id: at(20), body, bodySize: 9_000_000 }));
    await events.store(stranger({ id: at(30), body: Buffer.from('ten bytes!'), verdict: 'ignored', reason: 'x' }));
    await events.store(stranger({ id: at(2_000) }));
    const between = (fromMs: number, toMs: number, atMost = 100) =>
      new StrangerReads(fixture.db).between(
        new Date(fixture.now.getTime() + fromMs),
        new Date(fixture.now.getTime() + toMs),
        atMost,
      );
    expect(await between(0, 2_000)).toEqual({ rows: 2, bytes: 300_010, waiting: 1 });
    expect(await between(25, 2_000)).toEqual({ rows: 1, bytes: 10, waiting: 0 });
    expect(await between(0, 3_000, 2)).toMatchObject({ rows: 2 });
    expect(await between(-60_000, 0)).toEqual({ rows: 0, bytes: 0, waiting: 0 });
    await fixture.matcher().match(10);
    await fixture.query(`update event set verdict = 'foreign' where verdict = 'unmatched'`);
    expect(await between(0, 2_000)).toEqual({ rows: 2, bytes: 300_010, waiting: 0 });
  });
});
