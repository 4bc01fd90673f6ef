import { askedFor } from './asked-for';
import type { SubmitBody } from './client';

const body: SubmitBody = {
  mediaId: 'm',
  types: ['AIVideoTag', 'AIMediaDNA'],
  config: { AIVideoTag: { AnalyseTypes: 'ASR', Deep: { a: 1, b: [2, 1] } }, AIMediaDNA: { DNADBId: 'x' } },
  region: 'cn-shanghai',
  labels: { a: '1', b: '2' },
};

describe('What is asked for', () => {
  it('is the same in whatever order it was written', () => {
    const config = { AIMediaDNA: { DNADBId: 'x' }, AIVideoTag: { Deep: { b: [2, 1], a: 1 }, AnalyseTypes: 'ASR' } };
    expect(askedFor({ ...body, types: ['AIMediaDNA', 'AIVideoTag'], config })).toBe(askedFor(body));
    expect(askedFor({ ...body, labels: { b: '2', a: '1' } })).toBe(askedFor(body));
  });

  it('is the same with other labels and another priority: these are not paid for', () => {
    expect(askedFor({ ...body, labels: { c: '3' }, priority: 'high' })).toBe(askedFor(body));
  });

  it.each<[string, Partial<SubmitBody>]>([
    ['media', { mediaId: 'n' }],
    ['type', { types: ['AIVideoTag'] }],
    ['config', { config: { AIVideoTag: { AnalyseTypes: 'OCR' } } }],
    ['region', { region: 'ap-southeast-1' }],
  ])('is something else with another %s', (_what, part) => {
    expect(askedFor({ ...body, ...part })).not.toBe(askedFor(body));
  });
});
