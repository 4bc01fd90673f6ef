import type { JobFilterQuery } from '@app/contract';
import { isMediaFoundBy, spellingsOf, type News } from '@app/persistence';

/** The list's filters, for one change at a time. Listeners with the same filter have the same `key`, and share their text. */
export interface StreamFilter {
  key: string;
  lets(news: News): boolean;
}

export function streamFilter(query: JobFilterQuery): StreamFilter {
  const { state: states, createdFrom, createdTo, label: labels = [], q, ...fields } = query;
  const isAsked = <T>(asked: T | undefined, is: T | null) => asked === undefined || asked === is;
  return {
    key: JSON.stringify(query),
    lets: ({ line, job }) =>
      // What it was before as well, so that a row can leave a view.
      (states === undefined || states.includes(line.to) || (line.from !== null && states.includes(line.from))) &&
      isAsked(fields.type, job.type) &&
      isAsked(fields.mediaId, job.mediaId) &&
      (fields.mediaIdPrefix === undefined || job.mediaId.startsWith(fields.mediaIdPrefix)) &&
      (isAsked(fields.vodJobId, job.vodJobId) || line.detail['wasVodJobId'] === fields.vodJobId) &&
      isAsked(fields.requestId?.toLowerCase(), job.requestId) &&
      isAsked(fields.region, job.region) &&
      isAsked(fields.client, job.client) &&
      (isAsked(fields.errorCode, job.error?.code ?? null) || line.detail['wasErrorCode'] === fields.errorCode) &&
      labels.every((label) => hasLabel(job, label)) &&
      (createdFrom === undefined || job.createdAt >= createdFrom) &&
      (createdTo === undefined || job.createdAt < createdTo) &&
      (q === undefined || isFoundBy(q, job, line.detail['wasVodJobId'])),
  };
}

/** A media id or its beginning, a job id, request id, JobId of VOD, or a label. */
function isFoundBy(q: string, job: News['job'], wasVodJobId: unknown): boolean {
  const id = q.toLowerCase(); // of ours
  return (
    spellingsOf(q).some((one) => isMediaFoundBy(one, job.mediaId) || one === job.vodJobId || one === wasVodJobId) ||
    job.id === id ||
    job.requestId === id ||
    hasLabel(job, q)
  );
}

/** `key:value`; the value may have colons, the key has none. */
function hasLabel({ labels }: News['job'], pair: string): boolean {
  const colon = pair.indexOf(':');
  const key = pair.slice(0, colon);
  return colon > 0 && Object.hasOwn(labels, key) && labels[key] === pair.slice(colon + 1);
}
