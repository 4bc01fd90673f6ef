const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds of `500ms`, `30s`, `5m` or `24h`; undefined for anything else (no fractions, no sign, no bare number). */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  if (!match) return undefined;
  const [, count, unit] = match;
  return Number(count) * unitMs[unit as keyof typeof unitMs];
}
