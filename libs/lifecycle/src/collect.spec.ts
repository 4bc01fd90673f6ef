import type { JobType } from '@app/domain';
import { Emulator } from '@app/vod-emulator';
import { answerJson, answerText, closeServers, deadUrl, serveHttp } from '../../vod/test/loopback';
import { accessKey, REGION, rules, World } from '../test/world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(async () => {
  world.queuesClosed.length = 0;
  await closeServers();
});

const HOUR = 3_600_000;
let nextId = 0;
const freshId = () => `vodjob${(nextId += 1)}`;

interface Listed {
  JobId: string;
  Status: string;
  Type?: string;
  MediaId?: string;
  Data?: unknown;
  Code?: string;
  Message?: string;
}

/** VOD as a script: what each operation answers. An answer of ListAIJob is the list, without the frame around it. */
async function scripted(answers: { list?: Listed[] | object; tag?: object; dna?: object; missing?: string[] }) {
  return serveHttp((response, { params }) => {
    const answer = (body: object) => answerJson({ RequestId: 'R', ...body })(response);
    switch (params['Action']) {
      case 'ListAIJob':
        return Array.isArray(answers.list)
          ? answer({ AIJobList: { AIJob: answers.list }, NonExistAIJobIds: { String: answers.missing ?? [] } })
          : answer(answers.list ?? {});
      case 'GetAIVideoTagResult':
        return answer(answers.tag ?? {});
      case 'GetMediaDNAResult':
        return answer(answers.dna ?? {});
      default:
        return answer({ Code: 'InvalidAction.NotFound' });
    }
  });
}

const actions = (vod: { received: { params: Record<string, string> }[] }) =>
  vod.received.map(({ params }) => params['Action']);

async function read(vodUrl: string, ...jobIds: string[]): Promise<void> {
  await world.collect(world.vod(vodUrl, 1_000)).collect(REGION, { jobIds });
}

const resultOf = (id: string) => world.reads.result(id);

