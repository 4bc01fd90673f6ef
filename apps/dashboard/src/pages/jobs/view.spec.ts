import type { JobAnswer, JobsAnswer, StreamedChange } from '@app/contract';
import { arrivals, isInView, streamFilterOf, withArrivals } from './view';

const job = (id: string, part: Partial<JobAnswer> = {}) =>
  ({ id, state: 'queued', error: null, version: 1, ...part }) as JobAnswer;
const list = (ids: string[], nextCursor: string | null = null): JobsAnswer => ({
  items: ids.map((id) => job(id)),
  nextCursor,
});
const changed = (...jobs: JobAnswer[]) => jobs.map((one) => ({ job: one })) as StreamedChange[];
const idsOf = (jobs: JobAnswer[] | undefined) => jobs?.map(({ id }) => id);

describe('a live page of the list', () => {
  it('gets rows that are new, each once, and none that it shows or that belong further down', () => {
    const page = list(['7', '5', '3'], '3');
    expect(idsOf(arrivals(page, {}, changed(job('8'), job('5'), job('1'), job('8', { version: 2 }))))).toEqual(['8']);
  });

  it('gets a row in its middle when a change leads it into the view', () => {
    const page = list(['7', '5', '3'], '3');
    const coming = arrivals(page, { state: ['failed'] }, changed(job('6', { state: 'failed' }), job('4')));
    expect(idsOf(coming)).toEqual(['6']);
    expect(idsOf(withArrivals(page, coming, 50)?.items)).toEqual(['7', '6', '5', '3']);
  });

  it('ends where the list ends: then an old job belongs to it too', () => {
    expect(idsOf(arrivals(list(['7', '5']), {}, changed(job('1'))))).toEqual(['1']);
    expect(idsOf(arrivals(list([]), {}, changed(job('1'))))).toEqual(['1']);
  });

  it('is read anew when it has grown far beyond its size', () => {
    const many = Array.from({ length: 151 }, (_, index) => job(String(9_000 - index)));
    expect(withArrivals(list(['7']), many, 50)).toBeNull();
  });

  it('knows which of its rows have left the view', () => {
    expect(isInView({ state: ['queued'] }, job('1', { state: 'failed' }))).toBe(false);
    expect(isInView({ errorCode: 'A' }, job('1', { error: { phase: 'vod', code: 'A', message: '' } }))).toBe(true);
    expect(isInView({ errorCode: 'A' }, job('1'))).toBe(false);
    expect(isInView({ vodJobId: '9e82' }, job('1', { vodJobId: '9e82' }))).toBe(true);
    expect(isInView({ vodJobId: '9e82' }, job('1', { vodJobId: null }))).toBe(false);
    expect(isInView({ mediaId: 'm' }, job('1'))).toBe(true);
  });

  it('hears of rows that lose the error or the JobId by which they were found', () => {
    expect(streamFilterOf({ errorCode: 'A', vodJobId: '9e82', mediaId: 'm' })).toEqual({ mediaId: 'm' });
  });
});
