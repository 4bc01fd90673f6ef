import { List, Stack, Table, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCoin, IconInfoCircle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { MediaList } from '@app/media-list';
import { useFormat } from '../../i18n/format';
import { ToneAlert } from '../../parts/tone-alert';
import { useSession } from '../../session/session';
import { useProblemText } from './problem-text';
import classes from './submit.module.css';

const SHOWN = 5;

interface ReviewProps {
  list: MediaList;
  /** How many jobs each request makes. */
  types: number;
}

/** Before anything is sent: how many requests it will be, what they cost, and which lines are not clear. */
export function Review({ list, types }: ReviewProps) {
  const { t } = useTranslation('submit');
  const format = useFormat();
  const { me } = useSession();
  if (list.outcome === 'refused') return <Refused list={list} />;
  const { ids, repeated } = list;
  if (ids.length === 0) return <Text c="dimmed">{t('review.nothing')}</Text>;
  const jobs = ids.length * types;
  return (
    <Stack gap="xs">
      <Title order={2}>{t('review.requests', { count: ids.length, number: format.number(ids.length) })}</Title>
      <Text size="sm">
        {types > 0 ? t('review.jobs', { count: jobs, number: format.number(jobs) }) : t('review.noTypes')}
        {repeated > 0 && ` ${t('review.repeated', { count: repeated, number: format.number(repeated) })}`}
      </Text>
      <List size="sm" listStyleType="none" className={classes['mono']}>
        {ids.slice(0, SHOWN).map((id) => (
          <List.Item key={id} className={classes['id']}>
            {id}
          </List.Item>
        ))}
        {ids.length > SHOWN && <li>{t('review.more', { number: format.number(ids.length - SHOWN) })}</li>}
      </List>
      {types > 0 && (
        <ToneAlert tone={me.emulator ? 'quiet' : 'doubt'} icon={me.emulator ? IconInfoCircle : IconCoin}>
          {me.emulator ? t('review.costsNothing') : t('review.costs', { count: jobs, number: format.number(jobs) })}
        </ToneAlert>
      )}
    </Stack>
  );
}

function Refused({ list: { problems, count } }: { list: Extract<MediaList, { outcome: 'refused' }> }) {
  const { t } = useTranslation('submit');
  const format = useFormat();
  const textOf = useProblemText();
  return (
    <ToneAlert
      tone="bad"
      icon={IconAlertTriangle}
      title={t('review.refused', { count, number: format.number(count) })}
      role="alert"
    >
      <Text size="sm">{t('review.refusedMeans')}</Text>
      <Table verticalSpacing={4} mt="xs" className={classes['refused']}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('review.line')}</Table.Th>
            <Table.Th>{t('review.why')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {problems.map((problem) => (
            <Table.Tr key={`${problem.line} ${problem.problem}`}>
              <Table.Td>{format.number(problem.line)}</Table.Td>
              <Table.Td>{textOf(problem)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {count > problems.length && (
        <Text size="sm" mt="xs">
          {t('review.moreRefused', { number: format.number(count - problems.length) })}
        </Text>
      )}
    </ToneAlert>
  );
}
