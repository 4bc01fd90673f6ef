import { ApiError, Unreachable, type Submitted } from '@app/client';
import { nothingDone, submitAll, type Tally } from './submit-all';

const media = Array.from({ length: 20 }, (_, i) => `media-${i}`);
const made = (mediaId: string, part: Partial<Submitted> = {}): Submitted => ({
  id: '0193',
  mediaId,
  region: 'cn-shanghai',
  priority: 'normal',
  labels: {},
  client: 'otto',
  extend: null,
  createdAt: '2026-11-28T00:00:00.000Z',
  deduplicated: false,
  jobs: [],
  replayed: false,
  ...part,
});
const refusedAt = (path: string) =>
  new ApiError({ status: 400, code: 'invalid_request', detail: path, errors: [{ path, message: 'expected another' }] });

/** Runs it, with what the api does; pauses take no time. */
async function run(
  submit: (mediaId: string) => Promise<Submitted>,
  { ids = media, before = nothingDone, signal = new AbortController().signal } = {},
) {
  let tally: Tally = before;
  const pauses: number[] = [];
  const outcome = await submitAll(ids, before, {
    submit,
    signal,
    onTally: (next) => (tally = next),
    pause: (ms) => Promise.resolve(void pauses.push(ms)),
  });
  return { ...outcome, tally, pauses };
}

describe('Submitting many media', () => {
  it('sends each once, the first alone and the others several at a time', async () => {
    const sent: string[] = [];
    let [underWay, most, withFirst] = [0, 0, 0];
    const { left, interruption, tally } = await run(async (mediaId) => {
      most = Math.max(most, (underWay += 1));
      sent.push(mediaId);
      await new Promise(setImmediate);
      if (mediaId === 'media-0') withFirst = underWay;
      underWay -= 1;
      return made(mediaId, mediaId === 'media-3' ? { replayed: true } : {});
    });
    expect(sent).toEqual(media);
    expect([withFirst, most]).toEqual([1, 4]);
    expect([left, interruption]).toEqual([[], null]);
    expect(tally).toMatchObject({ made: 19, here: 1, refused: [] });
  });

  it('stops at the first when the settings are refused: nothing else is sent', async () => {
    let calls = 0;
    const { left, interruption } = await run(() => {
      calls += 1;
      return Promise.reject(refusedAt('config.AIVideoTag.AnalyseTypes'));
    });
    expect(calls).toBe(1);
    expect(left).toEqual(media);
    expect(interruption).toMatchObject({ by: 'settings', mistakes: { 'config.AIVideoTag': {} } });
  });

  it('says what is refused about the settings also when some are done, and what is left then', async () => {
    const refusal = refusedAt('config.AIVideoTag');
    const { left, interruption, tally } = await run(async (mediaId) => {
      if (Number(mediaId.slice(6)) >= 4) throw refusal;
      return made(mediaId);
    });
    expect(tally.made).toBe(4);
    expect(left).toEqual(media.slice(4));
    expect(interruption).toMatchObject({ by: 'settings', error: refusal });
  });

  it('goes on over a media that is refused, and names it', async () => {
    const { left, tally } = await run(async (mediaId) => {
      if (mediaId === 'media-0' || mediaId === 'media-7') throw refusedAt('mediaId');
      return made(mediaId);
    });
    expect(left).toEqual([]);
    expect(tally.refused.map(({ mediaId }) => mediaId)).toEqual(['media-0', 'media-7']);
    expect(tally.made).toBe(18);
  });

  it('tries again what passes', async () => {
    let trouble = 2;
    const { tally, pauses } = await run(async (mediaId) => {
      if (mediaId === 'media-0' && (trouble -= 1) >= 0) throw new Unreachable('away');
      return made(mediaId);
    });
    expect(pauses).toEqual([500, 1_000]);
    expect(tally.made).toBe(20);
  });

  it('breaks off when it does not pass, and goes on with what is left', async () => {
    const first = await run(async (mediaId) => {
      if (Number(mediaId.slice(6)) >= 10) throw new Unreachable('away');
      return made(mediaId);
    });
    expect(first.interruption).toMatchObject({ by: 'error', error: expect.any(Unreachable) });
    expect(first.left).toEqual(media.slice(10));
    const then = await run(async (mediaId) => made(mediaId), { ids: first.left, before: first.tally });
    expect(then).toMatchObject({ left: [], interruption: null, tally: { made: 20 } });
  });

  it('stops when it is told to, and counts what was under way', async () => {
    const stop = new AbortController();
    const { left, interruption, tally } = await run(
      async (mediaId) => {
        if (mediaId === 'media-5') stop.abort();
        await new Promise(setImmediate);
        return made(mediaId);
      },
      { signal: stop.signal },
    );
    expect(interruption).toEqual({ by: 'stop' });
    expect(tally.made).toBeGreaterThanOrEqual(6);
    expect(tally.made + left.length).toBe(20);
  });
});
