import { Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { eventsOfJobQuery, evidenceQuery, historyQuery, jobQuery, requestQuery } from '../../api/queries';
import { useLive } from '../../live/live';
import { ErrorNotice } from '../../parts/error-notice';
import { Loading } from '../../parts/loading';
import { Page } from '../../parts/page';
import { useApi } from '../../session/session';
import { JobFacts } from './job-facts';
import { NowPanel } from './now-panel';
import { ResultView } from './result/result-view';
import { momentsOf } from './timeline';
import { TimelineView } from './timeline-view';
import classes from './job.module.css';

const route = getRouteApi('/jobs/$jobId');

/** The whole story of one job on one screen, live. */
export function JobPage() {
  const { jobId } = route.useParams();
  const { t } = useTranslation('job');
  const { data: job, error, refetch } = useQuery(jobQuery(useApi(), jobId));
  // An id is one of the things that `q` finds. Nothing is streamed for a job that isn't there.
  useLive(job ? { q: jobId } : null);
  if (job) return <Story key={job.id} job={job} />;
  return (
    <Page title={t('title')}>
      {error ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : <Loading h={240} />}
    </Page>
  );
}

function Story({ job }: { job: JobAnswer }) {
  const { t } = useTranslation(['job', 'common']);
  const api = useApi();
  const history = useQuery(historyQuery(api, job.id));
  const { data: evidence } = useQuery(evidenceQuery(api, job.id));
  const { data: events } = useQuery(eventsOfJobQuery(api, job.id));
  const { data: request } = useQuery(requestQuery(api, job.requestId));
  const lines = history.data;
  const moments = useMemo(
    () =>
      lines &&
      momentsOf({
        history: lines,
        ...(evidence && { submissions: evidence.submissions }),
        ...(events && { events: events.items }),
      }),
    [lines, evidence, events],
  );

  return (
    <Page title={`${t(`common:types.${job.type}`)} · ${job.mediaId}`}>
      <Stack gap="lg">
        <NowPanel job={job} history={lines ?? []} />
        <div className={classes['columns']}>
          <section aria-labelledby="job-timeline">
            <Title order={2} id="job-timeline" mb="sm">
              {t('timeline.title')}
            </Title>
            {moments && <TimelineView moments={moments} jobId={job.id} request={request} />}
            {!moments && history.error && <ErrorNotice error={history.error} onRetry={() => void history.refetch()} />}
            {!moments && !history.error && <Loading h={200} />}
          </section>
          <Stack gap="lg">
            {job.state === 'succeeded' && (
              <section aria-labelledby="job-result">
                <Title order={2} id="job-result" mb="sm">
                  {t('result.title')}
                </Title>
                <ResultView job={job} />
              </section>
            )}
            <section aria-labelledby="job-facts">
              <Title order={2} id="job-facts" mb="sm">
                {t('facts.title')}
              </Title>
              <JobFacts job={job} />
            </section>
          </Stack>
        </div>
      </Stack>
    </Page>
  );
}
