import type { Icon } from '@tabler/icons-react';
import type { ComponentPropsWithRef } from 'react';
import type { Tone } from './states';
import classes from './tone.module.css';

interface ToneBadgeProps extends ComponentPropsWithRef<'span'> {
  tone: Tone;
  icon: Icon;
}

/** A word with its icon on the colour that says how it is meant. */
export function ToneBadge({ tone, icon: Mark, children, ...rest }: ToneBadgeProps) {
  return (
    <span {...rest} className={classes['badge']} data-tone={tone}>
      <Mark size="1.15em" stroke={2.2} aria-hidden />
      {children}
    </span>
  );
}
