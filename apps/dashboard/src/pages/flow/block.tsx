import { Paper, Text, Title } from '@mantine/core';
import { useId, type ReactNode } from 'react';

/** A part of the page with its name and one line about it. */
export function Block({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  const id = useId();
  return (
    <Paper withBorder p="sm" component="section" aria-labelledby={id}>
      <Title order={2} id={id}>
        {title}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {hint}
      </Text>
      {children}
    </Paper>
  );
}
