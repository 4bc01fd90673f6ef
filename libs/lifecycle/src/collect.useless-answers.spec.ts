import { answerText, closeServers, deadUrl, serveHttp } from '../../vod/test/loopback';
import { scriptedReads } from '../test/scripted-reads';
import { freshId } from '../test/vod-answers';
import { REGION, World } from '../test/world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(async () => {
  world.queuesClosed.length = 0;
  await closeServers();
});

describe('an answer about somebody else’s job', () => {
  it.each<[string, (job: { vodJobId: string; mediaId: string }) => object, string]>([
    [
      'of another media',
      ({ vodJobId }) => ({ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: 'x' }),
      'VOD answered about another media',
    ],
    [
      'of another type',
      ({ vodJobId, mediaId }) => ({ JobId: vodJobId, Status: 'fail', Type: 'AIMediaDNA', MediaId: mediaId }),
      'VOD answered about a job of type AIMediaDNA',
    ],
  ])('(row 24: %s) settles nothing, and a person is asked when it stays so', async (_what, listed, cause) => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    const vod = await scriptedReads({ list: [listed({ vodJobId, mediaId })] });
    for (let misses = 1; misses <= 2; misses += 1) {
      await world.read(vod.url, id);
      expect(await world.job(id)).toMatchObject({ state: 'processing', error: null, misses });
      expect((await world.lastLine(id)).detail['cause']).toBe(cause);
    }
    await world.read(vod.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'held', error: { phase: 'recover', code: 'not_ours' } });
    expect(await world.reads.result(id)).toBeNull();
  });
});

describe('an answer that says nothing about the job', () => {
  it.each<[string, (job: { vodJobId: string; mediaId: string }) => object, string]>([
    [
      'with a status that nobody documents',
      ({ vodJobId, mediaId }) => ({ JobId: vodJobId, Status: 'paused', Type: 'AIVideoTag', MediaId: mediaId }),
      'paused',
    ],
    [
      'that leaves it out',
      () => ({ JobId: 'another', Status: 'success', Type: 'AIVideoTag' }),
      'leaves this JobId out',
    ],
  ])('row 24: (%s) settles nothing and is asked again', async (_what, listed, cause) => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    const vod = await scriptedReads({ list: [listed({ vodJobId, mediaId })] });
    await world.read(vod.url, id);
    const job = await world.job(id);
    expect(job).toMatchObject({ state: 'processing', error: null, misses: 0, tries: 1 });
    expect(job.dueAt?.getTime()).toBeLessThanOrEqual(world.now().getTime() + 2_000);
    expect((await world.lastLine(id)).detail['cause']).toContain(cause);
    expect(await world.reads.result(id)).toBeNull();
  });

  it('row 24: (HTML, a refused connection, an internal error) is told in the history, and the pause grows', async () => {
    const vodJobId = freshId();
    const { id } = await world.atVod(vodJobId);
    const html = await serveHttp(answerText('<html>Bad Gateway</html>', 502));
    const broken = await scriptedReads({ list: { Code: 'InternalError', Message: 'm' } });
    const pauses: number[] = [];
    for (const url of [html.url, await deadUrl(), broken.url]) {
      await world.read(url, id);
      const job = await world.job(id);
      pauses.push((job.dueAt?.getTime() ?? 0) - world.now().getTime());
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
    expect(await world.story(id)).toEqual([
      'created',
      'claimed',
      'accepted',
      'read_unavailable',
      'read_unavailable',
      'read_unavailable',
    ]);
  });

  it('(too fast) loses nothing: the queue rests, and a later read settles', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    await world.hear(vodJobId);
    await world.match().run({ rematch: false });
    const throttling = await scriptedReads({ list: { Code: 'Throttling.User', Message: 'm' } });
    await world.read(throttling.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'finished', error: null, eventStatus: 'success' });
    expect(world.queuesClosed).toEqual([{ queue: `collect.${REGION}`, code: 'Throttling.User' }]);
    expect((await world.lastLine(id)).detail['cause']).toBe('busy: Throttling.User');

    const vod = await scriptedReads({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId, Data: '{}' }],
    });
    await world.read(vod.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'succeeded' });
  });
});
