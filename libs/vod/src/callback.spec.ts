// Fails loudly if anything loads them.
jest.mock('@alicloud/pop-core', () => {
  throw new Error('pop-core was loaded');
});
jest.mock('@alicloud/credentials', () => {
  throw new Error('the credential chain was loaded');
});

describe('the entry for the webhook', () => {
  it('gives what the webhook needs without loading the cloud client', () => {
    const entry = jest.requireActual<object>('./callback');
    expect(Object.keys(entry).toSorted()).toEqual([
      'parseEvent',
      'parseEventHead',
      'parseVodTime',
      'signCallback',
      'verifyCallback',
    ]);
  });

  it('is not the main entry, which does load it', () => {
    expect(() => jest.requireActual<object>('./index')).toThrow(/was loaded/);
  });
});
