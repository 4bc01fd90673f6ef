import { InvalidArgumentError } from 'commander';

/** `2026-11-28 11:04:47 +08:00`, and with milliseconds in histories. In the zone of the machine, of TZ, or UTC by --utc. */
export function dateTime(at: string | Date, { ms = false } = {}): string {
  const date = new Date(at);
  const ahead = -date.getTimezoneOffset();
  const shifted = new Date(date.getTime() + ahead * 60_000).toISOString();
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const zone = `${ahead < 0 ? '-' : '+'}${two(Math.abs(ahead) / 60)}:${two(Math.abs(ahead) % 60)}`;
  return `${shifted.slice(0, 10)} ${shifted.slice(11, ms ? 23 : 19)} ${zone}`;
}

/** From then on every time is shown and read in UTC: Node looks at TZ anew. */
export function useUtc(): void {
  process.env['TZ'] = 'UTC';
}

const agoUnits: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

const AGO = /^(\d{1,6})([smhdw])$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
/** As ISO 8601 has it, or as tables show it. */
const MOMENT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d:?\d\d)?$/i;

/** The time that was meant, or null. Without a zone it is that of the clock here. */
function momentIn(text: string, now: Date): Date | null {
  const [, count, unit = ''] = AGO.exec(text) ?? [];
  if (count) return new Date(now.getTime() - Number(count) * (agoUnits[unit] ?? 0));
  if (text === 'today' || text === 'yesterday') {
    return new Date(now.getFullYear(), now.getMonth(), now.getDate() - (text === 'today' ? 0 : 1));
  }
  const [, day, clock, zone = ''] = MOMENT.exec(text) ?? [];
  const at = new Date(DAY.test(text) ? `${text}T00:00` : `${day}T${clock}${zone}`);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** For an option. What it means is said by `momentOf`, when it is known whose time counts. */
export function time(text: string): string {
  if (momentIn(text, new Date())) return text;
  throw new InvalidArgumentError(
    'Expected ISO 8601 like 2026-11-22T09:00:00Z, a day, today, yesterday, or how long ago, like 15m, 2h or 7d.',
  );
}

export function momentOf(text: string): Date {
  return momentIn(text, new Date()) ?? new Date(Number.NaN);
}

/** Whether it depends on where the clock hangs. */
export function isLocal(text: string): boolean {
  return !AGO.test(text) && MOMENT.exec(text)?.[3] === undefined;
}
