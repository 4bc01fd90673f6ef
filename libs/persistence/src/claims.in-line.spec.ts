import type { DataSource } from 'typeorm';
import type { PacedClaim } from './claims';
import type { Door } from './door';
import type { PaceStore } from './pace.store';
import { SubmissionStore } from './submission.store';

/** A store whose claims end when the test says so. */
function storeOfClaims() {
  const ends: ((outcome: PacedClaim[] | Error) => void)[] = [];
  const commit = () =>
    new Promise<PacedClaim[]>((resolve, reject) => {
      ends.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)));
    });
  const options = { maxInFlight: 0, callMs: 0 };
  const store = new SubmissionStore({} as DataSource, { commit } as unknown as Door, {} as PaceStore, options);
  return { store, ends };
}

/** What is ready has run. */
const quiet = () => new Promise((resolve) => setImmediate(resolve));

describe('Claims of one process', () => {
  it('in one region are made one after the other, also after one that failed', async () => {
    const { store, ends } = storeOfClaims();
    const [first, second] = [store.claimNext('here'), store.claimNext('here')];
    await quiet();
    expect(ends).toHaveLength(1);
    ends[0]?.(new Error('Postgres is away'));
    await expect(first).rejects.toThrow('Postgres is away');
    await quiet();
    expect(ends).toHaveLength(2);
    ends[1]?.([]);
    expect(await second).toEqual([]);
  });

  it('of another region wait for none of these', async () => {
    const { store, ends } = storeOfClaims();
    void store.claimNext('here');
    void store.claimNext('there');
    await quiet();
    expect(ends).toHaveLength(2);
  });

  it('wait for one that hangs no longer than a second', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
    try {
      const { store, ends } = storeOfClaims();
      void store.claimNext('here');
      void store.claimNext('here');
      await jest.advanceTimersByTimeAsync(999);
      expect(ends).toHaveLength(1);
      await jest.advanceTimersByTimeAsync(1);
      expect(ends).toHaveLength(2);
    } finally {
      jest.useRealTimers();
    }
  });
});
