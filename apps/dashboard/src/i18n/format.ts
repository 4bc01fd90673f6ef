import i18next from 'i18next';
import { useSyncExternalStore } from 'react';
import { localeOf } from '.';
import { chosenZone, offsetIn, onZone } from './zone';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const steps = [
  { unit: 'day', ms: DAY },
  { unit: 'hour', ms: HOUR },
  { unit: 'minute', ms: MINUTE },
  { unit: 'second', ms: SECOND },
] as const;

/** English as Intl abbreviates it has full stops (`5 sec.`), which end up in the middle of sentences. */
const shortUnits = { day: 'd', hour: 'h', minute: 'min', second: 's', millisecond: 'ms' };
type Unit = keyof typeof shortUnits;

export type Format = ReturnType<typeof formatIn>;

/**
 * Numbers as the language of the page writes them; times alike in each language, as logs and other tools have them.
 *
 * @param offset minutes that the shown clock is ahead of UTC
 */
export function formatIn(locale: string, offset: (at: Date) => number) {
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const isEnglish = locale === 'en';
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always', style: 'short' });
  const now = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(0, 'second');
  const clockOf = (at: Date | string) => clockIn(new Date(at), offset);
  const quantity = (unit: string, value: number, digits = 0) =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    }).format(value);
  const length = (unit: Unit, value: number, digits = 0) =>
    isEnglish ? `${Number(value.toFixed(digits))} ${shortUnits[unit]}` : quantity(unit, value, digits);
  const fromNow = (unit: Unit, value: number) => {
    if (!isEnglish) return relative.format(value, unit as Intl.RelativeTimeFormatUnit);
    return value < 0 ? `${length(unit, -value)} ago` : `in ${length(unit, value)}`;
  };
  /** `850 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`: the two largest units. */
  const duration = (ms: number) => {
    if (ms < SECOND) return length('millisecond', Math.round(ms));
    if (ms < 10 * SECOND) return length('second', ms / SECOND, 1);
    const first = steps.findIndex((one) => ms >= one.ms);
    return steps
      .slice(first, first + 2)
      .map(({ unit, ms: one }, index) => ({
        unit,
        value: Math.floor((index === 0 ? ms : ms % (steps[first]?.ms ?? ms)) / one),
      }))
      .filter(({ value }) => value > 0)
      .map(({ unit, value }) => length(unit, value))
      .join(' ');
  };

  return {
    number: (value: number) => number.format(value),
    percent: (share: number) => percent.format(share),
    /** `2026-11-28 11:04:47.970 +08:00`: in histories, and in the title of whatever is shorter. */
    exact: (at: Date | string) => {
      const { date, time, ms, zone } = clockOf(at);
      return `${date} ${time}.${ms} ${zone}`;
    },
    /** `2026-11-28 11:04:47 +08:00` */
    dateTime: (at: Date | string) => {
      const { date, time, zone } = clockOf(at);
      return `${date} ${time} ${zone}`;
    },
    /** `11:04`, and `11-28 11:04` where a day is not enough to tell: for the axis of a chart. */
    hourMinute: (at: Date | string) => clockOf(at).time.slice(0, 5),
    dayHourMinute: (at: Date | string) => {
      const { date, time } = clockOf(at);
      return `${date.slice(5)} ${time.slice(0, 5)}`;
    },
    /** `11-28` */
    day: (at: Date | string) => clockOf(at).date.slice(5),
    /** Minutes that the shown clock is ahead of UTC. */
    offset,
    /** `+08:00` at that time. */
    zone: (at: Date | string) => clockOf(at).zone,
    /** `3 min ago`, `in 40 s`; under a second it is `now`. */
    relative: (at: Date | string, nowMs: number) => {
      const ms = new Date(at).getTime() - nowMs;
      const step = steps.find((one) => Math.abs(ms) >= one.ms);
      return step ? fromNow(step.unit, Math.trunc(ms / step.ms)) : now;
    },
    duration,
    /** `45 s`, `8 min`, `2 h 5 min`: as exact as an estimate is. */
    about: (ms: number) => {
      const unit = ms < 2 * MINUTE ? SECOND : ms < HOUR ? MINUTE : 5 * MINUTE;
      return duration(Math.max(unit, Math.round(ms / unit) * unit));
    },
    bytes: (size: number) => {
      if (size < 1024) return quantity('byte', size);
      if (size < 1024 * 1024) return quantity('kilobyte', size / 1024, 1);
      return quantity('megabyte', size / 1024 / 1024, 1);
    },
  };
}

/** What a clock with that offset shows, in parts of ISO 8601. */
function clockIn(at: Date, offset: (at: Date) => number) {
  const ahead = offset(at);
  const [date = '', rest = ''] = new Date(at.getTime() + ahead * MINUTE).toISOString().split('T');
  const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return {
    date,
    time: rest.slice(0, 8),
    ms: rest.slice(9, 12),
    zone: `${ahead < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}`,
  };
}

/** One of each: a table has hundreds of times, and Intl takes longer to begin than to format. */
const formats = new Map<string, Format>();

export function useFormat(): Format {
  // Not by useTranslation, which copies all of i18next for each that asks: a list asks hundreds of times.
  const locale = useSyncExternalStore(onLanguage, () => localeOf(i18next.language));
  const zone = useSyncExternalStore(onZone, chosenZone);
  const key = `${locale} ${zone}`;
  const format = formats.get(key) ?? formatIn(locale, offsetIn(zone));
  formats.set(key, format);
  return format;
}

function onLanguage(listener: () => void): () => void {
  i18next.on('languageChanged', listener);
  return () => i18next.off('languageChanged', listener);
}

/** The present time for whoever shows a countdown. */
export function useNow(): number {
  return useSyncExternalStore(clock.subscribe, clock.read);
}

/** `3 min ago`, and again when that is no longer true. */
export function useRelative(at: Date | string): string {
  const format = useFormat();
  return useSyncExternalStore(clock.subscribe, () => format.relative(at, clock.read()));
}

/** Whether that moment has come. */
export function useIsPast(at: Date | string): boolean {
  return useSyncExternalStore(clock.subscribe, () => new Date(at).getTime() <= clock.read());
}

/** One clock for the whole page, which ticks once a second while somebody looks at it. */
const clock = (() => {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = () => {
    now = Date.now();
    for (const listener of listeners) listener();
  };
  return {
    read: () => now,
    subscribe: (listener: () => void) => {
      if (listeners.size === 0) timer = setInterval(tick, SECOND);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) clearInterval(timer);
      };
    },
  };
})();
