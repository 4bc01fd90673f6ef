import type { FlowAnswer } from '@app/contract';
import { busiest, endedIn, isQuiet, pointsOf, shareWithoutEvent } from './series';

const nothing = {
  accepted: 0,
  succeeded: 0,
  failed: 0,
  otherwise: 0,
  withoutEvent: 0,
  waitMs: null,
  processingMs: null,
};

function flow(...buckets: Partial<FlowAnswer['total']>[]): FlowAnswer {
  return {
    from: '2026-11-25T11:00:00Z',
    to: '2026-11-25T12:00:00Z',
    bucketMs: 60_000,
    buckets: buckets.map((bucket, index) => ({ at: `2026-11-25T11:0${index}:00Z`, ...nothing, ...bucket })),
    total: { ...nothing, ...buckets[0] },
    atVod: [],
    queued: [],
    circuits: [],
    closedQueues: [],
    oldestDueAt: null,
    late: [],
    unserved: [],
  };
}

describe('what the charts show', () => {
  it('is a point for each bucket, with gaps where nothing ended', () => {
    const points = pointsOf(flow({ succeeded: 2, waitMs: { p50: 10, p95: 20 } }, {}));
    expect(points).toMatchObject([
      { at: '2026-11-25T11:00:00Z', succeeded: 2, waitP50: 10, waitP95: 20, processingP50: null },
      { at: '2026-11-25T11:01:00Z', succeeded: 0, waitP50: null },
    ]);
  });

  it('names the busiest time, and none when nothing happened', () => {
    expect(busiest(pointsOf(flow({ failed: 1 }, { succeeded: 3 }, { succeeded: 3 })))?.at).toBe('2026-11-25T11:01:00Z');
    expect(busiest(pointsOf(flow({}, {})))).toBeNull();
    expect(endedIn({ succeeded: 1, failed: 2, otherwise: 3 })).toBe(6);
  });

  it('tells the share that no event had announced only of jobs that ended at VOD', () => {
    expect(shareWithoutEvent({ ...nothing, succeeded: 6, failed: 2, withoutEvent: 2 })).toBe(0.25);
    expect(shareWithoutEvent({ ...nothing, otherwise: 5 })).toBeNull();
  });

  it('is quiet only when nothing came and nothing ended', () => {
    expect(isQuiet(flow({}))).toBe(true);
    expect(isQuiet(flow({ otherwise: 1 }))).toBe(false);
    expect(isQuiet(flow({ accepted: 1 }))).toBe(false);
  });
});
