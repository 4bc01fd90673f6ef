import { List, Progress, Table, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconClockPause } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { FlowAnswer } from '@app/contract';
import { useFormat } from '../../i18n/format';
import { RelativeTime } from '../../parts/time';
import { ToneAlert } from '../../parts/tone-alert';
import { Block } from './block';
import classes from './flow.module.css';

/** What stands where just now, whatever the window of the charts. */
export function Standing({ flow }: { flow: FlowAnswer }) {
  return (
    <div className={classes['pair']}>
      <AtVod flow={flow} />
      <Queued flow={flow} />
    </div>
  );
}

/** What holds everything up; calm when nothing does. */
export function Obstacles({ flow: { circuits, closedQueues, late, unserved } }: { flow: FlowAnswer }) {
  const { t } = useTranslation('flow');
  if ([circuits, closedQueues, late, unserved].every((obstacles) => obstacles.length === 0)) {
    return (
      <ToneAlert tone="quiet" icon={IconCircleCheck} p="xs">
        {t('obstacles.none')}
      </ToneAlert>
    );
  }
  return (
    <>
      {unserved.map(({ region }) => (
        <ToneAlert key={region} tone="bad" icon={IconAlertTriangle} title={t('obstacles.unserved', { region })} />
      ))}
      {late.map(({ region, dueAt }) => (
        <ToneAlert key={region} tone="doubt" icon={IconAlertTriangle} title={t('obstacles.late', { region })}>
          <Text size="sm">
            {t('obstacles.lateHint')} <RelativeTime at={dueAt} />.
          </Text>
        </ToneAlert>
      ))}
      {circuits.map(({ region, code, message, openedAt, probeAt }) => (
        <ToneAlert key={region} tone="bad" icon={IconAlertTriangle} title={t('obstacles.circuit', { region })}>
          <Text size="sm">
            <b>{code}</b>: {message}
          </Text>
          <Text size="sm">
            {t('obstacles.since')} <RelativeTime at={openedAt} />. {t('obstacles.probe')} <RelativeTime at={probeAt} />.
          </Text>
        </ToneAlert>
      ))}
      {closedQueues.length > 0 && (
        <ToneAlert tone="doubt" icon={IconClockPause} title={t('obstacles.closed')}>
          <List size="sm">
            {closedQueues.map(({ queue, region, code, until }) => (
              <List.Item key={`${queue} ${region}`}>
                {t('obstacles.closedQueue', { queue, region, code })} <RelativeTime at={until} />
              </List.Item>
            ))}
          </List>
        </ToneAlert>
      )}
    </>
  );
}

function AtVod({ flow: { atVod } }: { flow: FlowAnswer }) {
  const { t } = useTranslation(['flow', 'common']);
  const format = useFormat();
  const isCapped = atVod.some(({ maxInFlight }) => (maxInFlight ?? 0) > 0);
  return (
    <Block title={t('atVod.title')} hint={isCapped ? t('atVod.cap') : t('atVod.noCap')}>
      {atVod.length === 0 ? (
        <Text size="sm">{t('atVod.none')}</Text>
      ) : (
        <Table verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('common:fields.region')}</Table.Th>
              <Table.Th>{t('common:fields.type')}</Table.Th>
              <Table.Th>{t('jobs')}</Table.Th>
              {isCapped && <Table.Th>{t('atVod.full')}</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {atVod.map(({ region, type, jobs, maxInFlight }) => (
              <Table.Tr key={`${region} ${type}`}>
                <Table.Td>{region}</Table.Td>
                <Table.Td>{t(`common:types.${type}`)}</Table.Td>
                <Table.Td>{format.number(jobs)}</Table.Td>
                {isCapped && (
                  <Table.Td className={classes['cap'] ?? ''}>
                    <Cap jobs={jobs} of={maxInFlight ?? 0} />
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Block>
  );
}

function Cap({ jobs, of }: { jobs: number; of: number }) {
  const { t } = useTranslation('flow');
  const format = useFormat();
  if (of === 0) return '–';
  return (
    <>
      {t('atVod.of', { jobs: format.number(jobs), most: format.number(of) })}
      <Progress value={(100 * jobs) / of} color={jobs >= of ? 'orange.8' : 'blue.8'} aria-label={t('atVod.full')} />
    </>
  );
}

function Queued({ flow: { queued } }: { flow: FlowAnswer }) {
  const { t } = useTranslation(['flow', 'common']);
  const format = useFormat();
  return (
    <Block title={t('queued.title')} hint={t('queued.hint')}>
      {queued.length === 0 ? (
        <Text size="sm">{t('queued.none')}</Text>
      ) : (
        <Table verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('common:fields.region')}</Table.Th>
              <Table.Th>{t('common:fields.priority')}</Table.Th>
              <Table.Th>{t('jobs')}</Table.Th>
              <Table.Th>{t('queued.oldest')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {queued.map(({ region, priority, jobs, oldestAt }) => (
              <Table.Tr key={`${region} ${priority}`}>
                <Table.Td>{region}</Table.Td>
                <Table.Td>{t(`common:priorities.${priority}`)}</Table.Td>
                <Table.Td>{format.number(jobs)}</Table.Td>
                <Table.Td>
                  <RelativeTime at={oldestAt} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Block>
  );
}
