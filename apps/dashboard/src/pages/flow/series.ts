import type { FlowAnswer } from '@app/contract';

type Throughput = FlowAnswer['total'];

/** A bucket as charts and their tables want it: flat. Times are milliseconds; null where nothing ended. */
export interface Point {
  at: string;
  accepted: number;
  succeeded: number;
  failed: number;
  otherwise: number;
  waitP50: number | null;
  waitP95: number | null;
  processingP50: number | null;
  processingP95: number | null;
}

export function pointsOf({ buckets }: FlowAnswer): Point[] {
  return buckets.map(({ at, accepted, succeeded, failed, otherwise, waitMs, processingMs }) => ({
    at,
    accepted,
    succeeded,
    failed,
    otherwise,
    waitP50: waitMs?.p50 ?? null,
    waitP95: waitMs?.p95 ?? null,
    processingP50: processingMs?.p50 ?? null,
    processingP95: processingMs?.p95 ?? null,
  }));
}

/** Of the jobs that VOD ended: how many no event had announced. Null when none ended. */
export function shareWithoutEvent({ succeeded, failed, withoutEvent }: Throughput): number | null {
  const ended = succeeded + failed;
  return ended === 0 ? null : withoutEvent / ended;
}

/** The bucket in which most happened; null when nothing did. */
export function busiest(points: readonly Point[]): Point | null {
  const most = points.reduce<Point | null>(
    (best, point) => (best === null || endedIn(point) > endedIn(best) ? point : best),
    null,
  );
  return most && endedIn(most) > 0 ? most : null;
}

export function endedIn({ succeeded, failed, otherwise }: Pick<Point, 'succeeded' | 'failed' | 'otherwise'>): number {
  return succeeded + failed + otherwise;
}

export function isQuiet({ total }: FlowAnswer): boolean {
  return total.accepted === 0 && endedIn(total) === 0;
}
