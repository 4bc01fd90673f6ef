import { answerJson, closeServers, serveHttp } from '../../vod/test/loopback';
import { actions } from '../test/scripted-reads';
import { freshId } from '../test/vod-answers';
import { rules, World } from '../test/world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(closeServers);

describe('a read of reviews', () => {
  const data = { Suggestion: 'block', Label: 'porn', VideoResult: { PornResult: result(3, ['1000', '2000']) } };

  function result(Count: number, times: string[]) {
    const TopList = times.map((Timestamp) => ({ Label: 'porn', Score: '90', Timestamp }));
    return { Suggestion: 'block', Label: 'porn', MaxScore: '90', CounterList: [{ Label: 'porn', Count }], TopList };
  }

  /** Each operation's answer about a media; null: an error. */
  async function auditing(job: object, answers: Record<string, object | null> = {}) {
    return serveHttp((response, { params }) => {
      const answer = { MediaAuditJob: { JobId: params['JobId'], Type: 'AIMediaAudit', ...job }, ...answers };
      const [, member = ''] = /^Get(?:AI)?(.*)$/.exec(params['Action'] ?? '') ?? [];
      const body = answer[member as keyof typeof answer] ?? { Code: 'InternalError', Message: 'm' };
      answerJson({ RequestId: 'R', [member]: body, ...body })(response);
    });
  }

  const momentsOf = async (id: string) => {
    const { normalized } = (await world.reads.result(id)) as {
      normalized: { checks: { moments: { atMs: number }[] }[] };
    };
    return normalized.checks[0]?.moments.map(({ atMs }) => atMs);
  };

  it('asks for each job by itself, whatever else is read with it', async () => {
    const [tagId, reviewId, auditId] = [freshId(), freshId(), freshId()];
    const review = await world.atVod(reviewId, 'AIMediaAudit');
    const tag = await world.atVod(tagId);
    const other = await world.atVod(auditId, 'AIMediaAudit');
    const vod = await auditing({ Status: 'processing' }, { AIJobList: { AIJob: [] } });
    await world.read(vod.url, tag.id, other.id, review.id);
    expect(actions(vod)).toEqual(['ListAIJob', 'GetAIMediaAuditJob', 'GetAIMediaAuditJob']);
    const asked = vod.received.slice(1).map(({ params }) => params['JobId']);
    expect(new Set(asked)).toEqual(new Set([reviewId, auditId]));
    expect(await world.story(review.id)).toContain('read_running');
  });

  it('completes a result that leaves out moments, once, and takes it as it is when VOD does not tell', async () => {
    const MediaAuditResultTimeline = { Porn: [{ Label: 'porn', Score: '80', Timestamp: '1500' }] };
    for (const [details, moments] of [
      [{ MediaAuditResultTimeline }, [1000, 1500, 2000]],
      [{ MediaAuditResultTimeline: null }, [1000, 2000]],
    ] as const) {
      const { id, mediaId } = await world.atVod(freshId(), 'AIMediaAudit');
      const vod = await auditing({ Status: 'success', MediaId: mediaId, Data: data }, details);
      await world.read(vod.url, id);
      expect(await world.job(id)).toMatchObject({ state: 'succeeded', error: null });
      expect(await momentsOf(id)).toEqual(moments);
      expect(await world.reads.result(id)).toMatchObject({ source: 'GetAIMediaAuditJob', raw: JSON.stringify(data) });
      expect(actions(vod)).toEqual(['GetAIMediaAuditJob', 'GetMediaAuditResultTimeline']);
    }
  });

  it('takes the media’s result when the job’s own is empty', async () => {
    const { id, mediaId } = await world.atVod(freshId(), 'AIMediaAudit');
    const MediaAuditResult = { Suggestion: 'pass', Label: 'normal' };
    const vod = await auditing({ Status: 'success', MediaId: mediaId, Data: {} }, { MediaAuditResult });
    await world.read(vod.url, id);
    expect(await world.reads.result(id)).toMatchObject({
      source: 'GetMediaAuditResult',
      normalized: { type: 'AIMediaAudit', suggestion: 'pass' },
    });
  });

  it('that VOD does not know is looked at again, and a person is asked in the end', async () => {
    const { id } = await world.atVod(freshId(), 'AIMediaAudit');
    const vod = await serveHttp(answerJson({ RequestId: 'R', Code: 'NoSuchResource', Message: 'm' }, 404));
    await world.read(vod.url, id);
    expect(await world.story(id)).toContain('read_missing');
    world.pass(rules.recoverGraceMs);
    for (let looks = 1; looks < 5; looks += 1) await world.read(vod.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'held' });
  });
});
