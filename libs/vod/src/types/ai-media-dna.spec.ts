import { normalizeResult } from '../result';

const span = { Start: '0.5', Duration: 14 };
const normalize = (VideoDNA: unknown) => normalizeResult('AIMediaDNA', JSON.stringify({ VideoDNA }));

describe('The matches of a fingerprint', () => {
  const unreadable = 'an entry of VideoDNA lacks its PrimaryKey or a numeric Similarity';

  it.each([
    ['nothing', null],
    ['an empty text', ''],
    ['an empty list as text', '[]'],
  ])('are none when VOD gives %s', (_, given) => {
    expect(normalize(given)).toEqual({ ok: true, normalized: { type: 'AIMediaDNA', matches: [] } });
  });

  it.each([
    ['nothing', null],
    ['text', 'm2'],
    ['a list', ['m2']],
    ['no media', { Similarity: 1 }],
    ['an empty media', { PrimaryKey: '', Similarity: 1 }],
    ['no similarity', { PrimaryKey: 'm2' }],
    ['a blank similarity', { PrimaryKey: 'm2', Similarity: ' ' }],
  ])('are not known when an entry is %s, whatever stands beside it', (_, entry) => {
    expect(normalize([{ PrimaryKey: 'm1', Similarity: 1 }, entry])).toEqual({ ok: false, reason: unreadable });
  });

  it.each([5, true, 'none'])('are not known when VOD gives %j for a list', (given) => {
    expect(normalize(given)).toEqual({ ok: false, reason: 'VideoDNA is not a list' });
  });
});

describe('A segment of a match', () => {
  const segment = { input: { startSec: 0.5, durationSec: 14 }, duplication: { startSec: 0.5, durationSec: 14 } };
  const whole = { Input: span, Duplication: span };

  it.each<[string, unknown, unknown[]]>([
    ['with both spans', whole, [segment]],
    ['with spans as JSON text', { Input: JSON.stringify(span), Duplication: JSON.stringify(span) }, [segment]],
    ['without a span of the submitted video', { Duplication: span }, []],
    ['without a span of the other video', { Input: span }, []],
    ['with a span that is text', { ...whole, Input: 'the beginning' }, []],
    ['with a span without its start', { ...whole, Input: { Duration: 14 } }, []],
    ['with a span without its duration', { ...whole, Duplication: { Start: 0 } }, []],
    ['with a span whose start is a word', { ...whole, Duplication: { ...span, Start: 'early' } }, []],
    ['that is null', null, []],
    ['that is a word', 'x', []],
  ])('%s is read as far as it goes, and the next one stays', (_, entry, segments) => {
    const next = { ...whole, Input: { Start: 20, Duration: 1 } };
    const read = [...segments, { ...segment, input: { startSec: 20, durationSec: 1 } }];
    expect(normalize([{ PrimaryKey: 'm1', Similarity: '0.9', Detail: [entry, next] }])).toEqual({
      ok: true,
      normalized: { type: 'AIMediaDNA', matches: [{ mediaId: 'm1', similarity: 0.9, segments: read }] },
    });
  });
});
