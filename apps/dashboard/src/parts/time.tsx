import { useFormat, useRelative } from '../i18n/format';

/** `3 min. ago`, ticking; the exact time in its title. */
export function RelativeTime({ at }: { at: string }) {
  const format = useFormat();
  return (
    <time dateTime={at} title={format.exact(at)}>
      {useRelative(at)}
    </time>
  );
}

/** Date and time to the second; in its title how long ago. */
export function ExactTime({ at }: { at: string }) {
  const format = useFormat();
  return (
    <time dateTime={at} title={useRelative(at)}>
      {format.dateTime(at)}
    </time>
  );
}
