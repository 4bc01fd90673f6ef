import { JobConfig } from './job-config';

const problems = (config: Record<string, unknown>, ...extras: ConstructorParameters<typeof JobConfig>) =>
  new JobConfig(...extras).problems(config);
const tag = (given: unknown) => ({ AIVideoTag: given });

describe('The config of a request', () => {
  it.each([
    {},
    tag({}),
    tag({ AnalyseTypes: 'ASR' }),
    tag({ AnalyseTypes: 'Face,ASR' }),
    tag({ AnalyseTypes: 'ASR,OCR', OrigASRData: true }),
    tag({ AnalyseTypes: 'OCR', OrigASRData: false }),
    tag({ AnalyseTypes: 'Face,ASR,OCR,Category,Annotation' }),
    { AIMediaDNA: { DNADBId: '88c6ca184c0e47098a5b665e2a126797' }, AIVideoTag: { AnalyseTypes: 'OCR' } },
    { AIMediaDNA: { DNADBId: 'x'.repeat(128) } },
  ])('is taken when VOD documents it: %j', (config) => {
    expect(problems(config)).toEqual([]);
  });

  it.each([
    [tag({ AnalyseTypes: 'Nope' }), 'AIVideoTag.AnalyseTypes', 'ASR, OCR, Face, Category, Annotation, got "Nope"'],
    [tag({ AnalyseTypes: 'ASR,Nope' }), 'AIVideoTag.AnalyseTypes', 'got "ASR,Nope"'],
    [tag({ AnalyseTypes: 'asr' }), 'AIVideoTag.AnalyseTypes', 'ASR'],
    [tag({ AnalyseTypes: 'ASR, OCR' }), 'AIVideoTag.AnalyseTypes', 'without blanks'],
    [tag({ AnalyseTypes: 'ASR，OCR' }), 'AIVideoTag.AnalyseTypes', 'a comma list'],
    [tag({ AnalyseTypes: '' }), 'AIVideoTag.AnalyseTypes', 'a comma list'],
    [tag({ AnalyseTypes: ['ASR'] }), 'AIVideoTag.AnalyseTypes', 'got ["ASR"]'],
    [tag({ AnalyzeTypes: 'ASR' }), 'AIVideoTag.AnalyzeTypes', 'one of the keys AnalyseTypes, OrigASRData'],
    [tag({ constructor: 1 }), 'AIVideoTag.constructor', 'one of the keys'],
    [tag({ AnalyseTypes: 'ASR', OrigASRData: 'true' }), 'AIVideoTag.OrigASRData', 'true or false, got "true"'],
    [tag({ AnalyseTypes: 'OCR', OrigASRData: true }), 'AIVideoTag.OrigASRData', 'ASR among the AnalyseTypes'],
    [tag({ OrigASRData: true }), 'AIVideoTag.OrigASRData', 'ASR among the AnalyseTypes'],
    [{ AIMediaDNA: { DNADBId: 5 } }, 'AIMediaDNA.DNADBId', 'the id of a fingerprint library as text, got 5'],
    [{ AIMediaDNA: { DNADBId: '' } }, 'AIMediaDNA.DNADBId', 'as text, got ""'],
    [{ AIMediaDNA: { DNADbId: 'x' } }, 'AIMediaDNA.DNADbId', 'one of the keys DNADBId'],
    [{ AIMediaDNA: { DNADBId: ' db1' } }, 'AIMediaDNA.DNADBId', 'as text, got " db1"'],
    [{ AIMediaDNA: { DNADBId: 'db1\n' } }, 'AIMediaDNA.DNADBId', 'as text, got "db1\\n"'],
    [{ AIMediaDNA: { DNADBId: 'my library' } }, 'AIMediaDNA.DNADBId', 'as text, got "my library"'],
    [{ AIMediaDNA: { DNADBId: 'x'.repeat(129) } }, 'AIMediaDNA.DNADBId', 'as text'],
  ])('that could only cost money is refused: %j', (config, path, message) => {
    expect(problems(config)).toEqual([
      { path: `config.${path}`, message: expect.stringMatching(new RegExp(`^expected .*`, 's')) },
    ]);
    expect(problems(config)[0]?.message).toContain(message);
  });

  it('has few and short problems, whatever it holds', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${'k'.repeat(500)}${i}`, 1]));
    expect(problems(tag(many))).toHaveLength(20);
    expect(JSON.stringify(problems(tag({ ...many, AnalyseTypes: 'x'.repeat(5_000) }))).length).toBeLessThan(6_000);
  });

  it.each([
    [58, `got "${'x'.repeat(58)}"`],
    [59, `got "${'x'.repeat(59)}…`],
    [5_000, `got "${'x'.repeat(59)}…`],
  ])('is quoted in up to 60 characters: a text of %i', (length, quoted) => {
    expect(problems(tag({ AnalyseTypes: 'x'.repeat(length) }))[0]?.message.endsWith(quoted)).toBe(true);
  });

  it('may say what the operator has allowed since', () => {
    const config = { AIVideoTag: { AnalyseTypes: 'ASR,NewOne' }, AIMediaDNA: { NewKey: { deep: [1] } } };
    expect(problems(config)).toHaveLength(2);
    const extras = [
      { type: 'AIVideoTag', key: 'AnalyseTypes', value: 'NewOne' },
      { type: 'AIMediaDNA', key: 'NewKey', value: null },
    ];
    expect(problems(config, extras)).toEqual([]);
    // Not for the next one that is made.
    expect(problems(config)).toHaveLength(2);
  });

  it.each([
    [{ type: 'AIVideoCensor', key: 'X', value: null }, /VOD_CONFIG_EXTRA: expected .*AIVideoTag or AIMediaDNA or AIM/],
    [
      { type: 'AIMediaDNA', key: 'DNADBId', value: 'x' },
      /only for AIVideoTag.AnalyseTypes, got "AIMediaDNA.DNADBId=x"/,
    ],
    [{ type: 'AIVideoTag', key: 'OrigASRData', value: 'yes' }, /only for AIVideoTag.AnalyseTypes/],
    [{ type: 'AIVideoTag', key: 'NewKey', value: 'x' }, /only for AIVideoTag.AnalyseTypes, got "AIVideoTag.NewKey=x"/],
  ])('cannot be allowed to say %j', (extra, message) => {
    expect(() => new JobConfig([extra])).toThrow(message);
  });
});
