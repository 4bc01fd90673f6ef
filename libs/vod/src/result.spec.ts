import { sampleJson } from '../test/samples';
import { normalizeResult } from './result';

const tagData = (name: string) => sampleJson<{ Data: string }>('events', name).Data;
const listedData = (name: string) =>
  sampleJson<{ AIJobList: { AIJob: { Data: string }[] } }>('api', name).AIJobList.AIJob[0]?.Data ?? '';

describe('normalizeResult of a tag job', () => {
  const normalize = (value: unknown) => normalizeResult('AIVideoTag', JSON.stringify(value));

  it('gives every tag with its group and times, and the transcript', () => {
    expect(normalizeResult('AIVideoTag', tagData('AIVideoTagComplete.success-asr.json'))).toEqual({
      ok: true,
      normalized: {
        type: 'AIVideoTag',
        tags: [
          { group: 'Category', tag: 'Beauty', timesMs: [] },
          { group: 'Keyword', tag: 'Cushion', timesMs: [3260, 4000, 5000, 8410] },
          { group: 'Keyword', tag: 'CC cream', timesMs: [4000, 5000, 12000] },
          { group: 'Keyword', tag: 'Skin', timesMs: [900] },
          {
            group: 'Person',
            tag: 'Sam Example',
            timesMs: [10760],
            faceUrl: 'http://test.example.com/aivideotag/11111B65-1955-4B84-823D-7921A7420001/Index_00016.jpg',
          },
          { group: 'Location', tag: 'Asia', timesMs: [8410] },
          { group: 'Time', tag: 'Morning', timesMs: [15000] },
        ],
        transcript: {
          durationMs: 30016,
          sentences: [
            { startMs: 0, endMs: 700, text: 'Yes.', channel: 0, speechRate: 85 },
            { startMs: 4020, endMs: 5910, text: 'Good afternoon — 你好。', channel: 0, speechRate: 95 },
            { startMs: 28220, endMs: 30000, text: 'Bye.', channel: 0, speechRate: 33 },
          ],
        },
      },
    });
  });

  it('has no transcript without speech recognition', () => {
    const result = normalizeResult('AIVideoTag', tagData('AIVideoTagComplete.success.json'));
    expect(result).toMatchObject({ ok: true, normalized: { transcript: null } });
  });

  it('reads a transcript that came as an array, with numbers as text', () => {
    const sentence = { StartTime: '0', EndTime: '700', Text: 'Yes.' };
    expect(normalize({ OrigASRData: [{ Duration: 900, AsrTextList: [sentence] }] })).toEqual({
      ok: true,
      normalized: {
        type: 'AIVideoTag',
        tags: [],
        transcript: {
          durationMs: 900,
          sentences: [{ startMs: 0, endMs: 700, text: 'Yes.', channel: null, speechRate: null }],
        },
      },
    });
  });

  it('reads lists and objects that came as JSON text, and a result that was encoded twice', () => {
    const OrigASRData = { Duration: 900, AsrTextList: [{ StartTime: 0, EndTime: 700, Text: 'Yes.' }] };
    const Keyword = [{ Tag: 'Skin', Times: ['900', '1000'] }];
    const plain = normalize({ Keyword, OrigASRData });
    expect(plain).toMatchObject({ normalized: { tags: [{ tag: 'Skin', timesMs: [900, 1000] }] } });
    expect(normalize({ Keyword: [JSON.stringify(Keyword)], OrigASRData: JSON.stringify(OrigASRData) })).toEqual(plain);
    expect(normalize({ Keyword: [{ ...Keyword[0], Times: '["900","1000"]' }], OrigASRData })).toEqual(plain);
    expect(normalize(JSON.stringify({ Keyword, OrigASRData }))).toEqual(plain);
  });

  it('leaves out tags, times and sentences that cannot be read', () => {
    const Keyword = [{ Tag: '' }, null, 'x', { Tag: 'Skin', Times: ['soon', '900', '', null, 1000] }];
    const OrigASRData = { Duration: 'long', AsrTextList: [{ Text: 'no times' }] };
    expect(normalize({ Keyword, OrigASRData })).toEqual({
      ok: true,
      normalized: {
        type: 'AIVideoTag',
        tags: [{ group: 'Keyword', tag: 'Skin', timesMs: [900, 1000] }],
        transcript: { durationMs: null, sentences: [] },
      },
    });
  });

  it('takes {} for a result without tags', () => {
    expect(normalize({})).toEqual({ ok: true, normalized: { type: 'AIVideoTag', tags: [], transcript: null } });
  });

  it('never hands out a NUL', () => {
    expect(normalize({ Keyword: [{ Tag: 'a\0b' }] })).toMatchObject({ normalized: { tags: [{ tag: 'ab' }] } });
  });
});

describe('normalizeResult of a fingerprint job', () => {
  const normalize = (value: unknown) => normalizeResult('AIMediaDNA', JSON.stringify(value));

  it('gives every similar video with its segments in seconds', () => {
    expect(normalizeResult('AIMediaDNA', listedData('ListAIJob.response.dna.json'))).toEqual({
      ok: true,
      normalized: {
        type: 'AIMediaDNA',
        matches: [
          {
            mediaId: '7a1d275cc8da4b93a0de182e80c1f2d3',
            similarity: 0.99,
            segments: [{ input: { startSec: 0, durationSec: 14 }, duplication: { startSec: 0.5, durationSec: 14.4 } }],
          },
        ],
      },
    });
  });

  it.each(['{}', '{"VideoDNA":[]}'])('takes %s for no match', (data) => {
    expect(normalizeResult('AIMediaDNA', data)).toEqual({ ok: true, normalized: { type: 'AIMediaDNA', matches: [] } });
  });

  it('does not pass a match over in silence when it cannot be read', () => {
    const reason = 'an entry of VideoDNA lacks its PrimaryKey or a numeric Similarity';
    expect(normalize({ VideoDNA: [{ PrimaryKey: 'm1', Similarity: 'high' }] })).toEqual({ ok: false, reason });
    expect(normalize({ VideoDNA: [{ Similarity: '1' }] })).toEqual({ ok: false, reason });
    expect(normalize({ VideoDNA: 'some' })).toEqual({ ok: false, reason: 'VideoDNA is not a list' });
  });

  it('gives a match without its segments when these cannot be read', () => {
    expect(normalize({ VideoDNA: [{ PrimaryKey: 'm1', Similarity: 1, Detail: [{ Input: {} }] }] })).toMatchObject({
      normalized: { matches: [{ mediaId: 'm1', similarity: 1, segments: [] }] },
    });
  });

  it('says that the documented sample without its opening brace is not JSON', () => {
    const data = listedData('ListAIJob.response.dna-malformed-data.json');
    expect(normalizeResult('AIMediaDNA', data)).toEqual({ ok: false, reason: 'Data is not JSON' });
  });
});

it.each(['null', '[]', '"x"', '5'])('normalizeResult says that %s is not an object', (data) => {
  expect(normalizeResult('AIVideoTag', data)).toEqual({ ok: false, reason: 'Data is not a JSON object' });
});
