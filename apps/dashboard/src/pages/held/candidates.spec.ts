import type { EventItem, EvidenceAnswer, HistoryAnswer, JobAnswer } from '@app/contract';
import { candidatesFor, linesOfThisCase } from './candidates';

type HistoryItem = HistoryAnswer['items'][number];

function line(event: string, detail: HistoryItem['detail'] = {}): HistoryItem {
  return {
    at: '2026-11-25T12:00:00Z',
    event,
    text: event,
    from: 'unconfirmed',
    to: 'held',
    version: 1,
    attempt: 1,
    actor: null,
    detail,
  };
}

const evidence = (events: string[], taken: string[] = []): EvidenceAnswer => ({
  submissions: [],
  unmatchedEvents: events.map((vodJobId) => ({ vodJobId }) as EventItem),
  sameMedia: taken.map((vodJobId) => ({ vodJobId }) as JobAnswer),
});
const unnamed = { vodJobId: null };

describe('what a person may adopt', () => {
  it('is what events and the looks at VOD have named, each once, the best founded first', () => {
    const history = [
      line('claimed'),
      line('looked', { note: 'VOD lists x' }),
      line('undecidable', { reason: 'two', candidates: ['a', 'b'] }),
    ];
    expect(candidatesFor(unnamed, history, evidence(['c', 'b']))).toEqual([
      { vodJobId: 'b', sources: ['event', 'ladder'] },
      { vodJobId: 'c', sources: ['event'] },
      { vodJobId: 'a', sources: ['ladder'] },
    ]);
  });

  it("is not another job's, and not what was found for an earlier attempt", () => {
    const history = [
      line('undecidable', { candidates: ['old'] }),
      line('claimed'),
      line('reconsidered', { vodJobId: 'a' }),
    ];
    expect(candidatesFor(unnamed, history, evidence([], ['a']))).toEqual([]);
  });

  it('is the JobId that VOD itself had named, should VOD have forgotten it', () => {
    expect(candidatesFor({ vodJobId: 'mine' }, [line('vanished')], undefined)).toEqual([
      { vodJobId: 'mine', sources: ['named'] },
    ]);
  });

  it('rests on the lines since the last attempt', () => {
    expect(linesOfThisCase([line('created'), line('claimed'), line('looked')]).map(({ event }) => event)).toEqual([
      'claimed',
      'looked',
    ]);
    expect(linesOfThisCase([])).toEqual([]);
  });
});
