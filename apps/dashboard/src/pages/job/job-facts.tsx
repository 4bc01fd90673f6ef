import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { useFormat } from '../../i18n/format';
import { CopyableId } from '../../parts/copyable-id';
import { Facts } from '../../parts/facts';
import { TextLink } from '../../parts/text-link';
import { ExactTime } from '../../parts/time';
import classes from './job.module.css';

/** Who and what. The links narrow the list of jobs to what is like this one. */
export function JobFacts({ job }: { job: JobAnswer }) {
  const { t } = useTranslation(['job', 'common']);
  const format = useFormat();
  const fields = 'common:fields' as const;
  const time = (at: string | null) =>
    at === null ? (
      <Text span inherit c="dimmed">
        –
      </Text>
    ) : (
      <ExactTime at={at} />
    );
  return (
    <Facts
      of={[
        {
          name: t(`${fields}.mediaId`),
          value: (
            <CopyableId whole id={job.mediaId} what={t(`${fields}.mediaId`)}>
              <TextLink to="/jobs" search={{ mediaId: job.mediaId }} inherit>
                {job.mediaId}
              </TextLink>
            </CopyableId>
          ),
        },
        {
          name: t(`${fields}.vodJobId`),
          value:
            job.vodJobId === null ? (
              <Text span inherit c="dimmed">
                {t('facts.noVodJobId')}
              </Text>
            ) : (
              <CopyableId whole id={job.vodJobId} what={t(`${fields}.vodJobId`)} />
            ),
        },
        { name: t(`${fields}.jobId`), value: <CopyableId whole id={job.id} what={t(`${fields}.jobId`)} /> },
        {
          name: t(`${fields}.requestId`),
          value: (
            <CopyableId whole id={job.requestId} what={t(`${fields}.requestId`)}>
              <TextLink to="/jobs" search={{ requestId: job.requestId }} inherit>
                {job.requestId}
              </TextLink>
            </CopyableId>
          ),
        },
        { name: t(`${fields}.region`), value: job.region },
        { name: t(`${fields}.client`), value: job.client },
        { name: t(`${fields}.priority`), value: t(`common:priorities.${job.priority}`) },
        ...(Object.keys(job.labels).length > 0
          ? [{ name: t(`${fields}.labels`), value: <Labels labels={job.labels} /> }]
          : []),
        { name: t(`${fields}.attempts`), value: format.number(job.attempts) },
        { name: t(`${fields}.createdAt`), value: time(job.createdAt) },
        { name: t(`${fields}.submittedAt`), value: time(job.submittedAt) },
        { name: t(`${fields}.finishedAt`), value: time(job.finishedAt) },
        { name: t(`${fields}.settledAt`), value: time(job.settledAt) },
      ]}
    />
  );
}

function Labels({ labels }: { labels: JobAnswer['labels'] }) {
  return (
    <Group gap={6}>
      {Object.entries(labels).map(([key, value]) => (
        <TextLink
          key={key}
          to="/jobs"
          search={{ label: [`${key}:${value}`] }}
          className={classes['label'] ?? ''}
          size="xs"
        >
          {key}:{value}
        </TextLink>
      ))}
    </Group>
  );
}
