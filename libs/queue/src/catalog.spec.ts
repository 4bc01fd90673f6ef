import fc from 'fast-check';
import { catalog, limiterFor, queueKinds, queueName } from './catalog';

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

describe('the limiter', () => {
  it.each([
    [1, { max: 1, duration: 1053 }],
    [20, { max: 1, duration: 53 }],
    [30, { max: 1, duration: 36 }],
    [200, { max: 1, duration: 6 }],
    [201, { max: 9, duration: 50 }],
    [10_000, { max: 452, duration: 50 }],
  ])('spreads %i calls a second', (qps, expected) => {
    expect(limiterFor(qps)).toEqual(expected);
  });

  it('keeps every sliding second within the limit, however the calls come', () => {
    // A burst, a pause of some milliseconds, another burst: the gaps are what a window could be fooled with.
    const bursts = fc.array(
      fc.record({ pauseMs: fc.integer({ min: 0, max: 1200 }), calls: fc.integer({ min: 1, max: 300 }) }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), bursts, (qps, load) => {
        const admitted = admissions(limiterFor(qps), load);
        for (let i = qps; i < admitted.length; i += 1) {
          const second = (admitted[i] ?? NaN) - (admitted[i - qps] ?? NaN);
          if (!(second >= 1000)) throw new Error(`${qps + 1} calls within ${second} ms at ${qps} a second`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('wastes at most a third of what is allowed', () => {
    for (let qps = 1; qps <= 2_000; qps += 1) {
      const { max, duration } = limiterFor(qps);
      expect((max * 1000) / duration / qps).toBeGreaterThan(0.65);
    }
  });
});

/** When calls start under BullMQ's rule: a window begins with its first call, admits `max`, and ends `duration` later. */
function admissions(
  { max, duration }: { max: number; duration: number },
  load: { pauseMs: number; calls: number }[],
): number[] {
  const admitted: number[] = [];
  let now = 0;
  let windowEnds = 0;
  let inWindow = 0;
  let arrival = 0;
  for (const { pauseMs, calls } of load) {
    arrival += pauseMs;
    now = Math.max(now, arrival);
    for (let i = 0; i < calls; i += 1) {
      if (now >= windowEnds) inWindow = 0;
      if (inWindow === max) {
        now = windowEnds;
        inWindow = 0;
      }
      if (inWindow === 0) windowEnds = now + duration;
      inWindow += 1;
      admitted.push(now);
    }
  }
  return admitted;
}
