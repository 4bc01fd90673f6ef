import { Emulator } from '@app/vod-emulator';
import type http from 'node:http';
import { answerJson, answerText, closeServers, deadUrl, serveHttp, type Loopback } from '../../vod/test/loopback';
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

type Answer = Parameters<typeof serveHttp>[0];

/** VOD as a script: every call gets the same answer. */
async function scripted(answer: Answer): Promise<Loopback> {
  return serveHttp(answer);
}

const accepted = (jobs: { Type: string; JobId: string }[], more: object = {}) =>
  answerJson({ RequestId: 'VOD-REQUEST', AIJobList: { AIJob: jobs }, ...more });

const refusal = (Code: string, status = 400) => answerJson({ RequestId: 'VOD-REQUEST', Code, Message: 'm' }, status);

let nextId = 0;
const freshId = () => `vodjob${(nextId += 1)}`;

describe('a submission', () => {
  it('that VOD accepts gives each type its JobId, with one call and the nonce that was stored before it', async () => {
    const { requestId, mediaId, jobIds } = await world.accept(['AIVideoTag', 'AIMediaDNA'], {
      config: { AIVideoTag: { AnalyseTypes: 'ASR' } },
    });
    const [tag, dna] = [freshId(), freshId()];
    const storedBefore: unknown[] = [];
    const vod = await scripted(async (response) => {
      storedBefore.push(...(await world.submissionsOf(requestId)));
      accepted([
        { Type: 'AIMediaDNA', JobId: dna },
        { Type: 'AIVideoTag', JobId: tag },
      ])(response);
    });
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });

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

  it('row 8, row 11: is one call when the request is delivered to two workers at once', async () => {
    const { requestId, jobIds } = await world.accept();
    const vod = await scripted(accepted([{ Type: 'AIVideoTag', JobId: freshId() }]));
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

  it('row 21: whose answer leaves out a type leaves the job of that type unconfirmed, and it alone', async () => {
    const { requestId, jobIds } = await world.accept(['AIVideoTag', 'AIMediaDNA']);
    const vod = await scripted(accepted([{ Type: 'AIVideoTag', JobId: freshId() }]));
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
    const vod = await scripted((response, { params }) => {
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
    const vod = await scripted(answerJson({ RequestId: 'VOD-REQUEST', MediaId: mediaId, JobId: vodJobId }));
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });
    expect(vod.received).toHaveLength(1);
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'processing', vodJobId });
  });

  it('that VOD refuses fails with VOD’s own code', async () => {
    const { requestId, jobIds } = await world.accept(['AIVideoTag', 'AIMediaDNA']);
    const vod = await scripted(refusal('InvalidVideo.NotFound', 404));
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
    const vod = await scripted(refusal('Throttling.User'));
    await world.submit(world.vod(vod.url)).submit(REGION, { requestId });
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
    const vod = await scripted(refusal('Forbidden.RAM', 403));
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
    const vod = await scripted((response, { params }) =>
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
    const suspended = await scripted(refusal('OperationDenied.Suspended', 403));
    await world.submit(world.vod(suspended.url)).submit(REGION, probe ?? { requestId: '' });
    expect(opened).toEqual([]);
    expect(await world.circuits.takeProbe(REGION)).toBe(false);

    world.pass(10_000);
    await world.forgetQueues();
    await runAll();
    const [second] = await world.waiting<{ requestId: string; probe: true }>('submit');
    const vod = await scripted(accepted([{ Type: 'AIVideoTag', JobId: freshId() }]));
    await world.submit(world.vod(vod.url)).submit(REGION, second ?? { requestId: '' });
    expect(closed).toEqual([expect.objectContaining({ region: REGION, code: 'OperationDenied.Suspended' })]);

    world.pass(rules.leaseMs);
    await world.forgetQueues();
    await runAll();
    const handed = await world.waiting<{ requestId: string }>('submit');
    const rest = waiting.map(({ requestId }) => requestId).filter((id) => id !== second?.requestId);
    expect(handed.map(({ requestId }) => requestId)).toEqual(expect.arrayContaining(rest));
    await world.forgetQueues();
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
    const vod = await scripted(answer);
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
      const proxy = await scripted(async (_response, { body, contentType = '' }) => {
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

  it('row 21: that is answered with the JobId of another job is unconfirmed, and costs neither that one nor its neighbour theirs', async () => {
    const taken = freshId();
    const owner = await world.atVod(taken);
    const { requestId, jobIds } = await world.accept(['AIVideoTag', 'AIMediaDNA']);
    const own = freshId();
    const vod = await scripted(
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

  it('row 19: is not sent when its lease would not outlive the call, and goes back when the lease is over', async () => {
    const { requestId, jobIds } = await world.accept();
    const vod = await scripted(accepted([{ Type: 'AIVideoTag', JobId: freshId() }]));
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
    const vod = await scripted(accepted([{ Type: 'AIVideoTag', JobId: freshId() }]));
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

  it('keeps VOD’s answer when Postgres goes away during the call, and stores it when it is back', async () => {
    const { requestId, jobIds } = await world.accept();
    const id = freshId();
    const vod = await scripted(async (response: http.ServerResponse) => {
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
