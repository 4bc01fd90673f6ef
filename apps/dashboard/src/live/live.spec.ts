import { QueryClient, QueryObserver } from '@tanstack/react-query';
import type { Client } from '@app/client';
import type { JobAnswer, JobsAnswer, StatsAnswer, StreamedChange } from '@app/contract';
import { inBatches } from './batches';
import { jobQuery, jobsQuery } from '../api/queries';
import { applyChanges } from './caches';

const job = (id: string, version: number) => ({ id, version, state: 'queued' }) as JobAnswer;
const change = (from: string | null, to: string, of: JobAnswer) =>
  ({ change: { from, to }, job: of }) as StreamedChange;

describe('changes from the stream', () => {
  it('make known jobs what they are by now, and leave the other rows as they are', () => {
    const client = new QueryClient();
    const untouched = job('b', 1);
    client.setQueryData<JobsAnswer>(['jobs', {}], { items: [job('a', 1), untouched], nextCursor: null });
    client.setQueryData<JobAnswer>(['job', 'a'], job('a', 5));

    applyChanges(client, [change('queued', 'submitting', job('a', 3)), change('queued', 'queued', job('a', 2))]);

    const list = client.getQueryData<JobsAnswer>(['jobs', {}]);
    expect(list?.items.map(({ version }) => version)).toEqual([3, 1]);
    expect(list?.items[1]).toBe(untouched);
    expect(client.getQueryData<JobAnswer>(['job', 'a'])?.version).toBe(5);
    expect(client.getQueryData(['job', 'c'])).toBeUndefined();
  });

  it('leave the rows alone that they move', async () => {
    const client = new QueryClient();
    const answers = [[job('a', 1)], [job('b', 1), job('a', 1)]];
    const api = { jobs: () => Promise.resolve({ items: answers.shift(), nextCursor: null }) } as unknown as Client;
    const read = async () => {
      await client.fetchQuery(jobsQuery(api, {}));
      return client.getQueryData<JobsAnswer>(['jobs', {}])?.items;
    };
    const first = await read();
    const second = await read();
    expect(second?.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(second?.[1]).toBe(first?.[0]);
  });

  it('are not undone by an answer that was read before them and comes after them', async () => {
    const client = new QueryClient();
    let arrive = () => {};
    const arrival = new Promise<void>((resolve) => (arrive = resolve));
    const api = {
      job: () => arrival.then(() => job('a', 1)),
      jobs: () => arrival.then(() => ({ items: [job('a', 1), job('b', 1)], nextCursor: null })),
    } as unknown as Client;
    const reads = Promise.all([client.fetchQuery(jobQuery(api, 'a')), client.fetchQuery(jobsQuery(api, {}))]);

    applyChanges(client, [change('queued', 'submitting', job('a', 2))]);
    arrive();
    await reads;

    expect(client.getQueryData<JobAnswer>(['job', 'a'])?.version).toBe(2);
    expect(client.getQueryData<JobsAnswer>(['jobs', {}])?.items.map(({ version }) => version)).toEqual([2, 1]);
  });

  it('begin a first read of the history anew when it is under way', async () => {
    const client = new QueryClient();
    const answers = ['before', 'after'];
    const screen = new QueryObserver(client, {
      queryKey: ['job', 'a', 'history'],
      queryFn: ({ signal }) =>
        new Promise<string>((resolve, reject) => {
          const answer = answers.shift() ?? '';
          signal.addEventListener('abort', () => reject(new Error('aborted')));
          if (answer === 'after') resolve(answer);
        }),
    });
    const shown = new Promise((resolve) => screen.subscribe(({ data }) => data !== undefined && resolve(data)));

    applyChanges(client, [change('queued', 'submitting', job('a', 2))]);

    await expect(shown).resolves.toBe('after');
    screen.destroy();
  });

  it('are counted', () => {
    const client = new QueryClient();
    client.setQueryData(['stats'], { jobs: { total: 3, byState: { queued: 3 } } });
    applyChanges(client, [
      change('queued', 'submitting', job('a', 2)),
      change(null, 'queued', job('b', 1)),
      change('queued', 'queued', job('c', 2)),
    ]);
    expect(client.getQueryData<StatsAnswer>(['stats'])?.jobs).toMatchObject({
      total: 4,
      byState: { queued: 3, submitting: 1 },
    });
  });

  it('come in batches: a burst at once, what follows it a little later', () => {
    jest.useFakeTimers();
    const seen: number[][] = [];
    const batches = inBatches<number>((items) => seen.push(items));
    batches.add(1);
    batches.add(2);
    jest.advanceTimersByTime(1);
    expect(seen).toEqual([[1, 2]]);
    batches.add(3);
    jest.advanceTimersByTime(50);
    batches.add(4);
    expect(seen).toHaveLength(1);
    jest.advanceTimersByTime(100);
    expect(seen).toEqual([
      [1, 2],
      [3, 4],
    ]);
    batches.add(5);
    batches.drop();
    jest.advanceTimersByTime(500);
    expect(seen).toHaveLength(2);
    jest.useRealTimers();
  });
});
