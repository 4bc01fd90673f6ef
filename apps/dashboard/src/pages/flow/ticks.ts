const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps at which a person reads off a time without counting. */
const timeSteps = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 6, 12].map((hours) => hours * HOUR),
];

const STEPS = 4;

/** Whole round numbers from 0 to the first one that is not less than `max`. */
export function countTicks(max: number): number[] {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, max / STEPS)));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each * STEPS >= max) ?? 10 * power;
  return upTo(max, step);
}

/** The same for milliseconds: 0, 15 s, 30 s, 45 s. */
export function durationTicks(maxMs: number): number[] {
  const step = timeSteps.find((each) => each * STEPS >= maxMs) ?? Math.ceil(maxMs / STEPS / DAY) * DAY;
  return upTo(maxMs, step);
}

function upTo(max: number, step: number): number[] {
  return Array.from({ length: Math.max(1, Math.ceil(max / step)) + 1 }, (_, index) => index * step);
}

/** Of the times of a chart those that are round by the clock: each 10 minutes, 4 hours or days. */
export function clockTicks(times: readonly string[], offset: (at: Date) => number): string[] {
  const [first, last] = [Date.parse(times[0] ?? ''), Date.parse(times.at(-1) ?? '')];
  const step = last - first > 2 * DAY ? DAY : last - first > 2 * HOUR ? 4 * HOUR : 10 * MINUTE;
  const stretchOf = (at: string) => Math.floor((Date.parse(at) + offset(new Date(at)) * MINUTE) / step);
  return times.filter((at, index) => index > 0 && stretchOf(at) !== stretchOf(times[index - 1] ?? at));
}
