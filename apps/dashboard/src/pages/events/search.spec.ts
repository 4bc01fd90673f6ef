import { eventsSearch } from './search';

describe('the URL of the events', () => {
  it('is the query of the call', () => {
    const search = { verdict: 'unmatched', mediaId: 'm1', vodJobId: '9e82', jobId: 'j1', cursor: 'c1' };
    expect(eventsSearch(search)).toEqual(search);
  });

  it('leaves out what the list does not know', () => {
    expect(eventsSearch({ verdict: 'lost', mediaId: ['a', 'b'], jobId: '', utm: 'x' })).toEqual({});
  });
});
