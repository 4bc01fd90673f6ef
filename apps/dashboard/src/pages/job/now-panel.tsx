import { Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { JobActions } from '../../actions/job-actions';
import { outlookQuery } from '../../api/queries';
import { useFormat, useNow } from '../../i18n/format';
import { useSaid } from '../../i18n/use-said';
import { TextLink } from '../../parts/text-link';
import { RelativeTime } from '../../parts/time';
import { StateBadge } from '../../parts/state-badge';
import { stateLooks } from '../../parts/states';
import { useHeldReason } from '../../parts/held-reason';
import { useApi } from '../../session/session';
import { useStory } from '../../story/use-story';
import { Because } from './because';
import { outlookOf, spans } from './outlook';
import type { HistoryItem } from './timeline';
import classes from './job.module.css';

interface NowPanelProps {
  job: JobAnswer;
  history: readonly HistoryItem[];
}

/** What is the matter with the job just now, in words that tick, and what a person may do. */
export function NowPanel({ job, history }: NowPanelProps) {
  return (
    <Paper withBorder p="sm" className={classes['now'] ?? ''} data-tone={stateLooks[job.state].tone}>
      <Stack gap="xs">
        <div className={classes['headline']}>
          <StateBadge state={job.state} />
          <Outlook job={job} history={history} />
        </div>
        <Trouble job={job} />
        <Lately job={job} history={history} />
        <JobActions job={job} />
      </Stack>
    </Paper>
  );
}

function Outlook({ job, history }: NowPanelProps) {
  const { t } = useTranslation('job');
  const format = useFormat();
  const { sinceMs, next } = outlookOf(job, history, useNow());
  const { data: outlook } = useQuery({ ...outlookQuery(useApi(), job.id), enabled: job.dueAt !== null });
  const time = format.duration(Math.max(1_000, Math.trunc(sinceMs / 1_000) * 1_000));
  const { allMs, waitedMs, atVodMs } = spans(job);
  return (
    // Ticks every second: a screen reader is not told each time.
    <div aria-live="off">
      <Text fw={600}>
        {t(`now.${job.state}`, { time })}
        {/* The alarm of a queued job is no promise: it lies ahead for a while when the job has been handed to a worker. */}
        {next.when === 'ahead' &&
          job.state !== 'queued' &&
          t(`next.${nextWords(job.state)}`, { time: format.duration(next.ms) })}
        {next.when === 'due' && outlook?.reason === 'next' && t('next.now')}
      </Text>
      {allMs !== null && waitedMs !== null && atVodMs !== null && (
        <Text c="dimmed" size="sm">
          {t('took', {
            all: format.duration(allMs),
            waited: format.duration(waitedMs),
            atVod: format.duration(atVodMs),
          })}
        </Text>
      )}
      {outlook && job.dueAt !== null && <Because job={job} outlook={outlook} />}
    </div>
  );
}

function nextWords(state: JobAnswer['state']) {
  switch (state) {
    case 'submitting':
    case 'processing':
      return state;
    default:
      return 'other';
  }
}

/** Why it ended as it did, or why it waits for a person. */
function Trouble({ job }: { job: JobAnswer }) {
  const { t } = useTranslation(['job', 'common']);
  const heldReason = useHeldReason();
  const said = useSaid();
  if (job.error === null) return null;
  if (job.state === 'held') {
    return (
      <Stack gap={4}>
        <Text size="sm">{heldReason(job.error.code)}</Text>
        <Text size="sm" className={classes['message']}>
          {said(job.error.message)}
        </Text>
        <Text size="sm">
          {t('decide.before')}{' '}
          <TextLink to="/held" search={{ job: job.id }} inherit underline="always">
            {t('decide.link')}
          </TextLink>
        </Text>
      </Stack>
    );
  }
  return (
    <Text size="sm" className={classes['message']}>
      {t('error', { phase: t(`common:phases.${job.error.phase}`) })} <b>{job.error.code}</b>: {said(job.error.message)}
    </Text>
  );
}

/** The latest line, as long as it isn't over: why a job waits stands there. */
function Lately({ job, history }: NowPanelProps) {
  const { t } = useTranslation('job');
  const tell = useStory();
  const last = history.at(-1);
  if (!last || job.dueAt === null) return null;
  return (
    <Text size="sm" c="dimmed">
      {t('lately')} {tell(last)} (<RelativeTime at={last.at} />)
    </Text>
  );
}
