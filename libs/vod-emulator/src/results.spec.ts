import { type Ask, closeAll, readJob, startEmulator, submit } from '../test/support';

afterEach(closeAll);

describe('results', () => {
  it('of smart tagging have the documented shape', async () => {
    const { ask } = await startEmulator();
    for (let i = 0; i < 30; i++) {
      const data = await dataOf(ask, `media-${i}`, 'AIVideoTag');
      expect(Object.keys(data).length).toBeGreaterThanOrEqual(2);
      for (const [group, tags] of Object.entries(data)) {
        expect(['Category', 'Keyword', 'Person', 'Location', 'Time']).toContain(group);
        expect(tags).toEqual(tags.map(() => expect.objectContaining({ Tag: expect.any(String) })));
        for (const tag of tags) {
          expect(tag.Times === undefined).toBe(group === 'Category');
          expect(tag.FaceUrl !== undefined).toBe(group === 'Person');
          for (const time of tag.Times ?? []) expect(time).toMatch(/^\d+$/);
        }
      }
    }
  });

  it('of fingerprinting list no to three similar videos', async () => {
    const { ask } = await startEmulator();
    const counts = new Set<number>();
    for (let i = 0; i < 40; i++) {
      const { VideoDNA = [] } = await dataOf(ask, `media-${i}`, 'AIMediaDNA');
      counts.add(VideoDNA.length);
      for (const match of VideoDNA) {
        const span = { Start: expect.stringMatching(/^\d+\.\d$/), Duration: expect.stringMatching(/^\d+\.\d$/) };
        expect(match).toMatchObject({
          PrimaryKey: expect.stringMatching(/^[0-9a-f]{32}$/),
          Similarity: expect.stringMatching(/^(1|0\.\d\d)$/),
          Detail: expect.arrayContaining([{ Input: span, Duplication: span }]),
        });
      }
    }
    expect(counts).toEqual(new Set([0, 1, 2, 3]));
  });

  it('are the same for the same media, in every run', async () => {
    const results = [];
    for (const seed of [1, 2]) {
      const { ask } = await startEmulator({ seed });
      results.push([await dataOf(ask, 'm', 'AIVideoTag'), await dataOf(ask, 'm', 'AIMediaDNA')]);
    }
    expect(results[0]).toEqual(results[1]);
  });

  it('differ from media to media', async () => {
    const { ask } = await startEmulator();
    expect(await dataOf(ask, 'm1', 'AIVideoTag')).not.toEqual(await dataOf(ask, 'm2', 'AIVideoTag'));
  });

  it.each([
    ['ASR and OrigASRData', { AnalyseTypes: 'OCR,ASR', OrigASRData: true }, true],
    ['OrigASRData without ASR', { AnalyseTypes: 'OCR', OrigASRData: true }, false],
    ['ASR alone', { AnalyseTypes: 'ASR' }, false],
  ])('carry a transcript or not: %s', async (_name, tagging, expected) => {
    const { ask } = await startEmulator();
    const Config = JSON.stringify({ AIVideoTag: tagging });
    const data = (await dataOf(ask, 'm', 'AIVideoTag', { Config })) as Record<string, unknown>;
    const transcript = {
      Duration: expect.stringMatching(/^\d+$/),
      AsrTextList: expect.arrayContaining([
        {
          StartTime: expect.any(Number),
          EndTime: expect.any(Number),
          Text: expect.any(String),
          ChannelId: 0,
          SpeechRate: expect.any(Number),
        },
      ]),
    };
    expect(data['OrigASRData']).toEqual(expected ? transcript : undefined);
  });

  it('fail for about the share of media that was asked for, the same media each time', async () => {
    const { ask, emulator } = await startEmulator({ failShare: 0.5 });
    const media = Array.from({ length: 60 }, (_, i) => `media-${i}`);
    for (const mediaId of [...media, ...media]) await submit(ask, mediaId);
    const failed = emulator.jobs({ state: 'fail' }).map(({ mediaId }) => mediaId);
    expect(new Set(failed).size).toBe(failed.length / 2);
    expect(failed.length / 120).toBeGreaterThan(0.3);
    expect(failed.length / 120).toBeLessThan(0.7);
  });
});

describe('the result queries', () => {
  it('answer the newest result of a media', async () => {
    const { ask } = await startEmulator();
    const tags = await dataOf(ask, 'm', 'AIVideoTag');
    const matches = await dataOf(ask, 'm', 'AIMediaDNA');
    expect((await ask('GetAIVideoTagResult', { MediaId: 'm' })).body).toMatchObject({ VideoTagResult: tags });
    expect((await ask('GetMediaDNAResult', { MediaId: 'm' })).body).toMatchObject({ DNAResult: matches });
  });

  it('answer nothing while there is no success', async () => {
    const { ask } = await startEmulator();
    await submit(ask, 'fail-1', 'AIVideoTag,AIMediaDNA');
    expect((await ask('GetAIVideoTagResult', { MediaId: 'fail-1' })).body).toMatchObject({ VideoTagResult: {} });
    expect((await ask('GetMediaDNAResult', { MediaId: 'fail-1' })).body).toMatchObject({ DNAResult: {} });
  });

  it.each(['GetAIVideoTagResult', 'GetMediaDNAResult'])('%s needs a media', async (operation) => {
    const { ask } = await startEmulator();
    expect((await ask(operation)).body.Code).toBe('MissingParameter');
  });
});

type Tags = { Tag: string; Times?: string[]; FaceUrl?: string }[];

async function dataOf(ask: Ask, mediaId: string, type: string, more: object = {}): Promise<Record<string, Tags>> {
  const job = await readJob(ask, await submit(ask, mediaId, type, more));
  return JSON.parse(job['Data'] ?? '') as Record<string, Tags>;
}
