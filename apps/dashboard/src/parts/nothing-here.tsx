import { EmptyState } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface NothingHereProps {
  icon: Icon;
  title: string;
  /** Why, and what would help. */
  text?: ReactNode;
  children?: ReactNode;
}

/** Instead of an empty list: says that it is empty, and what to do about it. */
export function NothingHere({ icon: Mark, title, text, children }: NothingHereProps) {
  return (
    <EmptyState icon={<Mark size={40} stroke={1.3} aria-hidden />} title={title} description={text} py="xl">
      {children}
    </EmptyState>
  );
}
