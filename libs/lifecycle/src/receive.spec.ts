import { createHash } from 'node:crypto';
import { eventSignatures, type EventSignature } from '@app/domain';
import type { SignalMap } from '@app/observability';
import { World } from '../test/world';
import { Receive, toNotice } from './receive';

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
    valid: 'ignored',
    unchecked: 'ignored',
    missing: 'rejected',
    malformed: 'rejected',
    stale: 'rejected',
    mismatch: 'rejected',
  };
  it.each(eventSignatures)('anything else comes to nothing, with a signature that is %s', (signature) => {
    const verdict = verdicts[signature];
    const because = verdict === 'rejected' ? `signature ${signature}; ` : '';
    expect(arrived({ EventType: 'TranscodeComplete' }, signature)).toMatchObject({
      verdict,
      reason: `${because}not the end of a submitted AI job`,
      eventType: 'TranscodeComplete',
    });
    expect(arrived([], signature)).toMatchObject({ verdict, reason: `${because}not a JSON object`, eventType: '' });
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
});
