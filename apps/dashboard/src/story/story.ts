import type { HistoryAnswer } from '@app/contract';
import type { HistoryEntry } from '@app/domain';

type HistoryItem = HistoryAnswer['items'][number];

/** What `story.ts` needs of a translator of the namespace `story`: a test can be one. */
export type Tell = (key: string, values: Record<string, string | number>) => string;

/** Reasons that a person typed. The other ones are part of their sentence. */
const withReason: readonly string[] = ['canceled', 'adopted', 'resubmitted', 'given_up', 'retried', 'refetched'];

/** The line as a sentence in the language of the page; an event that this page is too old to know comes as the API words it. */
export function tellIn(
  t: Tell,
  knows: (key: string) => boolean,
  line: HistoryItem,
  said: (sentence: string) => string = (sentence) => sentence,
): string {
  const key = keyOf(line);
  if (!knows(key)) return line.text;
  const values = { ...detailOf(t, line, said), actor: line.actor ?? t('unknown', {}), attempt: line.attempt };
  const sentence = t(key, values);
  if (line.detail['contradicts']) return `${sentence} ${t('contradicts', values)}`;
  if (withReason.includes(line.event) && line.detail['reason']) {
    return t('because', { sentence, reason: text(line.detail['reason']) ?? '' });
  }
  return sentence;
}

function keyOf({ event, detail }: HistoryItem): string {
  if (event === ('created' satisfies HistoryEntry['event']) && detail['forced']) return 'createdForced';
  if (event === ('read_succeeded' satisfies HistoryEntry['event']) && detail['problem']) return 'read_unusable';
  return event;
}

/** What a sentence may name, as text; what is missing is called unknown, as in the API's own sentence. What the server put in comes in the language of the page. */
function detailOf(t: Tell, { detail }: HistoryItem, said: (sentence: string) => string): Record<string, string> {
  const unknown = t('unknown', {});
  const named = ['reason', 'vodJobId', 'code', 'message', 'cause', 'note', 'evidence', 'status', 'signature', 'source'];
  const others = ['problem', 'contradicts', 'misses', 'candidate', 'count'];
  return Object.fromEntries([...named, ...others].map((key) => [key, said(text(detail[key]) ?? unknown)]));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
