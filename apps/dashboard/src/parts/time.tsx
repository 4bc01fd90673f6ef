import { useFormat, useRelative } from '../i18n/format';

/** `3 min ago`, ticking; the exact time in its title. */
export function RelativeTime({ at }: { at: string }) {
  const format = useFormat();
  return (
    <time dateTime={at} title={format.exact(at)}>
      {useRelative(at)}
    </time>
  );
}

/** Date and time to the second, in histories to the millisecond; in its title how long ago. */
export function ExactTime({ at, precise = false }: { at: string; precise?: boolean }) {
  const format = useFormat();
  return (
    <time dateTime={at} title={useRelative(at)}>
      {precise ? format.exact(at) : format.dateTime(at)}
    </time>
  );
}
