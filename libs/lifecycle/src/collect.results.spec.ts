import { closeServers } from '../../vod/test/loopback';
import { actions, scriptedReads } from '../test/scripted-reads';
import { freshId } from '../test/vod-answers';
import { World } from '../test/world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(closeServers);

describe('a success without data that can be used', () => {
  const tags = { Category: [{ Tag: 'News' }] };

  it.each<[string, unknown]>([
    ['no Data', undefined],
    ['empty Data', ''],
    ['Data that is not JSON', '{"Category":['],
    ['Data that is no object', '[1]'],
  ])('row 39: (%s) takes the media’s latest result instead', async (_what, Data) => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    const vod = await scriptedReads({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId, Data }],
      tag: { VideoTagResult: tags },
    });
    await world.read(vod.url, id);
    expect(actions(vod)).toEqual(['ListAIJob', 'GetAIVideoTagResult']);
    expect(await world.job(id)).toMatchObject({ state: 'succeeded', error: null });
    expect(await world.reads.result(id)).toMatchObject({ source: 'GetAIVideoTagResult', raw: JSON.stringify(tags) });
    expect(await world.lastLine(id)).toMatchObject({ detail: { source: 'GetAIVideoTagResult' } });
  });

  it('takes the fingerprint from its own operation', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId, 'AIMediaDNA');
    const vod = await scriptedReads({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIMediaDNA', MediaId: mediaId }],
      dna: { DNAResult: { VideoDNA: [] } },
    });
    await world.read(vod.url, id);
    expect(actions(vod)).toEqual(['ListAIJob', 'GetMediaDNAResult']);
    expect(await world.reads.result(id)).toMatchObject({
      source: 'GetMediaDNAResult',
      normalized: { type: 'AIMediaDNA', matches: [] },
    });
  });

  it('row 39: succeeds all the same when the media has none either: what VOD sent is kept, and the error says so', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    const vod = await scriptedReads({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId, Data: '{"Category":[' }],
      tag: { VideoTagResult: {} },
    });
    await world.read(vod.url, id);
    expect(await world.job(id)).toMatchObject({
      state: 'succeeded',
      error: { phase: 'result', code: 'unusable_data', message: 'Data is not JSON' },
    });
    expect(await world.reads.result(id)).toMatchObject({ source: 'ListAIJob', raw: '{"Category":[', normalized: null });
  });

  it('is a success without data at once when the second source refuses', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    const vod = await scriptedReads({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId }],
      tag: { Code: 'InvalidVideo.NotFound', Message: 'm' },
    });
    await world.read(vod.url, id);
    expect(await world.job(id)).toMatchObject({
      state: 'succeeded',
      error: { phase: 'result', code: 'unusable_data' },
    });
  });

  it('looks again while the second source does not answer, and is a success without data after a few looks', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    const vod = await scriptedReads({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId }],
      tag: { Code: 'InternalError', Message: 'm' },
    });
    const states: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      await world.read(vod.url, id);
      states.push((await world.job(id)).state);
    }
    expect(states).toEqual([...Array.from({ length: 5 }, () => 'processing'), 'succeeded']);
    expect(await world.job(id)).toMatchObject({ error: { phase: 'result', message: 'VOD gave no data' } });
  });
});
