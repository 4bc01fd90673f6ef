import { type JobType, jobTypes } from '@app/domain';
import { readableTogether, readCalls } from '.';

type Job = { type: JobType; id: string };

const jobs = (type: JobType, count: number): Job[] =>
  Array.from({ length: count }, (_, i) => ({ type, id: `${type} ${i + 1}` }));
const tags = (count: number) => jobs('AIVideoTag', count);
const fingerprints = (count: number) => jobs('AIMediaDNA', count);
const reviews = (count: number) => jobs('AIMediaAudit', count);

describe('Jobs that one call can read', () => {
  it.each<[string, Job[], [string, number][]]>([
    ['none', [], []],
    ['one tagging', tags(1), [['ListAIJob', 1]]],
    ['as many as the call takes', tags(10), [['ListAIJob', 10]]],
    [
      'one more than that',
      tags(11),
      [
        ['ListAIJob', 10],
        ['ListAIJob', 1],
      ],
    ],
    ['taggings and fingerprints', [...tags(4), ...fingerprints(6)], [['ListAIJob', 10]]],
    [
      'reviews, each by itself',
      reviews(2),
      [
        ['GetAIMediaAuditJob', 1],
        ['GetAIMediaAuditJob', 1],
      ],
    ],
    [
      'all types in any order, those first that share a call',
      [...reviews(1), ...tags(12), ...fingerprints(11), ...reviews(1)],
      [
        ['ListAIJob', 10],
        ['ListAIJob', 10],
        ['ListAIJob', 3],
        ['GetAIMediaAuditJob', 1],
        ['GetAIMediaAuditJob', 1],
      ],
    ],
  ])('are put together: %s', (_, given, calls) => {
    const together = readableTogether(given);
    expect(together.map(({ call, jobs: own }) => [call.operation, own.length])).toEqual(calls);
    for (const { call, jobs: own } of together) expect(own.length).toBeLessThanOrEqual(call.atOnce);
  });

  it('are each in one call, in the order in which they came', () => {
    const given = [...tags(7), ...reviews(2), ...fingerprints(7)];
    const read = readableTogether(given).flatMap(({ jobs: own }) => own.map(({ id }) => id));
    expect(read).toEqual([...tags(7), ...fingerprints(7), ...reviews(2)].map(({ id }) => id));
  });

  it('are of every type: none is left without a call', () => {
    for (const type of jobTypes) expect(readableTogether(jobs(type, 1))).toMatchObject([{ jobs: [{ type }] }]);
    expect(readCalls.map(({ operation }) => operation)).toEqual(['ListAIJob', 'GetAIMediaAuditJob']);
  });
});
