import { Group, Text, VisuallyHidden } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { columnVisibilityFeature, createColumnHelper, rowSelectionFeature, tableFeatures } from '@tanstack/react-table';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { CopyableId } from '../../parts/copyable-id';
import { StateBadge } from '../../parts/state-badge';
import { RelativeTime } from '../../parts/time';
import classes from './jobs.module.css';

export const features = tableFeatures({ columnVisibilityFeature, rowSelectionFeature });

/** Every field of a job in the order of interest, by its name in `common:fields`. A cell is drawn again when its job has changed. */
const fields = {
  state: { first: true, cell: (job: JobAnswer) => <StateBadge state={job.state} /> },
  mediaId: { first: true, cell: (job: JobAnswer) => <MediaCell job={job} /> },
  type: { first: true, cell: (job: JobAnswer) => <TypeCell job={job} /> },
  region: { first: false, cell: (job: JobAnswer) => job.region },
  client: { first: true, cell: (job: JobAnswer) => job.client },
  priority: { first: false, cell: (job: JobAnswer) => <PriorityCell job={job} /> },
  labels: { first: true, cell: (job: JobAnswer) => <LabelsCell job={job} /> },
  attempts: { first: false, cell: (job: JobAnswer) => job.attempts },
  error: { first: true, cell: (job: JobAnswer) => <ErrorCell job={job} /> },
  createdAt: { first: true, cell: (job: JobAnswer) => <TimeCell at={job.createdAt} /> },
  submittedAt: { first: false, cell: (job: JobAnswer) => <TimeCell at={job.submittedAt} /> },
  finishedAt: { first: false, cell: (job: JobAnswer) => <TimeCell at={job.finishedAt} /> },
  settledAt: { first: false, cell: (job: JobAnswer) => <TimeCell at={job.settledAt} /> },
  dueAt: { first: true, cell: (job: JobAnswer) => <TimeCell at={job.dueAt} /> },
  vodJobId: { first: false, cell: (job: JobAnswer) => <IdCell id={job.vodJobId} field="vodJobId" /> },
  requestId: { first: false, cell: (job: JobAnswer) => <IdCell id={job.requestId} field="requestId" /> },
  jobId: { first: false, cell: (job: JobAnswer) => <IdCell id={job.id} field="jobId" /> },
};

export type ColumnId = keyof typeof fields;
export const columnIds = Object.keys(fields) as ColumnId[];

/** What answers most questions and fits a laptop; each person chooses the others. */
export const firstColumns = Object.fromEntries(columnIds.map((id) => [id, fields[id].first])) as Record<
  ColumnId,
  boolean
>;

const helper = createColumnHelper<typeof features, JobAnswer>();

export const columns = helper.columns(
  columnIds.map((id) => helper.display({ id, cell: ({ row }) => fields[id].cell(row.original) })),
);

function MediaCell({ job }: { job: JobAnswer }) {
  const { t } = useTranslation(['jobs', 'common']);
  return (
    <CopyableId id={job.mediaId} what={t('common:fields.mediaId')}>
      <Link to="/jobs/$jobId" params={{ jobId: job.id }} className={classes['link']}>
        {job.mediaId}
      </Link>
    </CopyableId>
  );
}

function TypeCell({ job }: { job: JobAnswer }) {
  const { t } = useTranslation();
  return <span title={job.type}>{t(`types.${job.type}`)}</span>;
}

function PriorityCell({ job }: { job: JobAnswer }) {
  const { t } = useTranslation();
  return t(`priorities.${job.priority}`);
}

function LabelsCell({ job }: { job: JobAnswer }) {
  const labels = Object.entries(job.labels).map(([key, value]) => `${key}:${value}`);
  if (labels.length === 0) return <Nothing />;
  return (
    <Group gap={4} wrap="nowrap" className={classes['labels']} title={labels.join('\n')}>
      {labels.map((label) => (
        <span key={label} className={classes['label']}>
          {label}
        </span>
      ))}
    </Group>
  );
}

function ErrorCell({ job }: { job: JobAnswer }) {
  const { t } = useTranslation();
  if (!job.error) return <Nothing />;
  const { code, message, phase } = job.error;
  return (
    <span className={classes['error']} title={`${code} (${t(`phases.${phase}`)}): ${message}`}>
      {code}
    </span>
  );
}

function TimeCell({ at }: { at: string | null }) {
  return at === null ? <Nothing /> : <RelativeTime at={at} />;
}

function IdCell({ id, field }: { id: string | null; field: 'vodJobId' | 'requestId' | 'jobId' }) {
  const { t } = useTranslation();
  return id === null ? <Nothing /> : <CopyableId id={id} what={t(`fields.${field}`)} />;
}

function Nothing() {
  const { t } = useTranslation();
  return (
    <Text span c="dimmed" data-nothing>
      <span aria-hidden>–</span>
      <VisuallyHidden>{t('none')}</VisuallyHidden>
    </Text>
  );
}
