/**
 * How long something took, counted in bins of equal ratio: a percentile read from it is right within one per cent, and
 * histograms add up where percentiles don't. `binOf` in SQL and `valueOf` here are two halves of one rule.
 */
export class Histogram {
  private readonly counts = new Map<number, number>();

  add(bin: number, count: number): void {
    this.counts.set(bin, (this.counts.get(bin) ?? 0) + count);
  }

  addAll(other: Histogram): void {
    for (const [bin, count] of other.counts) this.add(bin, count);
  }

  /** By nearest rank, in whole milliseconds; null when nothing was counted. */
  percentiles(): { p50: number; p95: number } | null {
    if (this.counts.size === 0) return null;
    const bins = [...this.counts].toSorted(([a], [b]) => a - b);
    const total = bins.reduce((sum, [, count]) => sum + count, 0);
    const at = (share: number) => {
      let left = Math.ceil(total * share);
      const [bin] = bins.find(([, count]) => (left -= count) <= 0) ?? [0];
      return valueOf(bin);
    };
    return { p50: at(0.5), p95: at(0.95) };
  }
}

/** Bins per factor of e: neighbours are two per cent apart. */
const BINS = 50;

/** The bin of a duration, given as an SQL expression in milliseconds. Clocks differ: less than nothing counts as nothing. */
export function binOf(ms: string): string {
  return `floor(ln(greatest(${ms}, 0) + 1) * ${BINS})::integer`;
}

/** The middle of a bin. */
function valueOf(bin: number): number {
  return Math.round(Math.exp((bin + 0.5) / BINS) - 1);
}
