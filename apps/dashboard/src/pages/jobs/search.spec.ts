import { parseSearch, stringifySearch } from '../../search-params';
import { filterOf, jobsSearch } from './search';

const read = (text: string) => jobsSearch(parseSearch(text));

describe('a link to a view of the jobs', () => {
  it('carries every filter of the list, and comes back as it was', () => {
    const search = read(
      '?q=cat&state=failed&state=held&type=AIMediaDNA&mediaId=00123&vodJobId=9e82&requestId=r&region=cn-shanghai&client=ci' +
        '&errorCode=Throttling&label=batch:2026-11&label=team:a:b&createdFrom=2026-11-01T00:00:00Z&createdTo=2026-11-02T00:00:00Z&cursor=c',
    );
    expect(search).toMatchObject({
      state: ['failed', 'held'],
      mediaId: '00123',
      label: ['batch:2026-11', 'team:a:b'],
      cursor: 'c',
    });
    expect(search.ignored).toBeUndefined();
    expect(read(stringifySearch({ ...search }))).toEqual(search);
    expect(filterOf(search)).not.toHaveProperty('cursor');
  });

  it('leaves out what means nothing here, and says so', () => {
    expect(read('?state=failed&state=asleep&type=AIVideoCensor&colour=red&createdFrom=yesterday&label=nokey')).toEqual({
      state: ['failed'],
      ignored: ['state', 'type', 'colour', 'createdFrom', 'label'],
    });
  });

  it('goes on saying so when the page is loaded again', () => {
    const search = read('?colour=red&mediaId=a');
    expect(read(stringifySearch({ ...search }))).toEqual({ mediaId: 'a', ignored: ['colour'] });
  });
});
