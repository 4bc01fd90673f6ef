import type { JobAnswer } from '@app/contract';
import { styleOfState, type Column } from './screen';
import { dateTime } from './times';

/** How a job looks in a list, and in which order a pipe gets its columns. */
export const jobColumns: Column<JobAnswer>[] = [
  { head: 'ID', of: (job) => job.id },
  { head: 'STATE', of: (job) => job.state, style: styleOfState },
  { head: 'TYPE', of: (job) => job.type },
  { head: 'MEDIA', of: (job) => job.mediaId },
  { head: 'CREATED', of: (job) => job.createdAt, shown: (job) => dateTime(job.createdAt) },
  { head: 'ERROR', of: (job) => job.error?.code ?? '', style: () => 'red' },
];
