import { Alert, type AlertProps } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import type { Tone } from './states';

interface ToneAlertProps extends Omit<AlertProps, 'icon' | 'color' | 'variant' | 'vars'> {
  tone: Tone;
  icon: Icon;
}

/** In the colours of the states: Mantine's own yellow on yellow is too faint to read. */
export function ToneAlert({ tone, icon: Mark, ...rest }: ToneAlertProps) {
  const colors = { '--alert-color': `var(--tone-${tone})`, '--alert-bg': `var(--tone-${tone}-ground)` };
  return <Alert {...rest} vars={() => ({ root: colors })} icon={<Mark aria-hidden />} />;
}
