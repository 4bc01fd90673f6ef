import { eventsSearch } from './search';

const id = '01930000-0000-7000-8000-000000000000';

describe('the URL of the events', () => {
  it('is the query of the call', () => {
    const search = { verdict: 'unmatched', mediaId: 'm1', vodJobId: '9e82', jobId: id, cursor: id };
    expect(eventsSearch(search)).toEqual({ search, wrong: [] });
  });

  it('says what in it is wrong', () => {
    const { search, wrong } = eventsSearch({ verdict: 'lost', mediaId: ['a', 'b'], jobId: '', utm: 'x' });
    expect(search).toEqual({});
    expect(wrong.map(({ name, expected }) => [name, expected])).toEqual([
      ['verdict', 'verdict'],
      ['mediaId', 'once'],
      ['utm', 'known'],
    ]);
  });
});
