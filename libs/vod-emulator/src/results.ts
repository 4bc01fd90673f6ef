import { type Chance, between, hash, seededChance } from './chance';

// Results are invented, but in the documented shapes (docs/vod.md, "Results"), and drawn from the media id alone: the same
// media gives the same result in every run, so a stored result can be compared with a fresh one.

/** Whether the jobs of this media end in `fail`: a media whose id starts with `fail` always does. */
export function isBroken(mediaId: string, failShare: number): boolean {
  return mediaId.startsWith('fail') || seededChance(hash(`${mediaId} broken`))() < failShare;
}

export function mediaLengthMs(mediaId: string): number {
  return between(seededChance(hash(`${mediaId} length`)), 30_000, 600_000);
}

/** In milliseconds, as text. */
export function moments(chance: Chance, lengthMs: number): string[] {
  return Array.from({ length: between(chance, 1, 4) }, () => between(chance, 0, lengthMs))
    .toSorted((a, b) => a - b)
    .map(String);
}
