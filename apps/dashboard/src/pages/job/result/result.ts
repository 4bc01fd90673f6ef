import {
  suggestions,
  tagGroups,
  type AuditCheck,
  type AuditResult,
  type FingerprintResult,
  type Match,
  type Segment,
  type Tag,
  type TagGroup,
  type TagResult,
} from '@app/domain';

/** Tags by their groups, in the order of VOD's console; what has the same words in a group is one tag. */
export function groupTags(tags: readonly Tag[]): { group: TagGroup; tags: Tag[] }[] {
  return tagGroups.flatMap((group) => {
    const byWord = new Map<string, Tag>();
    for (const tag of tags.filter((one) => one.group === group)) {
      const known = byWord.get(tag.tag);
      const timesMs = [...(known?.timesMs ?? []), ...tag.timesMs].toSorted((a, b) => a - b);
      byWord.set(tag.tag, { ...tag, ...known, timesMs });
    }
    return byWord.size === 0 ? [] : [{ group, tags: [...byWord.values()] }];
  });
}

/** As long as the video is, as far as the result shows it; null when it names no time. */
export function lengthOf({ tags, transcript }: TagResult): number | null {
  const ends = [
    ...tags.flatMap(({ timesMs }) => timesMs),
    ...(transcript?.sentences ?? []).map(({ endMs }) => endMs),
    transcript?.durationMs ?? 0,
  ];
  const length = ends.reduce((longest, end) => Math.max(longest, end), 0);
  return length > 0 ? length : null;
}

/** The best match first, with the length of a time axis on which both videos fit. */
export function compareVideos({ matches }: FingerprintResult): (Match & { lengthMs: number })[] {
  return matches
    .map((match) => ({ ...match, lengthMs: Math.max(0, ...match.segments.flatMap(endsOf)) * 1000 }))
    .toSorted((a, b) => b.similarity - a.similarity);
}

/** What VOD objects to before what it lets pass. */
export function gravestFirst({ checks }: AuditResult): AuditCheck[] {
  const gravity = ({ suggestion }: AuditCheck) => suggestions.indexOf(suggestion);
  return checks.toSorted((a, b) => gravity(a) - gravity(b));
}

/** An audit doesn't say how long the video is; null when it names no place in it. */
export function lastMomentOf(checks: readonly AuditCheck[]): number | null {
  const moments = checks.flatMap((check) => check.moments.map(({ atMs }) => atMs));
  return moments.length === 0 ? null : Math.max(1, ...moments);
}

function endsOf({ input, duplication }: Segment): number[] {
  return [input, duplication].map(({ startSec, durationSec }) => startSec + durationSec);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const steps = [1, 2, 5, 10, 15, 30].flatMap((n) => [n * SECOND, n * MINUTE]);
const longSteps = [1, 2, 3, 6].map((n) => n * 60 * MINUTE);
const TICKS_AT_MOST = 7;

/** Round times for the axis of a video of this length, from 0. */
export function ticksOf(lengthMs: number): number[] {
  const fitting = [...steps.toSorted((a, b) => a - b), ...longSteps].find((step) => lengthMs / step <= TICKS_AT_MOST);
  const step = fitting ?? Math.ceil(lengthMs / TICKS_AT_MOST / (60 * MINUTE)) * 60 * MINUTE;
  return Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, index) => index * step);
}

/** `1:05`, `1:02:07`, and with tenths `0:10.4`: a place in a video. */
export function clock(ms: number, { tenths = false } = {}): string {
  const whole = tenths ? Math.round(ms / 100) * 100 : Math.floor(ms / SECOND) * SECOND;
  const hours = Math.floor(whole / (60 * MINUTE));
  const minutes = Math.floor((whole % (60 * MINUTE)) / MINUTE);
  const seconds = (whole % MINUTE) / SECOND;
  const two = (n: number) => String(n).padStart(2, '0');
  const last = tenths ? seconds.toFixed(1).padStart(4, '0') : two(seconds);
  return hours > 0 ? `${hours}:${two(minutes)}:${last}` : `${minutes}:${last}`;
}
