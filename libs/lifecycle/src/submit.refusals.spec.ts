import { closeServers, serveHttp } from '../../vod/test/loopback';
import { accepted, freshId, refusal } from '../test/vod-answers';
import { REGION, rules, World } from '../test/world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(async () => {
  world.queuesClosed.length = 0;
  await closeServers();
});

describe('a submission', () => {
  it('that VOD refuses fails with VOD’s own code', async () => {
    const { requestId, jobIds } = await world.accept(['AIVideoTag', 'AIMediaDNA']);
    const vod = await serveHttp(refusal('InvalidVideo.NotFound', 404));
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });
    for (const id of jobIds) {
      const job = await world.job(id);
      expect(job).toMatchObject({
        state: 'failed',
        dueAt: null,
        error: { phase: 'submit', code: 'InvalidVideo.NotFound', message: 'm' },
      });
    }
    expect(await world.submissionsOf(requestId)).toEqual([
      expect.objectContaining({ outcome: 'refused', code: 'InvalidVideo.NotFound', vodRequestId: 'VOD-REQUEST' }),
    ]);
    expect(world.queuesClosed).toEqual([]);
  });

  it('row 17: that comes too fast is queued again without an attempt being counted, and the queue rests', async () => {
    const { requestId, jobIds } = await world.accept();
    const vod = await serveHttp(refusal('Throttling.User'));
    const rests = world.heard('queue.closed');
    const before = Date.now();
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });
    // For as long as VOD's second asks for, and half of that again, by this world's chance.
    expect(rests[0]?.untilMs).toBeGreaterThanOrEqual(before + 1_500);
    expect(rests[0]?.untilMs).toBeLessThanOrEqual(Date.now() + 1_500);
    const job = await world.job(jobIds[0]);
    expect(job).toMatchObject({ state: 'queued', attempts: 0, attempt: 1, submittedAt: null, error: null });
    expect(job.dueAt?.getTime()).toBeGreaterThanOrEqual(world.now().getTime() + 1_000);
    expect(await world.story(jobIds[0])).toEqual(['created', 'claimed', 'throttled']);
    expect(world.queuesClosed).toEqual([{ queue: `submit.${REGION}`, code: 'Throttling.User' }]);
    expect(await world.submissionsOf(requestId)).toEqual([
      expect.objectContaining({ outcome: 'busy', code: 'Throttling.User' }),
    ]);
  });

  it('row 18: that the account is not allowed is queued again, says why while it waits, and opens the circuit', async () => {
    const { requestId, jobIds } = await world.accept();
    const vod = await serveHttp(refusal('Forbidden.RAM', 403));
    const opened = world.heard('circuit.opened');
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'queued', attempts: 0, submittedAt: null });
    expect((await world.lastLine(jobIds[0])).detail).toMatchObject({ code: 'Forbidden.RAM', message: 'm' });
    expect(opened).toEqual([{ region: REGION, code: 'Forbidden.RAM', message: 'm', requestId: 'VOD-REQUEST' }]);
    expect(await world.submissionsOf(requestId)).toEqual([expect.objectContaining({ outcome: 'blocked' })]);

    // Whatever was handed out before it opened is not sent, and says why it waits.
    const other = await world.accept();
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId: other.requestId });
    expect(vod.received).toHaveLength(1);
    expect((await world.lastLine(other.jobIds[0])).detail['reason']).toContain('Forbidden.RAM');
    await world.circuits.close(REGION);
  });

  it('row 18: that the key may not submit reviews leaves everything else alone', async () => {
    const { requestId, jobIds } = await world.accept(['AIVideoTag', 'AIMediaAudit']);
    const vodJobId = freshId();
    const vod = await serveHttp((response, { params }) =>
      params['Action'] === 'SubmitAIMediaAuditJob'
        ? refusal('Forbidden.RAM', 403)(response)
        : accepted([{ Type: 'AIVideoTag', JobId: vodJobId }])(response),
    );
    const opened = world.heard('circuit.opened');
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });
    const [tagging, review] = await Promise.all(jobIds.map((id) => world.job(id)));
    expect(tagging).toMatchObject({ state: 'processing', vodJobId });
    expect(review).toMatchObject({ state: 'queued', attempts: 0 });
    expect(review?.dueAt?.getTime()).toBeGreaterThan(world.now().getTime());
    expect((await world.lastLine(jobIds[1])).detail).toMatchObject({ code: 'Forbidden.RAM', message: 'm' });
    expect([opened, await world.circuits.all()]).toEqual([[], []]);
  });

  it('row 18: probes the account now and then, once for all workers, and everything flows when it works again', async () => {
    const waiting = await Promise.all(Array.from({ length: 3 }, () => world.accept()));
    await world.circuits.open(REGION, { code: 'OperationDenied.Suspended', message: 'the bill is overdue' });
    const dispatches = [world.dispatch(), world.dispatch()];
    const runAll = () => Promise.all(dispatches.map((dispatch) => dispatch.run()));
    await runAll();
    expect(await world.waiting('submit')).toEqual([]);

    world.pass(10_000);
    await runAll();
    await runAll();
    const [probe, ...more] = await world.waiting<{ requestId: string; probe: true }>('submit');
    expect(probe).toEqual({ requestId: expect.any(String), probe: true });
    expect(more).toEqual([]);

    // Refused once more: the next probe is due in a while, and nobody is told a second time.
    const opened = world.heard('circuit.opened');
    const closed = world.heard('circuit.closed');
    const suspended = await serveHttp(refusal('OperationDenied.Suspended', 403));
    await world.submit(world.vod(suspended.url)).submit(REGION, probe ?? { requestId: '' });
    expect(opened).toEqual([]);
    expect(await world.circuits.takeProbe(REGION)).toBe(false);

    world.pass(10_000);
    await world.forgetQueues();
    await runAll();
    const [second] = await world.waiting<{ requestId: string; probe: true }>('submit');
    const vod = await serveHttp(accepted([{ Type: 'AIVideoTag', JobId: freshId() }]));
    await world.submit(world.vod(vod.url)).submit(REGION, second ?? { requestId: '' });
    expect(closed).toEqual([expect.objectContaining({ region: REGION, code: 'OperationDenied.Suspended' })]);

    world.pass(rules.leaseMs);
    await world.forgetQueues();
    await runAll();
    expect(await world.waiting('submit')).toEqual(expect.arrayContaining([{ next: true }]));
    const rest = waiting.map(({ requestId }) => requestId).filter((id) => id !== second?.requestId);
    const claims = await world.submissions.claimNext(REGION);
    expect(claims.map(({ claim }) => claim.requestId)).toEqual(expect.arrayContaining(rest));
    await world.forgetQueues();
  });
});
