import type { AuditResult, NormalizedResult, TagResult } from '@app/domain';
import { normalizeResult } from '@app/vod';
import { clock, compareVideos, gravestFirst, groupTags, lastMomentOf, lengthOf, ticksOf } from './result';

/** What the worker makes of VOD's data. */
function shown(type: NormalizedResult['type'], data: object): NormalizedResult {
  const result = normalizeResult(type, JSON.stringify(data));
  if (!result.ok) throw new Error(result.reason);
  return result.normalized;
}

const tags = (data: object) => shown('AIVideoTag', data) as TagResult;
const fingerprint = (data: object) => {
  const result = shown('AIMediaDNA', data);
  if (result.type !== 'AIMediaDNA') throw new Error(result.type);
  return result;
};

describe('a result on the page', () => {
  it('shows tags in their groups, each word once', () => {
    const result = tags({
      Keyword: [
        { Tag: 'Rain', Times: ['900', '100'] },
        { Tag: 'Rain', Times: ['500'] },
      ],
      Category: [{ Tag: 'Food' }],
    });
    expect(groupTags(result.tags)).toMatchObject([
      { group: 'Category', tags: [{ tag: 'Food', timesMs: [] }] },
      { group: 'Keyword', tags: [{ tag: 'Rain', timesMs: [100, 500, 900] }] },
    ]);
  });

  it('takes the length of the video from whatever names a time', () => {
    expect(lengthOf(tags({ Keyword: [{ Tag: 'a', Times: ['70000'] }] }))).toBe(70_000);
    const spoken = { AsrTextList: [{ StartTime: 0, EndTime: 10, Text: 'x' }], Duration: '90000' };
    expect(lengthOf(tags({ OrigASRData: spoken }))).toBe(90_000);
    expect(lengthOf(tags({ Category: [{ Tag: 'Food' }] }))).toBeNull();
    expect(lengthOf(tags({}))).toBeNull();
  });

  it('lays both videos of a match on one axis, the best match first', () => {
    const span = (Start: string, Duration: string) => ({ Start, Duration });
    const entry = (PrimaryKey: string, Similarity: string, start: string) => ({
      PrimaryKey,
      Similarity,
      Detail: [{ Input: span('0.5', '10'), Duplication: span(start, '10') }],
    });
    const result = fingerprint({ VideoDNA: [entry('near', '0.7', '20'), entry('same', '1', '0.5')] });
    expect(compareVideos(result)).toMatchObject([
      { mediaId: 'same', similarity: 1, lengthMs: 10_500 },
      { mediaId: 'near', similarity: 0.7, lengthMs: 30_000 },
    ]);
    expect(compareVideos(fingerprint({ VideoDNA: [] }))).toEqual([]);
  });
});

describe('a review on the page', () => {
  const picture = (Timestamp: string) => ({ Label: 'ad', Score: '90', Timestamp });
  const audit = shown('AIMediaAudit', {
    Suggestion: 'block',
    VideoResult: {
      PornResult: { Suggestion: 'pass', Label: 'normal' },
      TerrorismResult: { Suggestion: 'review', Label: 'flag', TopList: [picture('4000')] },
      AdResult: { Suggestion: 'block', Label: 'ad', TopList: [picture('61000'), picture('3000')] },
    },
  }) as AuditResult;

  it('shows what VOD objects to first', () => {
    expect(gravestFirst(audit).map(({ scene }) => scene)).toEqual(['ad', 'terrorism', 'porn']);
  });

  it('has an axis up to its last moment, and none without moments', () => {
    expect(lastMomentOf(audit.checks)).toBe(61_000);
    expect(lastMomentOf(audit.checks.slice(0, 1))).toBeNull();
  });
});

describe('a time axis', () => {
  it.each([1, 900, 4_000, 31_000, 59_999, 300_000, 3_599_000, 40_000_000, 400_000_000])(
    'of %d ms has a few round ticks, the first at 0 and none behind its end',
    (lengthMs) => {
      const ticks = ticksOf(lengthMs);
      expect(ticks[0]).toBe(0);
      expect(ticks.length).toBeLessThanOrEqual(8);
      expect(ticks.at(-1)).toBeLessThanOrEqual(lengthMs);
    },
  );

  it('names its places as a player does', () => {
    expect([0, 65_999, 3_727_000].map((ms) => clock(ms))).toEqual(['0:00', '1:05', '1:02:07']);
    expect([10_430, 59_960].map((ms) => clock(ms, { tenths: true }))).toEqual(['0:10.4', '1:00.0']);
  });
});
