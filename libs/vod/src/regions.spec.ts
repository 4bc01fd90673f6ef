import { offers, regionFeatures } from './regions';

describe('regions', () => {
  it('offers both features in Shanghai and only fingerprinting in Singapore', () => {
    expect(offers('cn-shanghai', 'AIVideoTag')).toBe(true);
    expect(offers('cn-shanghai', 'AIMediaDNA')).toBe(true);
    expect(offers('ap-southeast-1', 'AIVideoTag')).toBe(false);
    expect(offers('ap-southeast-1', 'AIMediaDNA')).toBe(true);
  });

  it('knows regions that have VOD but neither feature', () => {
    expect(regionFeatures['us-west-1']).toEqual([]);
    expect(offers('us-west-1', 'AIVideoTag')).toBe(false);
  });

  it.each(['', 'cn-atlantis', 'constructor', '__proto__'])('offers nothing in the unknown region %j', (region) => {
    expect(offers(region, 'AIVideoTag')).toBe(false);
  });
});
