import { explained, type NoAnswer } from '../remedies';

/** One thing that was looked at. */
export interface Finding {
  /** The same word each time, for scripts. */
  check: string;
  /** Null for what isn't about one. */
  region: string | null;
  /** `skipped`: it could not be looked at, or nobody asked for it. */
  verdict: 'ok' | 'bad' | 'skipped';
  says: string;
  /** What to do about it. */
  remedy: string | null;
}

/** For findings about the same thing. */
export interface About {
  check: string;
  region: string | null;
}

export function ok(about: About, says: string): Finding {
  return { ...about, verdict: 'ok', says, remedy: null };
}

export function bad(about: About, says: string, remedy: string | null): Finding {
  return { ...about, verdict: 'bad', says, remedy };
}

export function skipped(about: About, says: string): Finding {
  return { ...about, verdict: 'skipped', says, remedy: null };
}

/** What VOD said instead of an answer. That it throttles says nothing about what was asked. */
export function unanswered(about: About, outcome: NoAnswer): Finding {
  const { says, remedy } = explained(outcome);
  return { ...about, verdict: outcome.outcome === 'busy' ? 'skipped' : 'bad', says, remedy };
}

const signs = { ok: '✓', bad: '✗', skipped: '–' } as const;

export function lineOf({ check, region, verdict, says, remedy }: Finding): string {
  const where = region === null ? check : `${region} ${check}`;
  return `${signs[verdict]} ${where}: ${says}${remedy === null ? '' : ` → ${remedy}`}`;
}
