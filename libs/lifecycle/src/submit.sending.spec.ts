import { closeServers, deadUrl, serveHttp } from '../../vod/test/loopback';
import { accepted, freshId } from '../test/vod-answers';
import { REGION, rules, World } from '../test/world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(closeServers);

describe('a submission', () => {
  it('row 8, row 11: is one call when the request is delivered to two workers at once', async () => {
    const { requestId, jobIds } = await world.accept();
    const vod = await serveHttp(accepted([{ Type: 'AIVideoTag', JobId: freshId() }]));
    const client = world.vod(vod.url);
    const workers = [
      world.submit(client),
      world.submit(client, { submissions: world.openStores().submissions }),
      world.submit(client),
    ];
    await Promise.all(workers.map((worker) => worker.submit(REGION, { requestId })));
    await workers[0]?.submit(REGION, { requestId });
    expect(vod.received).toHaveLength(1);
    expect(await world.submissionsOf(requestId)).toHaveLength(1);
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'processing', attempts: 1 });
  });

  it('row 16: that never left is queued again with a growing pause, and is a new attempt with a new nonce then', async () => {
    const { requestId, jobIds } = await world.accept();
    const submit = world.submit(world.vod(await deadUrl()));
    const pauses: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      await submit.submit(REGION, { requestId });
      const job = await world.job(jobIds[0]);
      expect(job).toMatchObject({ state: 'queued', attempts: 0, attempt: i + 1, submittedAt: null });
      pauses.push((job.dueAt?.getTime() ?? 0) - world.now().getTime());
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
    const submissions = await world.submissionsOf(requestId);
    expect(submissions.map(({ outcome }) => outcome)).toEqual(['not_sent', 'not_sent', 'not_sent']);
    expect(new Set(submissions.map(({ nonce }) => nonce)).size).toBe(3);
  });

  it('row 19: is not sent when its lease would not outlive the call, and goes back when the lease is over', async () => {
    const { requestId, jobIds } = await world.accept();
    const vod = await serveHttp(accepted([{ Type: 'AIVideoTag', JobId: freshId() }]));
    const frozen = world.openStores({ callMs: rules.leaseMs + 1 }).submissions;
    await world.submit(world.vod(vod.url), { submissions: frozen }).submit(REGION, { requestId });
    expect(vod.received).toHaveLength(0);
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'submitting', submittedAt: null });

    world.pass(rules.leaseMs);
    await world.dispatch().run();
    await world.forgetQueues();
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'queued', attempts: 0 });
    expect(await world.story(jobIds[0])).toEqual(['created', 'claimed', 'never_sent']);
  });

  it('row 19: is not sent when somebody else has declared it dead in the meantime', async () => {
    const { requestId, jobIds } = await world.accept();
    const vod = await serveHttp(accepted([{ Type: 'AIVideoTag', JobId: freshId() }]));
    const frozen = world.openStores().submissions;
    const markSent = frozen.markSent.bind(frozen);
    frozen.markSent = async (claim) => {
      await world.jobs.apply(jobIds[0] ?? '', { type: 'never_sent', attempt: claim.number });
      return markSent(claim, 'key');
    };
    await world.submit(world.vod(vod.url), { submissions: frozen }).submit(REGION, { requestId });
    expect(vod.received).toHaveLength(0);
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'queued' });
  });
});
