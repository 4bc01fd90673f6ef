import type { HistoryAnswer, JobAnswer } from '@app/contract';
import { jobStates, type JobState } from '@app/domain';
import { outlookOf, spans } from './outlook';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const at = (ms: number) => new Date(NOW + ms).toISOString();

function job(state: JobState, more: Partial<JobAnswer> = {}): JobAnswer {
  return {
    id: '01a2032f-e07b-7439-9f71-b8fc9c427ca2',
    requestId: '01a2032f-e07b-7439-9f71-b75301bd9854',
    mediaId: 'm1',
    region: 'cn-shanghai',
    type: 'AIVideoTag',
    state,
    vodJobId: null,
    attempts: 0,
    priority: 'normal',
    labels: {},
    client: 'local',
    error: null,
    createdAt: at(-600_000),
    submittedAt: null,
    finishedAt: null,
    settledAt: null,
    dueAt: null,
    version: 1,
    ...more,
  };
}

function line(to: JobState, from: JobState | null, ms: number): HistoryAnswer['items'][number] {
  return { at: at(ms), event: 'e', text: '', from, to, version: 1, attempt: 1, actor: null, detail: {} };
}

describe('what a job is about just now', () => {
  it('counts what VOD has from when it was sent', () => {
    const processing = job('processing', { submittedAt: at(-180_000), dueAt: at(40_000) });
    expect(outlookOf(processing, [line('processing', 'submitting', -179_000)], NOW)).toEqual({
      sinceMs: 180_000,
      next: { when: 'ahead', ms: 40_000 },
    });
  });

  it('counts everything else from when it came into its state, and not from a look that left it there', () => {
    const lines = [line('queued', null, -600_000), line('held', 'unconfirmed', -50_000), line('held', 'held', -1_000)];
    expect(outlookOf(job('held'), lines, NOW)).toEqual({ sinceMs: 50_000, next: { when: 'none' } });
    expect(outlookOf(job('queued'), [], NOW).sinceMs).toBe(600_000);
  });

  it('does not take a job that is due for one to which nobody comes', () => {
    expect(outlookOf(job('queued', { dueAt: at(-60_000) }), [], NOW).next).toEqual({ when: 'due' });
  });

  it.each(jobStates)('has an answer for %s, and never a negative time', (state) => {
    const ahead = outlookOf(job(state, { createdAt: at(5_000), settledAt: at(5_000), dueAt: at(1) }), [], NOW);
    expect(ahead.sinceMs).toBe(0);
  });

  it('says how long a job took, as far as it came', () => {
    const times = { submittedAt: at(-590_000), finishedAt: at(-500_000), settledAt: at(-499_000) };
    expect(spans(job('succeeded', times))).toEqual({ allMs: 101_000, waitedMs: 10_000, atVodMs: 90_000 });
    expect(spans(job('canceled', { settledAt: at(-1), finishedAt: at(-1) }))).toMatchObject({ atVodMs: null });
  });
});
