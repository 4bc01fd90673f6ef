import { type Fields, fieldsOf, idOf, listOf, opened, textInOrder } from '../fields';
import { vodJob, type VodJob } from '../vod-job';
import type { JobsRead, ReadCall, SubmitCall } from './spec';

/** Several types of one media in one call. */
export const submitAIJob = {
  operation: 'SubmitAIJob',
  answersWith: 'AIJobList',
  params: ({ types, config }) => ({
    Types: types.join(','),
    ...(config === null ? {} : { Config: textInOrder(config) }),
  }),
  /** Matched by type, as the order isn't specified. */
  accepted: (body, { types, mediaId }) => {
    const entries = listOf(fieldsOf(opened(body['AIJobList']))?.['AIJob']).map(fieldsOf);
    return types.flatMap((type) => {
      const jobs = entries.filter((entry) => entry?.['Type'] === type && (entry['MediaId'] || mediaId) === mediaId);
      const vodJobId = jobs.map((job) => idOf(job?.['JobId'])).find((id) => id !== null);
      return vodJobId === undefined ? [] : [{ type, vodJobId }];
    });
  },
} as const satisfies SubmitCall;

/** What `SubmitAIJob` has made. Ids that VOD neither lists nor calls missing are in neither list. */
export const listAIJob: ReadCall = {
  operation: 'ListAIJob',
  atOnce: 10,
  params: (jobIds) => ({ JobIds: jobIds.join(',') }),
  jobs: (body, jobIds): JobsRead | null => {
    const jobs = listedJobs(body, jobIds);
    if (jobs === null) return null;
    const known = new Set(jobs.map((job) => job.jobId));
    return { jobs, missing: missingIds(body).filter((id) => jobIds.includes(id) && !known.has(id)) };
  },
};

/** No list is an empty one; anything else that isn't a list of jobs gives null. */
function listedJobs(body: Fields, asked: readonly string[]): VodJob[] | null {
  const list = fieldsOf(opened(body['AIJobList'] ?? {}));
  const entries = opened(list?.['AIJob'] ?? []);
  if (list === null || (!Array.isArray(entries) && fieldsOf(entries) === null)) return null;
  const jobs = new Map<string, VodJob>();
  for (const entry of listOf(entries)) {
    const job = vodJob(fieldsOf(entry) ?? {});
    if (job !== null && asked.includes(job.jobId) && !jobs.has(job.jobId)) jobs.set(job.jobId, job);
  }
  return [...jobs.values()];
}

/** In three forms (docs/vod.md, "Asking"): an array, one text that holds a JSON array, an array that holds that text. */
function missingIds(body: Fields): string[] {
  const ids = fieldsOf(opened(body['NonExistAIJobIds']))?.['String'];
  const list = listOf(typeof ids === 'string' ? [ids] : ids);
  return list.map(idOf).filter((id) => id !== null);
}
