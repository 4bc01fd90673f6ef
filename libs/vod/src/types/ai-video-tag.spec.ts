import { detailsMissingIn, normalizeResult } from '../result';

function tagged(data: unknown) {
  const result = normalizeResult('AIVideoTag', JSON.stringify(data));
  if (!result.ok || result.normalized.type !== 'AIVideoTag') throw new Error('not a tagging');
  return result.normalized;
}

describe('A tag', () => {
  const skin = { group: 'Keyword', tag: 'Skin', timesMs: [] };

  it.each<[string, unknown, unknown[]]>([
    ['with its name alone', { Tag: 'Skin' }, [skin]],
    ['with a name that is a number', { Tag: 7 }, [{ ...skin, tag: '7' }]],
    ['with times as text', { Tag: 'Skin', Times: '["900"]' }, [{ ...skin, timesMs: [900] }]],
    ['with times of which one is blank', { Tag: 'Skin', Times: [' ', 900] }, [{ ...skin, timesMs: [900] }]],
    ['with times that are no list', { Tag: 'Skin', Times: 900 }, [skin]],
    ['with a picture', { Tag: 'Skin', FaceUrl: 'http://f' }, [{ ...skin, faceUrl: 'http://f' }]],
    ['with an empty picture', { Tag: 'Skin', FaceUrl: '' }, [skin]],
    ['without a name', { Times: [900] }, []],
    ['with an object for a name', { Tag: { zh: 'Skin' } }, []],
    ['that is null', null, []],
  ])('%s is read as far as it goes, and the next one stays', (_, entry, tags) => {
    const next = { group: 'Keyword', tag: 'next', timesMs: [1] };
    expect(tagged({ Keyword: [entry, { Tag: 'next', Times: [1] }] }).tags).toEqual([...tags, next]);
  });
});

describe('A sentence of the transcript', () => {
  const whole = { StartTime: '0', EndTime: 700, Text: 'Yes.', ChannelId: 1, SpeechRate: '85' };
  const read = { startMs: 0, endMs: 700, text: 'Yes.', channel: 1, speechRate: 85 };

  it.each<[string, unknown, unknown[]]>([
    ['with everything', whole, [read]],
    ['without a channel', { ...whole, ChannelId: undefined }, [{ ...read, channel: null }]],
    ['without a rate that is a number', { ...whole, SpeechRate: 'fast' }, [{ ...read, speechRate: null }]],
    ['without a start', { ...whole, StartTime: undefined }, []],
    ['with a start that is a word', { ...whole, StartTime: 'early' }, []],
    ['without an end', { ...whole, EndTime: undefined }, []],
    ['without text', { ...whole, Text: undefined }, []],
    ['with an empty text', { ...whole, Text: '' }, []],
    ['that is null', null, []],
    ['that is a word', 'Yes.', []],
  ])('%s is read as far as it goes, and the next one stays', (_, entry, sentences) => {
    const { transcript } = tagged({ OrigASRData: { AsrTextList: [entry, { ...whole, Text: 'Next.' }] } });
    expect(transcript?.sentences).toEqual([...sentences, { ...read, text: 'Next.' }]);
  });
});

describe('A transcript', () => {
  const part = (Duration: unknown, Text: string) => ({
    Duration,
    AsrTextList: [{ StartTime: 0, EndTime: 700, Text }],
  });

  it.each([
    ['of the longest of its parts', [part(900, 'a'), part('30016', 'b'), part(20, 'c')], 30016, ['a', 'b', 'c']],
    ['of the parts that tell it', [part(undefined, 'a'), part('long', 'b'), part(20, 'c')], 20, ['a', 'b', 'c']],
    ['not known when none does', [part(undefined, 'a'), part(null, 'b')], null, ['a', 'b']],
    ['known beside a part that cannot be read', [null, part(900, 'a'), 'x'], 900, ['a']],
  ])('has a duration that is %s, and all sentences', (_, OrigASRData, durationMs, texts) => {
    const { transcript } = tagged({ OrigASRData });
    expect(transcript?.durationMs).toBe(durationMs);
    expect(transcript?.sentences.map(({ text }) => text)).toEqual(texts);
  });
});

it('A tagging leaves nothing out that another call could tell', () => {
  expect(detailsMissingIn(tagged({}))).toBeNull();
});
