import { parseSearch, stringifySearch } from './search-params';

describe('search parameters', () => {
  it('are what the API takes: text, and lists where a parameter is repeated', () => {
    expect(parseSearch('?state=failed&state=held&mediaId=123&q=a:b')).toEqual({
      state: ['failed', 'held'],
      mediaId: '123',
      q: 'a:b',
    });
  });

  it('come back from the text they were written to', () => {
    const params = { state: ['failed', 'held'], label: 'batch:2026/11 & more', mediaId: '0012' };
    expect(parseSearch(stringifySearch(params))).toEqual(params);
  });

  it('leave out what has no value', () => {
    expect(stringifySearch({ q: '', type: undefined, state: [] })).toBe('');
  });
});