describe('a read of VOD', () => {
  let emulator: Emulator;
  let url: string;
  beforeAll(async () => {
    emulator = new Emulator({ accessKeys: [accessKey], jobTimeMs: { min: HOUR, max: HOUR } });
    ({ url } = await emulator.listen({ host: '127.0.0.1', port: 0 }));
  });
  afterAll(() => emulator.close());

  async function submitted(...types: JobType[]) {
    const { requestId, jobIds, mediaId } = await world.accept(types);
    await world.submit(world.vod(url)).submit(REGION, { requestId });
    return { jobs: await Promise.all(jobIds.map((id) => world.job(id))), mediaId };
  }

  it('settles what succeeded and what failed, leaves alone what is still running, with one call', async () => {
    const [one, two] = [await submitted('AIVideoTag', 'AIMediaDNA'), await submitted('AIVideoTag')];
    const [tag, dna, running] = [...one.jobs, ...two.jobs];
    if (!tag || !dna || !running) throw new Error('not submitted');
    emulator.finish(tag.vodJobId ?? '', 'success');
    emulator.finish(dna.vodJobId ?? '', 'fail');
    const callsBefore = emulator.ledger().calls['ListAIJob']?.ok ?? 0;
    await read(url, tag.id, dna.id, running.id);

    expect(emulator.ledger().calls['ListAIJob']?.ok).toBe(callsBefore + 1);
    expect(await world.job(tag.id)).toMatchObject({ state: 'succeeded', error: null, dueAt: null });
    const [atVod] = emulator.jobs({ mediaId: one.mediaId, state: 'success' });
    expect(await resultOf(tag.id)).toMatchObject({ source: 'ListAIJob', raw: atVod?.data });
    expect((await resultOf(tag.id))?.normalized).toMatchObject({ type: 'AIVideoTag' });

    const failed = await world.job(dna.id);
    expect(failed).toMatchObject({
      state: 'failed',
      error: { phase: 'vod', code: 'InvalidParameter.ResourceContentBad' },
    });
    expect(await resultOf(dna.id)).toBeNull();

    const later = await world.job(running.id);
    expect(later).toMatchObject({ state: 'processing', tries: 1, lastReadAt: world.now() });
    expect(later.dueAt?.getTime()).toBeGreaterThan(world.now().getTime());
    expect(await world.lastLine(running.id)).toMatchObject({ event: 'read_running' });
  });

  it('asks about nothing that is over already, and makes no call for it', async () => {
    const { jobs } = await submitted('AIVideoTag');
    const [job] = jobs;
    emulator.finish(job?.vodJobId ?? '');
    await read(url, job?.id ?? '');
    const { calls } = emulator.ledger();
    const before = calls['ListAIJob']?.ok;
    const version = (await world.job(job?.id)).version;
    await read(url, job?.id ?? '');
    expect(emulator.ledger().calls['ListAIJob']?.ok).toBe(before);
    expect((await world.job(job?.id)).version).toBe(version);
  });

  it('row 23: looks again for an id that VOD does not know, and asks a person only after the grace period', async () => {
    const { id } = await world.atVod('00000000000000000000000000000000');
    for (let i = 1; i <= 6; i += 1) {
      await read(url, id);
      expect(await world.job(id)).toMatchObject({ state: 'processing', misses: i });
    }
    world.pass(rules.recoverGraceMs);
    // The emulator's clock is the real one: a call that is signed with ours would now be too old.
    const vod = await scripted({ list: [], missing: ['00000000000000000000000000000000'] });
    await read(vod.url, id);
    expect(await world.job(id)).toMatchObject({
      state: 'held',
      dueAt: null,
      error: { phase: 'recover', code: 'vanished' },
    });
  });
});

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
    const vod = await scripted({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId, Data }],
      tag: { VideoTagResult: tags },
    });
    await read(vod.url, id);
    expect(actions(vod)).toEqual(['ListAIJob', 'GetAIVideoTagResult']);
    expect(await world.job(id)).toMatchObject({ state: 'succeeded', error: null });
    expect(await resultOf(id)).toMatchObject({ source: 'GetAIVideoTagResult', raw: JSON.stringify(tags) });
    expect(await world.lastLine(id)).toMatchObject({ detail: { source: 'GetAIVideoTagResult' } });
  });

  it('takes the fingerprint from its own operation', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId, 'AIMediaDNA');
    const vod = await scripted({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIMediaDNA', MediaId: mediaId }],
      dna: { DNAResult: { VideoDNA: [] } },
    });
    await read(vod.url, id);
    expect(actions(vod)).toEqual(['ListAIJob', 'GetMediaDNAResult']);
    expect(await resultOf(id)).toMatchObject({
      source: 'GetMediaDNAResult',
      normalized: { type: 'AIMediaDNA', matches: [] },
    });
  });

  it('row 39: succeeds all the same when the media has none either: what VOD sent is kept, and the error says so', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    const vod = await scripted({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId, Data: '{"Category":[' }],
      tag: { VideoTagResult: {} },
    });
    await read(vod.url, id);
    expect(await world.job(id)).toMatchObject({
      state: 'succeeded',
      error: { phase: 'result', code: 'unusable_data', message: 'Data is not JSON' },
    });
    expect(await resultOf(id)).toMatchObject({ source: 'ListAIJob', raw: '{"Category":[', normalized: null });
  });

  it('looks again while the second source does not answer, and is a success without data after a few looks', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    const vod = await scripted({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId }],
      tag: { Code: 'InternalError', Message: 'm' },
    });
    const states: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      await read(vod.url, id);
      states.push((await world.job(id)).state);
    }
    expect(states).toEqual([...Array.from({ length: 5 }, () => 'processing'), 'succeeded']);
    expect(await world.job(id)).toMatchObject({ error: { phase: 'result', message: 'VOD gave no data' } });
  });
});

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
    const { normalized } = (await resultOf(id)) as { normalized: { checks: { moments: { atMs: number }[] }[] } };
    return normalized.checks[0]?.moments.map(({ atMs }) => atMs);
  };

  it('asks for each job by itself, whatever else is read with it', async () => {
    const [tagId, reviewId, auditId] = [freshId(), freshId(), freshId()];
    const review = await world.atVod(reviewId, 'AIMediaAudit');
    const tag = await world.atVod(tagId);
    const other = await world.atVod(auditId, 'AIMediaAudit');
    const vod = await auditing({ Status: 'processing' }, { AIJobList: { AIJob: [] } });
    await read(vod.url, tag.id, other.id, review.id);
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
      await read(vod.url, id);
      expect(await world.job(id)).toMatchObject({ state: 'succeeded', error: null });
      expect(await momentsOf(id)).toEqual(moments);
      expect(await resultOf(id)).toMatchObject({ source: 'GetAIMediaAuditJob', raw: JSON.stringify(data) });
      expect(actions(vod)).toEqual(['GetAIMediaAuditJob', 'GetMediaAuditResultTimeline']);
    }
  });

  it('takes the media’s result when the job’s own is empty', async () => {
    const { id, mediaId } = await world.atVod(freshId(), 'AIMediaAudit');
    const MediaAuditResult = { Suggestion: 'pass', Label: 'normal' };
    const vod = await auditing({ Status: 'success', MediaId: mediaId, Data: {} }, { MediaAuditResult });
    await read(vod.url, id);
    expect(await resultOf(id)).toMatchObject({
      source: 'GetMediaAuditResult',
      normalized: { type: 'AIMediaAudit', suggestion: 'pass' },
    });
  });

  it('that VOD does not know is looked at again, and a person is asked in the end', async () => {
    const { id } = await world.atVod(freshId(), 'AIMediaAudit');
    const vod = await serveHttp(answerJson({ RequestId: 'R', Code: 'NoSuchResource', Message: 'm' }, 404));
    await read(vod.url, id);
    expect(await world.story(id)).toContain('read_missing');
    world.pass(rules.recoverGraceMs);
    for (let looks = 1; looks < 5; looks += 1) await read(vod.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'held' });
  });
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
    const vod = await scripted({ list: [listed({ vodJobId, mediaId })] });
    for (let misses = 1; misses <= 2; misses += 1) {
      await read(vod.url, id);
      expect(await world.job(id)).toMatchObject({ state: 'processing', error: null, misses });
      expect((await world.lastLine(id)).detail['cause']).toBe(cause);
    }
    await read(vod.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'held', error: { phase: 'recover', code: 'not_ours' } });
    expect(await resultOf(id)).toBeNull();
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
    const vod = await scripted({ list: [listed({ vodJobId, mediaId })] });
    await read(vod.url, id);
    const job = await world.job(id);
    expect(job).toMatchObject({ state: 'processing', error: null, misses: 0, tries: 1 });
    expect(job.dueAt?.getTime()).toBeLessThanOrEqual(world.now().getTime() + 2_000);
    expect((await world.lastLine(id)).detail['cause']).toContain(cause);
    expect(await resultOf(id)).toBeNull();
  });

  it('row 24: (HTML, a refused connection, an internal error) is told in the history, and the pause grows', async () => {
    const vodJobId = freshId();
    const { id } = await world.atVod(vodJobId);
    const html = await serveHttp(answerText('<html>Bad Gateway</html>', 502));
    const broken = await scripted({ list: { Code: 'InternalError', Message: 'm' } });
    const pauses: number[] = [];
    for (const url of [html.url, await deadUrl(), broken.url]) {
      await read(url, id);
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
    const throttling = await scripted({ list: { Code: 'Throttling.User', Message: 'm' } });
    await read(throttling.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'finished', error: null, eventStatus: 'success' });
    expect(world.queuesClosed).toEqual([{ queue: `collect.${REGION}`, code: 'Throttling.User' }]);
    expect((await world.lastLine(id)).detail['cause']).toBe('busy: Throttling.User');

    const vod = await scripted({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId, Data: '{}' }],
    });
    await read(vod.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'succeeded' });
  });
});

