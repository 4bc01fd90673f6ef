import { at, jobs, oneOfEach } from '../test/jobs';
import { decide, describeEntry, errorIn, isSilent, type HistoryEntry, type JobEvent } from './index';

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
  const sentences: Record<JobEvent['type'], string> = {
    claimed: 'Attempt 1: a worker is sending it to VOD',
    deferred: 'Waiting: as many jobs as allowed are at VOD',
    canceled: 'Canceled by ada: no longer wanted',

    accepted: 'VOD accepted attempt 1 as vod-1 (RequestId R-1)',
    refused: 'VOD refused attempt 1: InvalidVideo.NotFound, no such video (RequestId R-2)',
    throttled: 'VOD throttled the call (Throttling.User); not counted as an attempt',
    blocked: 'The account cannot submit: OperationDenied.Suspended, the bill is overdue; not counted as an attempt',
    not_sent: 'Nothing was sent: connect ECONNREFUSED; not counted as an attempt',
    never_sent: 'The worker stopped before it sent attempt 1; safe to send again',
    outcome_unknown: 'No answer to attempt 1, VOD may have it: no answer within 10 s',

    looked: 'Looked for attempt 1 at VOD: no event of VOD names it yet',
    reconsidered: 'An event for JobId vod-1, same media and type, may belong to attempt 1; checking again',
    resent: 'Sending attempt 1 again: the same signed request, byte for byte',
    found: 'Found attempt 1 at VOD as vod-1: the only new AI job of this media',
    proven_absent: 'Attempt 1 never reached VOD: VOD lists a younger job and not this one',
    undecidable: 'Held for a person: two jobs of this media are candidates',

    event_received: "VOD's event says success (signature valid); reading the result",
    read_running: 'Checked: VOD is still working on it (Analysing)',
    read_succeeded: 'Read the result from ListAIJob: success',
    read_failed: 'VOD failed: NoAudio, no audio track',
    read_missing: 'Checked: VOD does not know this JobId',
    read_unavailable: 'Could not check: busy: Throttling',
    read_stranger: 'Checked: VOD answered about another media',
    vanished: 'Held for a person: VOD did not know the JobId in 5 checks in a row',
    disowned: 'Held for a person: VOD answered about another media, in 3 checks in a row',
    deadline_passed: 'Expired: not finished by its deadline, after a last check',

    adopted: "Adopted VOD's job vod-1 by ada: the console shows it; reading it",
    resubmitted: 'Queued for a new submission by ada: not in the console',
    given_up: 'Given up by ada: the video was deleted',
    retried: 'Queued again by ada: the video was replaced',
    refetched: 'Fetching the result again by ada: the data was broken',
  };
  it.each(Object.entries(sentences) as [JobEvent['type'], string][])('tells %s: %s', (type, sentence) => {
    expect(describeEntry(entry(oneOfEach[type], { actor: 'ada' }))).toBe(sentence);
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

  it('knows the error that a step has left on the job, when nothing goes on by itself after it', () => {
    const ends = Object.values(jobs).flatMap((job) =>
      Object.values(oneOfEach).flatMap((event) => {
        const decision = decide(job, event, at());
        return decision.outcome === 'moved' && isSilent(decision.next.state) ? [{ event, next: decision.next }] : [];
      }),
    );
    expect(ends.length).toBeGreaterThan(8);
    expect(ends.map(({ event, next }) => [event.type, errorIn(entry(event, { to: next.state }))])).toEqual(
      ends.map(({ event, next }) => [event.type, next.error]),
    );
  });

  it('knows that the data of a success was of no use', () => {
    const line = entry(oneOfEach.read_succeeded);
    expect(errorIn({ ...line, detail: { ...line.detail, problem: 'no JSON' } })).toEqual({
      phase: 'result',
      code: 'unusable_data',
      message: 'no JSON',
    });
  });
});
