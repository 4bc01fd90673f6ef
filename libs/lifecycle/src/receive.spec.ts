import { createHash } from 'node:crypto';
import { eventSignatures, type EventSignature } from '@app/domain';
import type { SignalMap } from '@app/observability';
import { World } from '../test/world';
import { bodyOf, keptOf, Receive, toNotice } from './receive';

const end = { EventType: 'AIVideoTagComplete', JobId: 'vod-1', MediaId: 'media-1', Status: 'success' };
const receivedAt = new Date('2026-11-22T09:00:00Z');

function arrived(fields: object, signature: EventSignature = 'valid') {
  const head = Buffer.from(JSON.stringify(fields));
  const body = { head, size: head.length, sha256: createHash('sha256').update(head).digest('hex') };
  return toNotice({ source: 'http', region: 'cn-shanghai', signature, body, receivedAt });
}

describe('What is made of a notice', () => {
  it.each(eventSignatures)('the end of a job has to be matched, with a signature that is %s', (signature) => {
    const more = { vodJobId: 'vod-1', mediaId: 'media-1', status: 'success', receivedAt };
    expect(arrived(end, signature)).toMatchObject({ verdict: 'received', reason: null, signature, ...more });
  });

  const verdicts: Record<EventSignature, string> = {
    valid: 'foreign',
    unchecked: 'foreign',
    missing: 'rejected',
    malformed: 'rejected',
    stale: 'rejected',
    mismatch: 'rejected',
    unneeded: 'foreign',
  };
  it.each(eventSignatures)('anything else comes to nothing, with a signature that is %s', (signature) => {
    const verdict = verdicts[signature];
    const because = verdict === 'rejected' ? `signature ${signature}; ` : '';
    expect(arrived({ EventType: 'TranscodeComplete' }, signature)).toMatchObject({
      verdict,
      reason: `${because}not the end of a submitted AI job`,
      eventType: 'TranscodeComplete',
    });
  });

  it.each(eventSignatures)('so does what is no event, which has no place in a queue: %s', (signature) => {
    const isTrusted = verdicts[signature] === 'foreign';
    const verdict = isTrusted && signature !== 'unneeded' ? 'ignored' : 'rejected';
    const because = isTrusted ? '' : `signature ${signature}; `;
    expect(arrived([], signature)).toMatchObject({ verdict, reason: `${because}not a JSON object`, eventType: '' });
  });

  it.each([
    [1024 * 1024, 1024 * 1024],
    [1024 * 1024 + 1, 4096],
  ])('a body of %d bytes that is all there is kept with %d of them, and the hash of all', (size, kept) => {
    const bytes = Buffer.alloc(size, 'x');
    expect(bodyOf(bytes)).toEqual({
      head: bytes.subarray(0, kept),
      size,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  });

  it.each([
    ['of something else', { EventType: 'TranscodeComplete', JobId: 't-1', VideoId: 'media-1' }, 't-1', 'foreign'],
    [
      'of a name that no document has',
      { EventType: 'SmartTagComplete', JobId: 's-1', MediaId: 'media-1' },
      's-1',
      'ignored',
    ],
    ['without a JobId', { EventType: 'AIVideoTagComplete', MediaId: 'media-1', Status: 'success' }, '', 'ignored'],
    ['without an end', { ...end, Status: 'processing' }, 'vod-1', 'ignored'],
  ])('one %s is kept with what it names, and says nothing of how a job went', (_what, fields, vodJobId, verdict) => {
    const notice = arrived({ ...fields, EventTime: '2026-11-22T08:59:59Z', Extend: 'e' });
    const nothing = { status: '', eventTime: null, extend: null };
    expect(notice).toMatchObject({
      verdict,
      eventType: fields.EventType,
      vodJobId,
      mediaId: 'media-1',
      ...nothing,
    });
  });

  it('the end of a job brings its time and what the submission had sent along', () => {
    const notice = arrived({ ...end, EventTime: '2026-11-22T08:59:59Z', Extend: 'request.1' });
    expect(notice).toMatchObject({ eventTime: new Date('2026-11-22T08:59:59Z'), extend: 'request.1' });
  });

  it('what cannot be read is kept byte for byte', () => {
    const head = Buffer.from([0x7b, 0xff, 0x7d]);
    const body = { head, size: 3, sha256: 'its hash' };
    const nothing = { eventType: '', vodJobId: '', mediaId: null, status: '', eventTime: null, extend: null };
    expect(toNotice({ source: 'http', region: '*', signature: 'missing', body, receivedAt })).toEqual({
      ...nothing,
      id: expect.any(String),
      source: 'http',
      region: '*',
      signature: 'missing',
      receivedAt,
      verdict: 'rejected',
      reason: 'signature missing; not UTF-8',
      body: head,
      bodySize: 3,
      bodyHash: 'its hash',
    });
  });

  it('a body that was cut off before it names its job is kept, and says why it was not matched', () => {
    const head = Buffer.from('{"EventType":"AIVideoTagComplete","Data":"');
    const body = { head, size: 5_000_000, sha256: 'hash of the whole' };
    const notice = toNotice({ source: 'http', region: '*', signature: 'valid', body, receivedAt });
    expect(notice).toMatchObject({ verdict: 'ignored', eventType: 'AIVideoTagComplete', vodJobId: '' });
    expect(notice.reason).toBe(
      `too large: 5000000 bytes; in the first ${head.length}: no usable JobId. Its job is read at the next alarm`,
    );
  });

  it.each(['head', 'over'] as const)('of what may be kept as its %s all is read', (allowance) => {
    const { JobId, Status, ...first } = end;
    const whole = arrived({ ...first, Data: 'x'.repeat(5_000), JobId, Status });
    expect(keptOf(whole, 'whole')).toBe(whole);
    const kept = keptOf(whole, allowance);
    expect(kept).toEqual({ ...whole, body: whole.body.subarray(0, 4_096) });
    expect(kept).toMatchObject({ verdict: 'received', vodJobId: 'vod-1', status: 'success' });
  });

  it('of a body that was cut off is read what its head says', () => {
    const head = Buffer.from(JSON.stringify({ ...end, Data: 'x'.repeat(100) })).subarray(0, 150);
    const body = { head, size: 5_000_000, sha256: 'hash of the whole' };
    expect(toNotice({ source: 'http', region: '*', signature: 'valid', body, receivedAt })).toMatchObject({
      verdict: 'received',
      vodJobId: 'vod-1',
      body: head,
      bodySize: 5_000_000,
      bodyHash: 'hash of the whole',
    });
  });
});

describe('A notice', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  it('is announced after it is stored, a copy as one, and the same notice given again as itself', async () => {
    const announced: SignalMap['event.received'][] = [];
    world.signals.on('event.received', (each) => announced.push(each));
    const receive = new Receive(world.events, world.signals);
    const notice = arrived(end);

    expect(await receive.keep(notice)).toEqual({ fresh: true });
    expect(await receive.keep(notice)).toEqual({ fresh: true });
    expect(await receive.keep(arrived(end))).toEqual({ fresh: false });

    const stored = await world.lists.events({ vodJobId: 'vod-1' }, { limit: 10 });
    expect(stored).toMatchObject([{ id: notice.id, source: 'http', copies: 3, receivedAt }]);
    const more = { region: 'cn-shanghai', signature: 'valid', eventType: 'AIVideoTagComplete' };
    expect(announced).toEqual(['received', 'received', 'duplicate'].map((verdict) => ({ verdict, ...more })));
  });

  it('without a name is announced as one, with its verdict', async () => {
    const announced = world.heard('event.received');
    await new Receive(world.events, world.signals).keep(arrived([], 'stale'));
    const said = { region: 'cn-shanghai', verdict: 'rejected', signature: 'stale', eventType: null };
    expect(announced).toEqual([said]);
  });
});
