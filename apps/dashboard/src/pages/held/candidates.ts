import type { EvidenceAnswer, HistoryAnswer, JobAnswer } from '@app/contract';

type HistoryItem = HistoryAnswer['items'][number];

type Source = 'event' | 'ladder' | 'named';

/** A JobId of VOD that may be the held job's, and who says so. */
export interface Candidate {
  vodJobId: string;
  sources: Source[];
}

/** What a person may adopt, the best founded first. A JobId that another job of ours has is none. */
export function candidatesFor(
  job: Pick<JobAnswer, 'vodJobId'>,
  history: readonly HistoryItem[],
  evidence: EvidenceAnswer | undefined,
): Candidate[] {
  const found = new Map<string, Set<Source>>();
  const add = (vodJobId: unknown, source: Source) => {
    if (typeof vodJobId !== 'string' || vodJobId === '') return;
    found.set(vodJobId, (found.get(vodJobId) ?? new Set()).add(source));
  };
  for (const event of evidence?.unmatchedEvents ?? []) add(event.vodJobId, 'event');
  for (const line of linesOfThisCase(history)) {
    if (line.event === 'reconsidered') add(line.detail['vodJobId'], 'event');
    if (line.event === 'undecidable') for (const id of listed(line.detail['candidates'])) add(id, 'ladder');
  }
  // VOD did not know it, or called it somebody else's: it may have been a slip of VOD's.
  add(job.vodJobId, 'named');
  const taken = new Set(evidence?.sameMedia.map(({ vodJobId }) => vodJobId));
  return [...found]
    .filter(([vodJobId]) => !taken.has(vodJobId))
    .map(([vodJobId, sources]) => ({ vodJobId, sources: [...sources] }))
    .toSorted((a, b) => b.sources.length - a.sources.length);
}

/** Since the last attempt was made: what was found for an earlier one is not about this case. */
export function linesOfThisCase(history: readonly HistoryItem[]): HistoryItem[] {
  const from = history.findLastIndex(({ event }) => event === 'claimed');
  return history.slice(Math.max(from, 0));
}

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
