import { dropped } from '../../filters/wrong';
import { parseSearch, stringifySearch } from '../../search-params';
import { filterOf, jobsSearch } from './search';

const read = (text: string) => jobsSearch(parseSearch(text));

describe('a link to a view of the jobs', () => {
  it('carries every filter of the list, and comes back as it was', () => {
    const { search, wrong } = read(
      '?q=cat&state=failed&state=held&type=AIMediaDNA&mediaId=00123&vodJobId=9e82&requestId=01930000-0000-7000-8000-000000000000' +
        '&region=cn-shanghai&client=ci&errorCode=Throttling&label=batch:2026-11&label=team:a:b' +
        '&createdFrom=2026-11-01T00:00:00Z&createdTo=2026-11-02T00:00:00Z&cursor=01930000-0000-7000-8000-000000000001',
    );
    expect(search).toMatchObject({
      state: ['failed', 'held'],
      mediaId: '00123',
      label: ['batch:2026-11', 'team:a:b'],
      cursor: '01930000-0000-7000-8000-000000000001',
    });
    expect(wrong).toEqual([]);
    expect(read(stringifySearch({ ...search }))).toEqual({ search, wrong: [] });
    expect(filterOf(search)).not.toHaveProperty('cursor');
  });

  it('says what in it is wrong, and what was expected', () => {
    const { search, wrong } = read(
      '?state=failed&state=asleep&type=AIVideoCensor&colour=red&createdFrom=yesterday&label=nokey&label=a:1&label=a:2&client=&mediaId=a&mediaId=b',
    );
    expect(search).toEqual({ state: ['failed'], label: ['a:1'] });
    expect(wrong.map(({ name, value, expected }) => [name, value, expected])).toEqual([
      ['state', 'asleep', 'state'],
      ['type', 'AIVideoCensor', 'type'],
      ['colour', 'red', 'known'],
      ['createdFrom', 'yesterday', 'time'],
      ['label', 'nokey', 'label'],
      ['label', 'a:2', 'eachKeyOnce'],
      ['mediaId', 'a, b', 'once'],
    ]);
  });

  it('can be seen without what is wrong', () => {
    const params = parseSearch('?label=foo&label=a:1&colour=red&mediaId=a&mediaId=b');
    const { wrong } = jobsSearch(params);
    const rest = wrong.reduce(dropped, params);
    expect(stringifySearch(rest)).toBe('?label=a:1');
    expect(jobsSearch(rest).wrong).toEqual([]);
  });
});
