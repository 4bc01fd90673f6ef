import { Button, Group, Paper, ScrollArea, Table, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconTable } from '@tabler/icons-react';
import { useId, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './flow.module.css';
import type { Point } from './series';

interface FigureProps {
  title: string;
  /** What the chart shows, in words. */
  summary: string;
  points: Point[];
  /** The columns of the table: a name, and what stands there. */
  columns: { name: string; of: (point: Point) => string }[];
  children: ReactNode;
}

/** A chart with what it shows in words above it, and the same as a table one click away. */
export function Figure({ title, summary, points, columns, children }: FigureProps) {
  const { t } = useTranslation(['flow', 'common']);
  const [asTable, { toggle }] = useDisclosure();
  const id = useId();
  return (
    <Paper withBorder p="sm" component="figure" m={0} aria-labelledby={id}>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <Title order={2} id={id}>
          {title}
        </Title>
        <Button
          size="compact-xs"
          variant="default"
          flex="none"
          leftSection={<IconTable size={14} aria-hidden />}
          onClick={toggle}
          aria-pressed={asTable}
        >
          {t('asTable')}
        </Button>
      </Group>
      <Text component="figcaption" size="sm" c="dimmed" mb="xs">
        {summary}
      </Text>
      {asTable ? (
        <ScrollArea.Autosize mah="20rem" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': title }}>
          <Table verticalSpacing={3} stickyHeader className={classes['table'] ?? ''}>
            <Table.Thead>
              <Table.Tr>
                {columns.map(({ name }) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {points.toReversed().map((point) => (
                <Table.Tr key={point.at}>
                  {columns.map(({ name, of }) => (
                    <Table.Td key={name}>{of(point)}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea.Autosize>
      ) : (
        children
      )}
    </Paper>
  );
}
