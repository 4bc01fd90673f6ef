import { DataList } from '@mantine/core';
import type { ReactNode } from 'react';

interface FactsProps {
  of: { name: string; value: ReactNode }[];
}

/** Names and values, one pair a line. */
export function Facts({ of }: FactsProps) {
  return (
    <DataList gap={6} labelWidth="8.5rem">
      {of.map(({ name, value }) => (
        <DataList.Item key={name}>
          <DataList.ItemLabel>{name}</DataList.ItemLabel>
          <DataList.ItemValue style={{ minWidth: 0 }}>{value}</DataList.ItemValue>
        </DataList.Item>
      ))}
    </DataList>
  );
}
