import { answerJson, closeServers, serveHttp } from '../../vod/test/loopback';
import { accepted, freshId } from '../test/vod-answers';
import { REGION, World } from '../test/world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(closeServers);

describe('a submission', () => {
  it('that VOD accepts gives each type its JobId, with one call and the nonce that was stored before it', async () => {
    const { requestId, mediaId, jobIds } = await world.accept(['AIVideoTag', 'AIMediaDNA'], {
      config: { AIVideoTag: { AnalyseTypes: 'ASR' } },
    });
    const [tag, dna] = [freshId(), freshId()];
    const storedBefore: unknown[] = [];
    const vod = await serveHttp(async (response) => {
      storedBefore.push(...(await world.submissionsOf(requestId)));
      accepted([
        { Type: 'AIMediaDNA', JobId: dna },
        { Type: 'AIVideoTag', JobId: tag },
      ])(response);
    });
    const called = world.heard('vod.called');
    const began = performance.now();
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });

    const call = { operation: 'SubmitAIJob', region: REGION, jobs: 2, outcome: 'accepted' };
    expect(called).toEqual([expect.objectContaining(call)]);
    expect(called[0]?.ms).toBeGreaterThan(0);
    expect(called[0]?.ms).toBeLessThan(performance.now() - began);
    expect(vod.received).toHaveLength(1);
    expect(vod.received[0]?.params).toMatchObject({
      Action: 'SubmitAIJob',
      MediaId: mediaId,
      Types: 'AIMediaDNA,AIVideoTag',
      Config: '{"AIVideoTag":{"AnalyseTypes":"ASR"}}',
      UserData: JSON.stringify({ Extend: `${requestId}.1` }),
    });
    // Committed before the call: a worker that dies now leaves everything that is needed to find out.
    const nonce = vod.received[0]?.params['SignatureNonce'];
    expect(storedBefore).toEqual([
      expect.objectContaining({ number: 1, nonce, sentAt: expect.any(Date), answeredAt: null, outcome: null }),
    ]);
    expect(await world.submissionsOf(requestId)).toEqual([
      expect.objectContaining({ number: 1, nonce, outcome: 'accepted', vodRequestId: 'VOD-REQUEST', code: null }),
    ]);
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'processing', vodJobId: tag, attempts: 1, attempt: 1 });
    expect(await world.job(jobIds[1])).toMatchObject({ state: 'processing', vodJobId: dna, attempts: 1, attempt: 1 });
    expect(await world.story(jobIds[0])).toEqual(['created', 'claimed', 'accepted']);
  });

  it('row 21: whose answer leaves out a type leaves the job of that type unconfirmed, and it alone', async () => {
    const { requestId, jobIds } = await world.accept(['AIVideoTag', 'AIMediaDNA']);
    const vod = await serveHttp(accepted([{ Type: 'AIVideoTag', JobId: freshId() }]));
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'processing' });
    expect(await world.job(jobIds[1])).toMatchObject({ state: 'unconfirmed', vodJobId: null, attempts: 1 });
    expect((await world.lastLine(jobIds[1])).detail).toMatchObject({ cause: "VOD's answer does not list AIMediaDNA" });
  });

  it('of types that two operations submit is two calls, and one can be lost without the other', async () => {
    const { requestId, mediaId, jobIds } = await world.accept(['AIVideoTag', 'AIMediaAudit', 'AIMediaDNA'], {
      config: { AIVideoTag: { AnalyseTypes: 'ASR' }, AIMediaAudit: { TemplateId: 't1' } },
    });
    const [tag, dna] = [freshId(), freshId()];
    const vod = await serveHttp((response, { params }) => {
      if (params['Action'] === 'SubmitAIMediaAuditJob') return void response.socket?.destroy();
      accepted([
        { Type: 'AIVideoTag', JobId: tag },
        { Type: 'AIMediaDNA', JobId: dna },
      ])(response);
    });
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });

    // They leave at the same time.
    const [both, review, ...more] = vod.received
      .map(({ params }) => params)
      .toSorted((a, b) => String(a['Action']).localeCompare(String(b['Action'])));
    expect(both).toMatchObject({ Action: 'SubmitAIJob', MediaId: mediaId, Types: 'AIMediaDNA,AIVideoTag' });
    expect(review).toMatchObject({ Action: 'SubmitAIMediaAuditJob', MediaId: mediaId, TemplateId: 't1' });
    expect(more).toEqual([]);
    expect(both?.['Config']).toBe('{"AIVideoTag":{"AnalyseTypes":"ASR"}}');
    expect(review).not.toHaveProperty('Types');
    expect([both?.['UserData'], review?.['UserData']]).toEqual(
      [1, 2].map((number) => JSON.stringify({ Extend: `${requestId}.${number}` })),
    );
    const [tagging, audit, fingerprinting] = await Promise.all(jobIds.map((id) => world.job(id)));
    expect(tagging).toMatchObject({ state: 'processing', vodJobId: tag });
    expect(fingerprinting).toMatchObject({ state: 'processing', vodJobId: dna });
    expect(audit).toMatchObject({ state: 'unconfirmed', vodJobId: null, attempt: 2, attempts: 1 });
    expect(await world.submissionsOf(requestId)).toMatchObject([
      { number: 1, types: ['AIVideoTag', 'AIMediaDNA'], outcome: 'accepted' },
      { number: 2, types: ['AIMediaAudit'], outcome: 'unknown' },
    ]);
  });

  it('of a review is accepted with the JobId of its answer, whose media is ours', async () => {
    const { requestId, mediaId, jobIds } = await world.accept(['AIMediaAudit']);
    const vodJobId = freshId();
    const vod = await serveHttp(answerJson({ RequestId: 'VOD-REQUEST', MediaId: mediaId, JobId: vodJobId }));
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });
    expect(vod.received).toHaveLength(1);
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'processing', vodJobId });
  });

  it('row 21: that is answered with the JobId of another job is unconfirmed, and costs neither that one nor its neighbour theirs', async () => {
    const taken = freshId();
    const owner = await world.atVod(taken);
    const { requestId, jobIds } = await world.accept(['AIVideoTag', 'AIMediaDNA']);
    const own = freshId();
    const vod = await serveHttp(
      accepted([
        { Type: 'AIVideoTag', JobId: taken },
        { Type: 'AIMediaDNA', JobId: own },
      ]),
    );
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });

    expect(await world.job(owner.id)).toMatchObject({ state: 'processing', vodJobId: taken });
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'unconfirmed', vodJobId: null });
    expect((await world.lastLine(jobIds[0])).detail['cause']).toContain(taken);
    expect(await world.job(jobIds[1])).toMatchObject({ state: 'processing', vodJobId: own });
    expect(await world.submissionsOf(requestId)).toEqual([
      expect.objectContaining({ outcome: 'accepted', message: expect.stringContaining('belongs to another job') }),
    ]);
  });
});
