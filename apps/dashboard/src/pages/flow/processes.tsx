import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { workersQuery } from '../../api/queries';
import { ErrorNotice } from '../../parts/error-notice';
import { RelativeTime } from '../../parts/time';
import { useApi } from '../../session/session';
import { Block } from './block';
import classes from './flow.module.css';

/** Who is there to do the work. */
export function Processes() {
  const { t } = useTranslation(['flow', 'common']);
  const { data, error, refetch } = useQuery(workersQuery(useApi()));
  if (!data) return error && <ErrorNotice error={error} onRetry={() => void refetch()} />;
  const { items } = data;
  return (
    <Block title={t('processes.title')} hint={t('processes.hint')}>
      {!items.some(({ role }) => role === 'worker') && (
        <Text size="sm" fw={600}>
          {t('processes.noWorker')}
        </Text>
      )}
      <Table.ScrollContainer minWidth={520}>
        <Table verticalSpacing={4} className={classes['table'] ?? ''}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('processes.role')}</Table.Th>
              <Table.Th>{t('common:fields.region')}</Table.Th>
              <Table.Th>{t('processes.host')}</Table.Th>
              <Table.Th>{t('processes.version')}</Table.Th>
              <Table.Th>{t('processes.since')}</Table.Th>
              <Table.Th>{t('processes.lastSeen')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map(({ id, role, regions, host, version, startedAt, lastSeenAt }) => (
              <Table.Tr key={id}>
                <Table.Td>{role}</Table.Td>
                <Table.Td>{regions.join(t('common:listSeparator'))}</Table.Td>
                <Table.Td>{host}</Table.Td>
                <Table.Td>{version}</Table.Td>
                <Table.Td>
                  <RelativeTime at={startedAt} />
                </Table.Td>
                <Table.Td>
                  <RelativeTime at={lastSeenAt} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Block>
  );
}