describe('an event and a read that disagree', () => {
  it('row 40: are settled by the read, and the history says that they did', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    await world.hear(vodJobId, 'fail');
    await world.match().run({ rematch: false });
    const vod = await scripted({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId, Data: '{}' }],
    });
    await read(vod.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'succeeded', eventStatus: 'fail' });
    expect((await world.lastLine(id)).detail).toMatchObject({ contradicts: 'fail' });
  });

  it('put the job back to work when the read says that it still runs: the event’s body is not signed', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    await world.hear(vodJobId);
    await world.match().run({ rematch: false });
    expect(await world.job(id)).toMatchObject({ state: 'finished', dueAt: world.now() });
    const vod = await scripted({
      list: [{ JobId: vodJobId, Status: 'Analysing', Type: 'AIVideoTag', MediaId: mediaId }],
    });
    await read(vod.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'processing', eventStatus: null, finishedAt: null });
  });

  it('row 22: expire a job only after a last read at its deadline, and a late event opens it again', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    const running = await scripted({
      list: [{ JobId: vodJobId, Status: 'Init', Type: 'AIVideoTag', MediaId: mediaId }],
    });
    world.pass(rules.jobDeadlineMs - 1);
    await read(running.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'processing' });
    world.pass(1);
    await read(running.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'expired', dueAt: null, error: { code: 'deadline_passed' } });

    await world.hear(vodJobId);
    await world.match().run({ rematch: false });
    expect(await world.job(id)).toMatchObject({ state: 'finished', error: null, settledAt: null });
  });

  it('is held to be refused only when VOD was asked for it alone: then it ends, and otherwise it is asked for again', async () => {
    const [one, other] = [await world.atVod(freshId()), await world.atVod(freshId())];
    const refusing = await scripted({ list: { Code: 'InvalidParameter', Message: 'm' } });
    world.pass(rules.jobDeadlineMs);
    await world.collect(world.vod(refusing.url)).collect(REGION, { jobIds: [one.id, other.id] });
    expect(refusing.received).toHaveLength(1);
    for (const { id } of [one, other]) expect(await world.job(id)).toMatchObject({ state: 'processing' });
    await read(refusing.url, one.id);
    expect(await world.job(one.id)).toMatchObject({ state: 'expired', error: { code: 'deadline_passed' } });
    expect(await world.job(other.id)).toMatchObject({ state: 'processing' });
  });
});
