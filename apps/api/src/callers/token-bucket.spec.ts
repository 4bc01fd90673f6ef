import { TokenBucket, TokenBuckets } from './token-bucket';

const taken = (bucket: { take: (now: number) => { taken: boolean } }, times: number, now: number) =>
  Array.from({ length: times }, () => bucket.take(now)).filter((draught) => draught.taken).length;

describe('A token bucket', () => {
  it('gives all it has at once, and then as many as come in', () => {
    const bucket = new TokenBucket({ atOnce: 100, perSecond: 50 }, 0);
    expect(taken(bucket, 1_000, 0)).toBe(100);
    expect(taken(bucket, 1_000, 1_000)).toBe(50);
    expect(taken(bucket, 1_000, 3_600_000)).toBe(100);
  });

  it('says how many are left, and how long until there is one', () => {
    const bucket = new TokenBucket({ atOnce: 2, perSecond: 4 }, 0);
    expect(bucket.take(0)).toEqual({ taken: true, left: 1, waitMs: 0 });
    expect(bucket.take(0)).toEqual({ taken: true, left: 0, waitMs: 250 });
    expect(bucket.take(125)).toEqual({ taken: false, left: 0, waitMs: 125 });
    expect(bucket.take(250)).toEqual({ taken: true, left: 0, waitMs: 250 });
  });
});

describe('Token buckets by name', () => {
  it('keep one from taking what is the other’s', () => {
    const buckets = new TokenBuckets({ atOnce: 3, perSecond: 1 }, 10);
    const of = (name: string) => ({ take: (now: number) => buckets.take(name, now) });
    expect([taken(of('a'), 10, 0), taken(of('b'), 10, 0), taken(of('a'), 10, 0)]).toEqual([3, 3, 0]);
  });

  it('are bounded, and forget whoever has not been heard of for the longest', () => {
    const buckets = new TokenBuckets({ atOnce: 1, perSecond: 0.001 }, 1_000);
    buckets.take('known', 0);
    const known = Array.from({ length: 200 }, (_, round) => {
      for (let i = 0; i < 500; i += 1) buckets.take(`stranger ${round * 500 + i}`, 0);
      return buckets.take('known', 0).taken;
    });
    expect(known).toEqual(known.map(() => false));
    expect(buckets.size).toBe(1_000);
    expect(buckets.take('stranger 0', 0).taken).toBe(true);
  });
});
