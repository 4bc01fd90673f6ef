import { Progress, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { StatsAnswer } from '@app/contract';
import { statsQuery } from '../../api/queries';
import { useFormat, useNow } from '../../i18n/format';
import { useRate } from '../../parts/rate';
import { useApi } from '../../session/session';
import classes from './jobs.module.css';
import { withoutState, type JobsFilter } from './search';

type Far = NonNullable<StatsAnswer['progress']>;

/** How far the filtered jobs are, whatever their state, and when they are done. Of one job its state says it all. */
export function BatchProgress({ filter }: { filter: JobsFilter }) {
  const { data } = useQuery(statsQuery(useApi(), withoutState(filter)));
  const far = data?.progress;
  return far && far.total > 1 ? <Bar far={far} /> : null;
}

function Bar({ far }: { far: Far }) {
  const { t } = useTranslation(['jobs', 'common']);
  const format = useFormat();
  const { total, succeeded, failed, held, open } = far;
  const parts = [
    { name: t('common:states.succeeded'), jobs: succeeded, color: 'var(--tone-good)' },
    { name: t('progress.failed'), jobs: failed, color: 'var(--tone-bad)' },
    { name: t('common:states.held'), jobs: held, color: 'var(--tone-person)' },
  ];
  // Rounded down: 100 % is all of them.
  const over = Math.floor(((succeeded + failed) / total) * 1000) / 1000;
  const said = [...parts.filter(({ jobs }) => jobs > 0), { name: t('progress.open'), jobs: open }]
    .map(({ name, jobs }) => `${name} ${format.number(jobs)}`)
    .join(t('common:listSeparator'));
  return (
    <section aria-label={t('progress.title')} className={classes['progress']}>
      <Progress.Root size="md" aria-hidden>
        {parts.map(({ name, jobs, color }) => (
          <Progress.Section key={name} value={(100 * jobs) / total} color={color} />
        ))}
      </Progress.Root>
      <Text size="sm">
        <b>{t('progress.over', { share: format.percent(over), total: format.number(total) })}</b> {said}
      </Text>
      <Text size="sm" c="dimmed">
        <Estimate far={far} />
      </Text>
    </section>
  );
}

function Estimate({ far: { open, held, perSecond, expectedAt, basis } }: { far: Far }) {
  const { t } = useTranslation('jobs');
  const format = useFormat();
  const rate = useRate();
  const now = useNow();
  if (open === 0) return t(held > 0 ? 'progress.doneButHeld' : 'progress.done');
  if (expectedAt === null || basis === null) return t('progress.unknown');
  const time = format.about(Math.max(1_000, Date.parse(expectedAt) - now));
  return basis === 'settling'
    ? t('progress.settling', { time, rate: rate(perSecond ?? 0) })
    : t('progress.queue', { time });
}
