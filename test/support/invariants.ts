import { nextState, type JobEventType, type JobState } from '@app/domain';
import type { Stack } from './stack';

interface Line {
  jobId: string;
  version: number;
  event: string;
  from: JobState | null;
  to: JobState;
}

/** I5: the history of every job holds only steps of the table, from the first to the row as it is, without a gap. */
export async function brokenHistories(stack: Stack): Promise<string[]> {
  const lines = await stack.query<Line>(
    `select job_id as "jobId", version, event, from_state as "from", to_state as "to" from history order by job_id, version`,
  );
  const jobs = await stack.query<{ id: string; state: JobState; version: number }>(
    'select id, state, version from job',
  );
  const byJob = groupByJob(lines);
  return jobs.flatMap(({ id, state, version }) => {
    const own = byJob.get(id) ?? [];
    const broken = own.flatMap((line, i) => {
      const before = own[i - 1]?.to ?? null;
      const wanted = i === 0 ? 'queued' : nextState(before as JobState, line.event as JobEventType);
      const follows = line.version === i + 1 && line.from === before && line.to === wanted;
      return follows
        ? []
        : [`${id}: line ${i + 1} is ${line.from} → ${line.to} by ${line.event}, version ${line.version}`];
    });
    const last = own.at(-1);
    if (last?.version !== version || last.to !== state) broken.push(`${id}: the row is ${state} in version ${version}`);
    return broken;
  });
}

/** I4: every stored result is the emulator's, byte for byte, and every success has one. */
export async function wrongResults(stack: Stack): Promise<string[]> {
  const rows = await stack.query<{ vodJobId: string; raw: string | null }>(
    `select job.vod_job_id as "vodJobId", result.raw
       from job left join result on result.job_id = job.id
      where job.state = 'succeeded'`,
  );
  const atVod = new Map(stack.emulator.jobs().map((job) => [job.jobId, job.data]));
  return rows
    .filter(({ vodJobId, raw }) => raw === null || raw !== atVod.get(vodJobId))
    .map(({ vodJobId }) => vodJobId);
}

/** I2 and I3: what VOD was paid for and what the rows say, as the pairs in which they differ. */
export async function billingDifferences(stack: Stack): Promise<string[]> {
  const rows = await stack.query<{ vodJobId: string }>(
    `select vod_job_id as "vodJobId" from job where vod_job_id is not null`,
  );
  const ours = rows.map((row) => row.vodJobId);
  const billed = stack.emulator.ledger().entries.map((entry) => entry.jobId);
  const known = new Set(ours);
  const paid = new Set(billed);
  return [
    ...billed.filter((id) => !known.has(id)).map((id) => `billed, and no row has it: ${id}`),
    ...ours.filter((id) => !paid.has(id)).map((id) => `in a row, and never billed: ${id}`),
  ];
}

function groupByJob(lines: Line[]): Map<string, Line[]> {
  const groups = new Map<string, Line[]>();
  for (const line of lines) groups.set(line.jobId, [...(groups.get(line.jobId) ?? []), line]);
  return groups;
}
