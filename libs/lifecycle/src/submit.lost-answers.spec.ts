import { Emulator } from '@app/vod-emulator';
import type http from 'node:http';
import { answerJson, answerText, closeServers, serveHttp } from '../../vod/test/loopback';
import { accepted, freshId, refusal } from '../test/vod-answers';
import { accessKey, REGION, rules, World } from '../test/world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(closeServers);

type Answer = Parameters<typeof serveHttp>[0];

describe('a submission', () => {
  it.each<[string, Answer]>([
    ['the connection is reset', (response) => void response.socket?.resetAndDestroy()],
    [
      'the answer is cut off',
      (response) =>
        void response.writeHead(200, { 'content-length': '500' }).write('{"Reque', () => response.destroy()),
    ],
    ['the answer is HTML', answerText('<html>Bad Gateway</html>', 502)],
    ['the answer is no JSON although it says 200', answerText('<html>login</html>')],
    ['VOD has an internal error', refusal('InternalError', 500)],
    ['the answer lists nothing', answerJson({ RequestId: 'VOD-REQUEST' })],
    [
      'the answer is about another media',
      accepted([{ Type: 'AIVideoTag', JobId: 'x' }].map((job) => ({ ...job, MediaId: 'y' }))),
    ],
  ])('may have been paid when %s: unconfirmed, and nobody sends it again', async (_what, answer) => {
    const { requestId, jobIds } = await world.accept();
    const vod = await serveHttp(answer);
    const submit = world.submit(world.vod(vod.url));
    await submit.submit(REGION, { requestId });
    expect(await world.job(jobIds[0])).toMatchObject({
      state: 'unconfirmed',
      attempts: 1,
      vodJobId: null,
      submittedAt: world.now(),
      dueAt: new Date(world.now().getTime() + 10_000),
    });
    await submit.submit(REGION, { requestId });
    expect(vod.received).toHaveLength(1);
    expect(await world.submissionsOf(requestId)).toEqual([expect.objectContaining({ outcome: 'unknown' })]);
  });

  it('whose answer is lost is looked for, then held for a person, and never paid twice', async () => {
    const emulator = new Emulator({ accessKeys: [accessKey], jobTimeMs: { min: 3_600_000, max: 3_600_000 } });
    const { url } = await emulator.listen({ host: '127.0.0.1', port: 0 });
    try {
      // VOD takes the job, and its answer never arrives.
      const proxy = await serveHttp(async (_response, { body, contentType = '' }) => {
        await fetch(`${url}/${REGION}`, { method: 'POST', body, headers: { 'content-type': contentType } });
      });
      const { requestId, jobIds } = await world.accept();
      const submit = world.submit(world.vod(proxy.url, 300));
      const recover = world.recover(world.vod(url), { by: [], resendPinned: false });
      const dispatch = world.dispatch();
      await submit.submit(REGION, { requestId });
      expect(await world.job(jobIds[0])).toMatchObject({ state: 'unconfirmed' });
      expect(emulator.ledger().billed).toBe(1);

      // Every time that it is due until the grace period is over, and the same delivery again after each of them.
      const [jobId = ''] = jobIds;
      const end = world.now().getTime() + rules.recoverGraceMs;
      for (let job = await world.job(jobId); job.dueAt; job = await world.job(jobId)) {
        world.pass(Math.max(0, job.dueAt.getTime() - world.now().getTime()));
        await dispatch.run();
        await world.forgetQueues();
        await recover.recover(REGION, { jobId });
        await submit.submit(REGION, { requestId });
        if (world.now().getTime() > end + rules.recoverGraceMs) break;
      }
      expect(await world.job(jobId)).toMatchObject({ state: 'held', dueAt: null, error: { phase: 'recover' } });
      expect(emulator.ledger()).toMatchObject({ billed: 1, calls: { SubmitAIJob: { ok: 1 } } });
      expect(proxy.received.filter(({ params }) => params['Action'] === 'SubmitAIJob')).toHaveLength(1);
    } finally {
      await closeServers();
      await emulator.close();
    }
  });

  it('keeps VOD’s answer when Postgres goes away during the call, and stores it when it is back', async () => {
    const { requestId, jobIds } = await world.accept();
    const id = freshId();
    const vod = await serveHttp(async (response: http.ServerResponse) => {
      await world.shutOut();
      accepted([{ Type: 'AIVideoTag', JobId: id }])(response);
    });
    // Postgres comes back when somebody has felt that it was away.
    const store = world.openStores().jobs;
    const applyTogether = store.applyTogether.bind(store);
    let failures = 0;
    store.applyTogether = async (...changes) => {
      try {
        return await applyTogether(...changes);
      } catch (error) {
        failures += 1;
        await world.letIn();
        throw error;
      }
    };
    await world.submit(world.vod(vod.url), { jobs: store }).submit(REGION, { requestId });
    expect(failures).toBe(1);
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'processing', vodJobId: id });
    expect(vod.received).toHaveLength(1);
  });
});
