import i18next from 'i18next';
import { useSyncExternalStore } from 'react';
import { localeOf } from '.';

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

export type Format = ReturnType<typeof formatIn>;

/** Numbers and times as the language of the page writes them. */
export function formatIn(locale: string) {
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long' });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'medium' });
  const hourMinute = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
  const quantity = (unit: string, value: number, digits = 0) =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    }).format(value);
  /** `850 ms`, `4.2 sec`, `3 min 20 sec`, `2 hr 5 min`: the two largest units. */
  const duration = (ms: number) => {
    if (ms < SECOND) return quantity('millisecond', Math.round(ms));
    if (ms < 10 * SECOND) return quantity('second', ms / SECOND, 1);
    const first = steps.findIndex((one) => ms >= one.ms);
    return steps
      .slice(first, first + 2)
      .map(({ unit, ms: one }, index) => ({
        unit,
        value: Math.floor((index === 0 ? ms : ms % (steps[first]?.ms ?? ms)) / one),
      }))
      .filter(({ value }) => value > 0)
      .map(({ unit, value }) => quantity(unit, value))
      .join(' ');
  };

  return {
    number: (value: number) => number.format(value),
    percent: (share: number) => percent.format(share),
    /** With seconds and the time zone: for a tooltip. */
    exact: (at: Date | string) => exact.format(new Date(at)),
    dateTime: (at: Date | string) => dateTime.format(new Date(at)),
    hourMinute: (at: Date | string) => hourMinute.format(new Date(at)),
    time: (at: Date | string) => time.format(new Date(at)),
    /** `3 min. ago`, `in 40 sec.`; under a second it is `now`. */
    relative: (at: Date | string, nowMs: number) => {
      const ms = new Date(at).getTime() - nowMs;
      const step = steps.find((one) => Math.abs(ms) >= one.ms);
      return step ? relative.format(Math.trunc(ms / step.ms), step.unit) : relative.format(0, 'second');
    },
    duration,
    /** `45 sec`, `8 min`, `2 hr 5 min`: as exact as an estimate is. */
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

/** One of each: a table has hundreds of times, and Intl takes longer to begin than to format. */
const formats = new Map<string, Format>();

export function useFormat(): Format {
  // Not by useTranslation, which copies all of i18next for each that asks: a list asks hundreds of times.
  const locale = useSyncExternalStore(onLanguage, () => localeOf(i18next.language));
  const format = formats.get(locale) ?? formatIn(locale);
  formats.set(locale, format);
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

/** `3 min. ago`, and again when that is no longer true. */
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
