import { Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconMoodCheck } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { heldQuery } from '../../api/queries';
import { useLive } from '../../live/live';
import { ErrorNotice } from '../../parts/error-notice';
import { Loading } from '../../parts/loading';
import { NothingHere } from '../../parts/nothing-here';
import { Page } from '../../parts/page';
import { ToneAlert } from '../../parts/tone-alert';
import { useApi } from '../../session/session';
import { CaseView } from './case-view';
import { HeldList } from './held-list';
import classes from './held.module.css';

const route = getRouteApi('/held');

/** What needs a person: the jobs about which nobody but a person can decide, and what there is to decide by. */
export function HeldPage() {
  const { t } = useTranslation('held');
  const search = route.useSearch();
  const queryClient = useQueryClient();
  const held = heldQuery(useApi());
  const { data, error, refetch } = useQuery(held);
  // Those that leave do so in the cached list at once; those that come are read.
  useLive({ state: ['held'] }, (changes) => {
    if (changes.some(({ job }) => job.state === 'held')) void queryClient.invalidateQueries(held);
  });
  const jobs = useMemo(() => data?.items.filter(({ state }) => state === 'held').toReversed(), [data]);
  const chosen = jobs?.find(({ id }) => id === search.job) ?? jobs?.[0];

  return (
    <Page title={t('title')}>
      {!jobs && error && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {!jobs && !error && <Loading h={320} />}
      {jobs?.length === 0 && <NothingHere icon={IconMoodCheck} title={t('empty.title')} text={t('empty.text')} />}
      {jobs && chosen && (
        <Stack gap="sm">
          {data?.nextCursor && (
            <ToneAlert tone="doubt" icon={IconAlertTriangle}>
              {t('tooMany', { count: jobs.length })}
            </ToneAlert>
          )}
          {search.job !== undefined && chosen.id !== search.job && (
            <Text component="output" size="sm">
              {t('noLongerHeld')}
            </Text>
          )}
          <div className={classes['columns']}>
            <HeldList jobs={jobs} chosen={chosen} />
            <CaseView key={chosen.id} job={chosen} />
          </div>
        </Stack>
      )}
    </Page>
  );
}
