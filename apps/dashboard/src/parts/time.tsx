import { Tooltip } from '@mantine/core';
import { useFormat, useRelative } from '../i18n/format';

/** `3 min. ago`, ticking; the exact time in its tooltip. */
export function RelativeTime({ at }: { at: string }) {
  const format = useFormat();
  return (
    <Tooltip label={format.exact(at)}>
      <time dateTime={at}>{useRelative(at)}</time>
    </Tooltip>
  );
}

/** Date and time to the second; in its tooltip how long ago. */
export function ExactTime({ at }: { at: string }) {
  const format = useFormat();
  return (
    <Tooltip label={useRelative(at)}>
      <time dateTime={at}>{format.dateTime(at)}</time>
    </Tooltip>
  );
}
