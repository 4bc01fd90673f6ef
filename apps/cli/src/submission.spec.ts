import { keysFor, type SubmitOptions } from './submission';

const keyOf = (part: Partial<SubmitOptions> = {}) =>
  keysFor(['m'], { types: ['AIVideoTag', 'AIMediaDNA'], file: 'ids.csv', ...part })('m');

describe('The key of a media in a file', () => {
  it('is the same in whatever order types, config and labels are given, and with other labels or another priority', () => {
    expect(keyOf({ types: ['AIMediaDNA', 'AIVideoTag'] })).toBe(keyOf());
    expect(keyOf({ label: ['b:2', 'a:1'], priority: 'high' })).toBe(keyOf({ label: ['a:1', 'b:2'] }));
    expect(keyOf({ label: ['a:1'] })).toBe(keyOf());
    const config = { AIVideoTag: { AnalyseTypes: 'ASR', More: 'x' } };
    expect(keyOf({ config: { AIVideoTag: { More: 'x', AnalyseTypes: 'ASR' } } })).toBe(keyOf({ config }));
  });

  it('is another one for other work, and when one is given', () => {
    expect(keyOf({ types: ['AIVideoTag'] })).not.toBe(keyOf());
    expect(keyOf({ idempotencyKey: 'again' })).not.toBe(keyOf());
  });
});
