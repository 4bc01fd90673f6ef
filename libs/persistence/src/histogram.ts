/** Bins per factor of e: neighbours are two per cent apart. */
const BINS_PER_E = 50;

/** The last one holds all that takes longer than ten months. */
const BINS = 1200;

/**
 * How long something took, counted in bins of equal ratio: a percentile read from it is right within one per cent, and
 * histograms add up where percentiles don't. `binOf` in SQL and `valueOf` here are two halves of one rule.
 */
export class Histogram {
  private readonly counts = new Uint32Array(BINS);
  private total = 0;

  add(bin: number, count: number): void {
    this.counts[bin] = (this.counts[bin] ?? 0) + count;
    this.total += count;
  }

  addAll({ counts }: Histogram): void {
    for (let bin = 0; bin < BINS; bin += 1) this.add(bin, counts[bin] ?? 0);
  }

  /** By nearest rank, in whole milliseconds; null when nothing was counted. */
  percentiles(): { p50: number; p95: number } | null {
    if (this.total === 0) return null;
    const at = (share: number) => {
      let left = Math.ceil(this.total * share);
      return valueOf(this.counts.findIndex((count) => (left -= count) <= 0));
    };
    return { p50: at(0.5), p95: at(0.95) };
  }
}

/** The bin of a duration, given as an SQL expression in milliseconds. Clocks differ: less than nothing counts as nothing. */
export function binOf(ms: string): string {
  return `least(floor(ln(greatest(${ms}, 0) + 1) * ${BINS_PER_E}), ${BINS - 1})::integer`;
}

/** The middle of a bin. */
function valueOf(bin: number): number {
  return Math.round(Math.exp((bin + 0.5) / BINS_PER_E) - 1);
}
