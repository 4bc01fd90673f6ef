import { ApiError } from '@app/client';
import type { MeAnswer } from '@app/contract';
import { keyOf } from './keys';
import { bodyFor, firstSettings, mistakesIn, mistakesOf, type Settings } from './settings';

const me: MeAnswer = {
  name: 'otto',
  role: 'operator',
  regions: [
    { region: 'cn-shanghai', types: ['AIVideoTag', 'AIMediaDNA'] },
    { region: 'ap-southeast-1', types: ['AIMediaDNA'] },
  ],
  emulator: true,
};
const filled = (part: Partial<Settings> = {}): Settings => ({ ...firstSettings(me), types: ['AIVideoTag'], ...part });

describe('The settings of a submission', () => {
  it('need a type that the region offers', () => {
    expect(mistakesIn(firstSettings(me), me)).toEqual({ types: { key: 'noTypes' } });
    expect(mistakesIn(filled(), me)).toEqual({});
    expect(mistakesIn(filled({ region: 'ap-southeast-1' }), me)).toMatchObject({ types: { key: 'notOffered' } });
  });

  it.each<[string, string[], string]>([
    ['that is no pair', ['foo'], 'label'],
    ['of which a key is there twice', ['a:1', 'a:2'], 'eachKeyOnce'],
    ['that is too long', [`a:${'x'.repeat(257)}`], 'longValue'],
    ['too many', Array.from({ length: 33 }, (_, i) => `k${i}:v`), 'tooManyLabels'],
  ])('take no label %s', (_what, labels, key) => {
    expect(mistakesIn(filled({ labels }), me)).toMatchObject({ labels: { key } });
  });

  it('take a config that is a JSON object, and only that of a chosen type', () => {
    expect(mistakesIn(filled({ config: { AIVideoTag: '[1]', AIMediaDNA: 'nope' } }), me)).toEqual({
      'config.AIVideoTag': { key: 'notAnObject' },
    });
    const config = { AIVideoTag: ' {"AnalyseTypes": "ASR"} ', AIMediaDNA: '{"DNADBId": "x"}' };
    expect(bodyFor('m', filled({ config })).config).toEqual({ AIVideoTag: { AnalyseTypes: 'ASR' } });
  });

  it('make the same key of the same request, in whatever order it was filled in, and another one for another run', () => {
    const key = (settings: Settings, run = '') => keyOf(bodyFor('m', settings), run);
    const both = filled({ types: ['AIVideoTag', 'AIMediaDNA'], labels: ['a:1', 'b:2'] });
    expect(key(both)).toBe(key({ ...both, types: ['AIMediaDNA', 'AIVideoTag'] }));
    expect(key(both)).not.toBe(key(both, 'again'));
    expect(key(both)).toBe(key({ ...both, labels: ['b:2', 'a:1'] }));
    expect(key(both)).toBe(key({ ...both, labels: [], priority: 'high' }));
    expect(key(both)).not.toBe(key({ ...both, types: ['AIVideoTag'] }));
    expect(key(both)).toMatch(/^[\x20-\x7e]{1,255}$/);
  });
});

describe('What the api refuses', () => {
  const refusal = (errors: { path: string; message: string }[]) =>
    mistakesOf(new ApiError({ status: 400, code: 'invalid_request', detail: 'x', errors }));

  it('is said at the field that it is about', () => {
    expect(
      refusal([
        { path: 'config.AIVideoTag.AnalyseTypes', message: 'expected ASR' },
        { path: 'config.AIVideoTag', message: 'expected less' },
        { path: 'labels.a', message: 'expected text' },
        { path: '', message: 'expected an object' },
      ]),
    ).toEqual({
      'config.AIVideoTag': { said: 'AnalyseTypes: expected ASR; expected less' },
      labels: { said: 'a: expected text' },
      other: { said: 'expected an object' },
    });
  });

  it('is the trouble of one media when it is about that', () => {
    expect(refusal([{ path: 'mediaId', message: 'expected an id' }])).toBeNull();
    expect(mistakesOf(new ApiError({ status: 422, code: 'idempotency_mismatch', detail: 'x' }))).toBeNull();
  });
});
