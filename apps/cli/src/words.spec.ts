import type { JobAnswer } from '@app/contract';
import { fromNow, standing } from './words';

const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();

const job = (changes: Partial<JobAnswer>): JobAnswer => ({
  id: 'j',
  requestId: 'r',
  mediaId: 'm',
  region: 'cn-shanghai',
  type: 'AIVideoTag',
  state: 'queued',
  vodJobId: null,
  attempts: 0,
  priority: 'normal',
  labels: {},
  client: 'c',
  error: null,
  createdAt: at(-600),
  submittedAt: null,
  finishedAt: null,
  settledAt: null,
  dueAt: null,
  version: 1,
  ...changes,
});

describe('Words', () => {
  it.each([
    [0, 'now'],
    [-1, '1 s ago'],
    [-59.9, '59 s ago'],
    [-60, '1 min ago'],
    [40, 'in 40 s'],
    [7_200, 'in 2 h'],
    [-86_400 * 3, '3 d ago'],
  ])('say the distance of a time: %d s is %s', (seconds, words) => {
    expect(fromNow(at(seconds), NOW)).toBe(words);
  });

  it.each<[Partial<JobAnswer>, string]>([
    [{ state: 'queued', dueAt: at(-5) }, 'waits to be sent'],
    [{ state: 'queued', dueAt: at(30) }, 'waits to be sent; next try in 30 s'],
    [{ state: 'unconfirmed', dueAt: at(10) }, 'may or may not have reached VOD; next look in 10 s'],
    [{ state: 'processing', submittedAt: at(-190), dueAt: at(40) }, 'VOD has had it for 3 min; next look in 40 s'],
    [{ state: 'failed', settledAt: at(-60) }, 'failed after 9 min, 1 min ago'],
  ])('say where a job stands: %j', (changes, words) => {
    expect(standing(job(changes), NOW)).toBe(words);
  });
});
