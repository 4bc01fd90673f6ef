import { offsetIn, type Zone } from '../../i18n/zone';

/** Stretches of time that one click fills in. */
export const stretches = ['15m', '1h', 'today'] as const;
export type Stretch = (typeof stretches)[number];

const MINUTE = 60_000;

/** When that stretch began, as the API takes it. A day begins by the clock of the zone. */
export function beginOf(stretch: Stretch, now: Date, zone: Zone): string {
  switch (stretch) {
    case '15m':
      return new Date(now.getTime() - 15 * MINUTE).toISOString();
    case '1h':
      return new Date(now.getTime() - 60 * MINUTE).toISOString();
    case 'today':
      return fromField(`${toField(now.toISOString(), zone).slice(0, 10)}T00:00`, zone);
  }
}

/** What a field for date and time shows; the URL and the API have it in UTC. Empty for what a URL has wrong. */
export function toField(at: string | undefined, zone: Zone): string {
  const date = new Date(at ?? '');
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() + offsetIn(zone)(date) * MINUTE).toISOString().slice(0, 19);
}

export function fromField(text: string, zone: Zone): string {
  return text === '' ? '' : new Date(zone === 'utc' ? `${text}Z` : text).toISOString();
}
