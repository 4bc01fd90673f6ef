/** Milliseconds. */
export interface Spread {
  p50: number;
  p95: number;
  max: number;
}

export function spread(took: readonly number[]): Spread {
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}
