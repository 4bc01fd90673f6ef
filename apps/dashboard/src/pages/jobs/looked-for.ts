/** What a search is taken for: with the rules of the api, so that somebody who finds nothing knows what was looked for. */
export type Meaning = 'mediaId' | 'mediaIdStart' | 'vodJobId' | 'jobId' | 'requestId' | 'label';

/** What is shorter begins too many ids. */
const PREFIX_MIN = 4;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function meaningsOf(q: string): Meaning[] {
  return [
    q.length < PREFIX_MIN ? 'mediaId' : 'mediaIdStart',
    'vodJobId',
    ...(UUID.test(q) ? (['jobId', 'requestId'] as const) : []),
    ...(q.indexOf(':') > 0 ? (['label'] as const) : []),
  ];
}
