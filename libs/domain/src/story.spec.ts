import { jobs, oneOfEach } from '../test/jobs';
import { describeEntry, type HistoryEntry, type JobEvent } from './index';

/** The event as the store keeps it: `read_*` without the result, which has a table of its own. */
function entry(event: JobEvent, more: Partial<HistoryEntry> = {}): HistoryEntry {
  const { type, ...detail } = event;
  const kept = type === 'read_succeeded' ? { source: event.result.source } : detail;
  return {
    event: type,
    from: 'queued',
    to: 'queued',
    attempt: jobs.submitting.attempt,
    actor: null,
    detail: kept,
    ...more,
  };
}

describe('A line of history', () => {
  it.each(Object.values(oneOfEach) as JobEvent[])('tells $type in a sentence without holes', (event) => {
    const sentence = describeEntry(entry(event, { actor: 'ada' }));
    expect(sentence).toMatch(/^[A-Z].{10,}/);
    expect(sentence).not.toMatch(/undefined|unknown|null|\[object|: *$|\( *\)/);
  });

  it('names who did it and why', () => {
    expect(describeEntry(entry(oneOfEach.canceled, { actor: 'ada' }))).toBe('Canceled by ada: no longer wanted');
    expect(describeEntry(entry({ type: 'retried' }, { actor: 'ada' }))).toBe('Queued again by ada');
  });

  it('tells who asked, and that the price was meant to be paid twice', () => {
    const created: HistoryEntry = { event: 'created', from: null, to: 'queued', attempt: 0, actor: 'otto', detail: {} };
    expect(describeEntry(created)).toBe('Accepted by otto');
    expect(describeEntry({ ...created, detail: { forced: true } })).toBe(
      'Accepted by otto, forced although the same job is open',
    );
  });

  it("carries VOD's own words and the RequestId to ask its support with", () => {
    expect(describeEntry(entry(oneOfEach.accepted))).toBe('VOD accepted attempt 1 as vod-1 (RequestId R-1)');
    expect(describeEntry(entry(oneOfEach.refused))).toBe(
      'VOD refused attempt 1: InvalidVideo.NotFound, no such video (RequestId R-2)',
    );
  });

  it('does not hide that the event and the answer disagreed, or that the data is unusable', () => {
    const detail = { source: 'ListAIJob', contradicts: 'fail', problem: 'not JSON' };
    expect(describeEntry(entry(oneOfEach.read_succeeded, { detail }))).toBe(
      'Read the result from ListAIJob: success, although the event said fail, but its data is unusable: not JSON',
    );
  });

  it('tells a line of an older release that lacks a detail, rather than failing', () => {
    expect(describeEntry(entry(oneOfEach.found, { detail: {} }))).toBe('Found attempt 1 at VOD as unknown: unknown');
  });
});
