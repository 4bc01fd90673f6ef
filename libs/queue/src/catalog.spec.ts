import { catalog, queueKinds, queueName } from './catalog';

describe('the catalogue', () => {
  it('gives every queue of every region a name of its own, without the colon that BullMQ refuses', () => {
    const names = ['cn-shanghai', 'ap-southeast-1'].flatMap((region) =>
      queueKinds.map((kind) => queueName(kind, region)),
    );
    expect(new Set(names).size).toBe(2 * queueKinds.length);
    expect(names.filter((name) => name.includes(':'))).toEqual([]);
  });

  it('takes ids and nothing else as payloads', () => {
    const id = '0193f0a0-7b1c-7d3e-8f00-000000000001';
    expect(catalog.submit.payload.safeParse({ requestId: id }).success).toBe(true);
    expect(catalog.submit.payload.safeParse({ next: true }).success).toBe(true);
    expect(catalog.submit.payload.safeParse({ next: true, requestId: id }).success).toBe(false);
    expect(catalog.submit.payload.safeParse({ requestId: id, mediaId: 'm' }).success).toBe(false);
    expect(catalog.submit.payload.safeParse({ requestId: 'order-42' }).success).toBe(false);
    expect(catalog.recover.payload.safeParse({ jobId: 42 }).success).toBe(false);
  });

  it('reads between one and ten jobs with a call, as VOD allows', () => {
    const ids = (count: number) => ({ jobIds: Array.from({ length: count }, () => crypto.randomUUID()) });
    expect([0, 1, 10, 11].map((count) => catalog.collect.payload.safeParse(ids(count)).success)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});
