import { Link } from '@tanstack/react-router';
import { columnVisibilityFeature, createColumnHelper, rowSelectionFeature, tableFeatures } from '@tanstack/react-table';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { useIsPast } from '../../i18n/format';
import { useSaid } from '../../i18n/use-said';
import { CopyableId } from '../../parts/copyable-id';
import { StateBadge } from '../../parts/state-badge';
import { RelativeTime } from '../../parts/time';
import classes from './jobs.module.css';

export const features = tableFeatures({ columnVisibilityFeature, rowSelectionFeature });

/**
 * Every field of a job in the order of interest, by its name in `common:fields`. Widths
 * are fixed: a column that grows with what comes live would move what is being read. A cell is drawn again when its job has changed.
 */
const fields = {
  state: { first: true, rem: 8.5, cell: (job: JobAnswer) => <StateBadge state={job.state} /> },
  mediaId: { first: true, rem: 12, cell: (job: JobAnswer) => <MediaCell job={job} /> },
  type: { first: true, rem: 9, cell: (job: JobAnswer) => <TypeCell job={job} /> },
  region: { first: false, rem: 7.5, cell: (job: JobAnswer) => job.region },
  client: { first: true, rem: 5, cell: (job: JobAnswer) => job.client },
  priority: { first: false, rem: 5, cell: (job: JobAnswer) => <PriorityCell job={job} /> },
  labels: { first: true, rem: 8, cell: (job: JobAnswer) => <LabelsCell job={job} /> },
  attempts: { first: false, rem: 5.5, cell: (job: JobAnswer) => job.attempts },
  error: { first: true, rem: 8, cell: (job: JobAnswer) => <ErrorCell job={job} /> },
  createdAt: { first: true, rem: 6.5, cell: (job: JobAnswer) => <TimeCell at={job.createdAt} /> },
  submittedAt: { first: false, rem: 7, cell: (job: JobAnswer) => <TimeCell at={job.submittedAt} /> },
  finishedAt: { first: false, rem: 8, cell: (job: JobAnswer) => <TimeCell at={job.finishedAt} /> },
  settledAt: { first: false, rem: 7, cell: (job: JobAnswer) => <TimeCell at={job.settledAt} /> },
  dueAt: { first: true, rem: 7, cell: (job: JobAnswer) => <DueCell job={job} /> },
  vodJobId: { first: false, rem: 13, cell: (job: JobAnswer) => <IdCell id={job.vodJobId} field="vodJobId" /> },
  requestId: { first: false, rem: 13, cell: (job: JobAnswer) => <IdCell id={job.requestId} field="requestId" /> },
  jobId: { first: false, rem: 13, cell: (job: JobAnswer) => <IdCell id={job.id} field="jobId" /> },
};

export type ColumnId = keyof typeof fields;
export const columnIds = Object.keys(fields) as ColumnId[];

/** What answers most questions and fits a laptop; each person chooses the others. */
export const firstColumns = Object.fromEntries(columnIds.map((id) => [id, fields[id].first])) as Record<
  ColumnId,
  boolean
>;

/** In rem. The error takes what the others leave, and without it the media id. */
export function columnWidth(id: string): number {
  return fields[id as ColumnId].rem;
}

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
    <span className={classes['labels']} title={labels.join('\n')}>
      {labels.map((label) => (
        <span key={label} className={classes['label']}>
          {label}
        </span>
      ))}
    </span>
  );
}

function ErrorCell({ job }: { job: JobAnswer }) {
  const { t } = useTranslation();
  const said = useSaid();
  if (!job.error) return <Nothing />;
  const { code, message, phase } = job.error;
  return (
    <span className={classes['error']} title={`${code} (${t(`phases.${phase}`)}): ${said(message)}`}>
      {code}
    </span>
  );
}

function TimeCell({ at }: { at: string | null }) {
  return at === null ? <Nothing /> : <RelativeTime at={at} />;
}

/** A job that is due is not late: a queued job has others before it, and every other is looked at now. */
function DueCell({ job: { state, dueAt } }: { job: JobAnswer }) {
  return dueAt === null ? <Nothing /> : <NextLook at={dueAt} isQueued={state === 'queued'} />;
}

function NextLook({ at, isQueued }: { at: string; isQueued: boolean }) {
  const { t } = useTranslation('jobs');
  if (!useIsPast(at)) return <RelativeTime at={at} />;
  return t(isQueued ? 'due.inLine' : 'due.now');
}

function IdCell({ id, field }: { id: string | null; field: 'vodJobId' | 'requestId' | 'jobId' }) {
  const { t } = useTranslation();
  return id === null ? <Nothing /> : <CopyableId id={id} what={t(`fields.${field}`)} />;
}

function Nothing() {
  return (
    <span className={classes['nothing']} data-nothing aria-hidden>
      –
    </span>
  );
}
