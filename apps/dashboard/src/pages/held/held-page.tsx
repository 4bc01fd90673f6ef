import { Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconMoodCheck } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { heldQuery, jobQuery } from '../../api/queries';
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

/** The stream of held jobs says that a job is no longer one, and not what becomes of it then. */
const NO_LONGER_HELD_MS = 5_000;

/** What needs a person: the jobs about which nobody but a person can decide, and what there is to decide by. */
export function HeldPage() {
  const { t } = useTranslation('held');
  const search = route.useSearch();
  const queryClient = useQueryClient();
  const api = useApi();
  const held = heldQuery(api);
  const { data, error, refetch } = useQuery(held);
  // Those that leave do so in the cached list at once; those that come are read.
  useLive({ state: ['held'] }, (changes) => {
    if (changes.some(({ job }) => job.state === 'held')) void readNew();
  });
  async function readNew() {
    // The first read may have looked too early. It is not begun anew: while many come, it would never end.
    if (!data) await queryClient.fetchQuery({ ...held, staleTime: 0 }).catch(() => undefined); // the page shows what went wrong
    await queryClient.invalidateQueries(held);
  }
  const jobs = useMemo(() => data?.items.filter(({ state }) => state === 'held').toReversed(), [data]);

  // The case on screen stays until the person picks another: it must not change under a hand that is about to decide.
  const [shown, setShown] = useState<{ job: JobAnswer; picked: string | undefined }>();
  const wanted = shown?.picked === search.job ? shown?.job.id : search.job;
  const chosen = jobs?.length === 0 ? undefined : (jobs?.find(({ id }) => id === wanted) ?? shown?.job ?? jobs?.[0]);
  if (!chosen && shown) setShown(undefined);
  if (chosen && (chosen !== shown?.job || search.job !== shown.picked)) {
    setShown({ job: chosen, picked: search.job });
  }
  const isHeld = chosen !== undefined && jobs?.includes(chosen) === true;
  const { data: now } = useQuery({
    ...jobQuery(api, chosen?.id ?? ''),
    enabled: chosen !== undefined && !isHeld,
    refetchInterval: NO_LONGER_HELD_MS,
  });

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
            <CaseView key={chosen.id} job={isHeld ? chosen : (now ?? chosen)} isHeld={isHeld} />
          </div>
        </Stack>
      )}
    </Page>
  );
}
