import { jobStates, newsOf, newsTypes, silentStates } from './index';

describe('News', () => {
  it('is that a job is over or waits for a person, and nothing else', () => {
    const told = jobStates.filter((state) => newsOf(state) !== null);
    expect(told.toSorted()).toEqual([...silentStates].toSorted());
  });

  it('is called like the state', () => {
    expect(new Set(silentStates.map(newsOf))).toEqual(new Set(newsTypes));
    expect(newsOf('held')).toBe('job.held');
  });
});
