import { faultRule } from '@app/vod-emulator';
import { eventually } from '@app/testing';
import { keys, Stack } from './support/stack';

/** What becomes of a submission whose answer was lost, and of an account that cannot submit, in the whole product. */

const soon = { RECOVER_AFTER: '100ms,300ms,600ms', RECOVER_GRACE: '2s', POLL_FIRST: '300ms', POLL_MAX: '1s' };
const lostAfterTheWork = faultRule('SubmitAIJob', { fault: 'drop_after' }, { mediaId: 'lost*' });
const lostBeforeTheWork = faultRule('SubmitAIJob', { fault: 'drop_before' }, { mediaId: 'lost*', nth: 1 });

let stack: Stack;
afterEach(() => stack.stop());

async function expectSound(): Promise<void> {
  expect(await stack.broken()).toEqual([]);
}

async function start(env: Record<string, string>, emulator: object): Promise<void> {
  stack = await Stack.start({ env: { ...soon, ...env }, emulator });
}

const events = async (id: string) => (await stack.history(id)).map((line) => line.event);
const resolve = (id: string, body: unknown, key = keys.operator) =>
  stack.call('POST', `/v1/jobs/${id}/resolve`, { body, key });

/** One job that nothing can be found out about. */
async function held(mediaId = 'lost-1', faults = [lostAfterTheWork]): Promise<string> {
  stack.emulator.configure({ faults });
  const { jobs } = await stack.enqueue(mediaId);
  const { id } = await stack.untilJob(jobs[0].id, 'held');
  stack.emulator.configure({ faults: [] });
  return id;
}

describe('A lost answer is made up for by', () => {
  it.each([
    ['an event that echoes our Extend', { RECOVER_BY: 'extend' }, { echoExtend: true }, lostAfterTheWork],
    ['an event about an unknown job of this media', { RECOVER_BY: 'event' }, {}, lostAfterTheWork],
    [
      'VOD’s list of this media, when no event comes either',
      { RECOVER_BY: 'listing', RESEND_PINNED: 'false' },
      { callback: { enabled: false } },
      lostAfterTheWork,
    ],
    ['the same request once more, when the first never arrived', { RECOVER_BY: 'none' }, {}, lostBeforeTheWork],
  ])('row 15, row 20: %s: paid once, settled without a person', async (_rung, env, emulator, fault) => {
    await start({ ...env, RECOVER_GRACE: '1m' }, {});
    stack.emulator.configure({ ...emulator, faults: [fault] });
    const { jobs } = await stack.enqueue('lost-1', ['AIVideoTag', 'AIMediaDNA']);
    for (const { id } of jobs) {
      await stack.untilJob(id, 'succeeded');
      expect(await events(id)).toContain('outcome_unknown');
    }
    expect(stack.emulator.ledger().billed).toBe(2);
    await expectSound();
    const metrics = await (await fetch(`${stack.workers[0]?.url}/metrics`)).text();
    expect(metrics).toMatch(/^vodai_recoveries_total\{rung="\w+",outcome="found",region="cn-shanghai"\} 2$/m);
  });

  it('row 14: a new attempt, once it is proven that VOD never had it', async () => {
    await start({ RESEND_PINNED: 'false' }, {});
    const neighbour = await stack.enqueue('neighbour');
    await stack.untilJob(neighbour.jobs[0].id, 'succeeded');
    stack.emulator.configure({ faults: [lostBeforeTheWork] });
    const { jobs } = await stack.enqueue('lost-1');
    const job = await stack.untilJob(jobs[0].id, 'succeeded');
    expect(await events(job.id)).toEqual(
      expect.arrayContaining(['outcome_unknown', 'proven_absent', 'read_succeeded']),
    );
    expect(job.attempts).toBe(1);
    expect(stack.emulator.ledger().billed).toBe(2);
    await expectSound();
  });
});

describe('A held job', () => {
  beforeEach(() => start({ RECOVER_BY: 'none', RESEND_PINNED: 'false', RECOVER_GRACE: '500ms' }, {}));

  it('is adopted when a person names its JobId, and a read confirms it', async () => {
    stack.emulator.configure({ callback: { enabled: false } });
    const id = await held();
    const vodJobId = stack.emulator.jobs()[0]?.jobId;
    const answer = await resolve(id, { action: 'adopt', vodJobId, reason: 'the console shows it' });
    expect(answer).toMatchObject({ status: 200, body: { id, state: 'processing', vodJobId } });
    await stack.untilJob(id, 'succeeded');
    const line = (await stack.history(id)).find(({ event }) => event === 'adopted');
    expect(line).toMatchObject({ actor: 'otto', detail: { candidate: vodJobId, reason: 'the console shows it' } });
    expect(line.text).toContain('by otto: the console shows it');
    await expectSound();
  });

  it('is held again when VOD says that this JobId is another media’s', async () => {
    const id = await held();
    const other = await stack.enqueue('other');
    await stack.untilJob(other.jobs[0].id, 'succeeded');
    const lent = stack.emulator.jobs({ mediaId: 'other' })[0]?.jobId;
    expect((await resolve(id, { action: 'adopt', vodJobId: lent })).body).toMatchObject({ code: 'job_id_taken' });
    await stack.query(`update job set vod_job_id = 'let go' where media_id = 'other'`);
    expect(await resolve(id, { action: 'adopt', vodJobId: lent })).toMatchObject({ status: 200 });
    expect(await stack.untilJob(id, 'held')).toMatchObject({ error: { phase: 'recover', code: 'not_ours' } });
  });

  it('is submitted again when a person says so: the only way to pay twice, and the history has the name', async () => {
    const id = await held();
    expect((await resolve(id, { action: 'resubmit', reason: 'nothing in the console' })).status).toBe(200);
    await stack.untilJob(id, 'succeeded');
    const line = (await stack.history(id)).find(({ event }) => event === 'resubmitted');
    expect(line).toMatchObject({ actor: 'otto', detail: { reason: 'nothing in the console' } });
    expect(stack.emulator.ledger().billed).toBe(2);
    expect(await stack.broken()).toEqual([]);
  });

  it('is given up when a person says so', async () => {
    const id = await held();
    const { status, body } = await resolve(id, { action: 'fail', reason: 'the video is gone' });
    expect([status, body.state, body.error]).toEqual([
      200,
      'failed',
      { phase: 'recover', code: 'given_up', message: 'the video is gone' },
    ]);
    expect(await resolve(id, { action: 'fail' })).toMatchObject({ status: 200, body }); // the same click twice
    expect(await resolve(id, { action: 'resubmit' })).toMatchObject({
      status: 409,
      body: { code: 'wrong_state', states: ['held'], detail: 'the job is failed; this works in held' },
    });
  });

  it('is decided by operators, about jobs that exist, in words that are known', async () => {
    const id = await held();
    expect((await resolve(id, { action: 'resubmit' }, keys.viewer)).status).toBe(403);
    expect((await resolve('01900000-0000-7000-8000-000000000000', { action: 'fail' })).status).toBe(404);
    for (const body of [{}, { action: 'pay' }, { action: 'adopt' }, { action: 'fail', vodJobId: 'x' }, 'x', []]) {
      expect(await resolve(id, body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
    expect((await stack.get(`/v1/jobs/${id}`)).body.state).toBe('held');
  });
});

it('row 18: an account that cannot submit keeps its jobs queued, says so once, probes, and then lets everything flow', async () => {
  await start({}, {});
  const refused = faultRule('SubmitAIJob', { fault: 'error', status: 403, code: 'OperationDenied.Suspended' });
  stack.emulator.configure({ faults: [refused] });
  const first = await stack.enqueue('first');
  await eventually('the circuit is open', async () => (await stack.get('/v1/stats')).body.circuits.length > 0);
  const requests = await Promise.all(Array.from({ length: 20 }, (_, i) => stack.enqueue(`waits${i}`)));
  requests.push(first);

  const metrics = async () => (await fetch(`${stack.workers[0]?.url}/metrics`)).text();
  expect(await metrics()).toMatch(/^vodai_circuit_open\{region="cn-shanghai"\} 1$/m);
  expect((await stack.get('/v1/stats')).body.circuits).toEqual([
    expect.objectContaining({ region: 'cn-shanghai', code: 'OperationDenied.Suspended' }),
  ]);
  const calls = () => stack.emulator.faults().rules['rule-1'] ?? 0;
  const before = calls();

  // The moment of a probe, several times over: one call each, whatever else waits.
  let probes = 0;
  const probeNow = async () => {
    probes += (await stack.query(`update circuit set probe_at = now() where probe_at > now() returning region`)).length;
  };
  await eventually('it was probed twice', async () => {
    await probeNow();
    return calls() >= before + 2;
  });
  expect(calls() - before).toBeLessThanOrEqual(probes);
  const loud = stack.logLines.filter((line) => line.includes('"msg":"circuit.opened"'));
  expect(loud).toHaveLength(1);
  expect(loud[0]).toContain('"level":"error"');

  stack.emulator.configure({ faults: [] });
  await eventually('the circuit is closed', async () => {
    await probeNow();
    return (await stack.get('/v1/stats')).body.circuits.length === 0;
  });
  for (const { jobs } of requests) expect((await stack.untilJob(jobs[0].id, 'succeeded')).attempts).toBe(1);
  await eventually('the gauge says so', async () =>
    /^vodai_circuit_open\{region="cn-shanghai"\} 0$/m.test(await metrics()),
  );
  await expectSound();
});

describe('A worker says when it starts', () => {
  const variables = { ...process.env };
  afterEach(() => {
    process.env = { ...variables };
  });
  const line = (name: string) => {
    const text = stack.logLines.find((each) => each.includes(`"msg":"${name}"`));
    return text ? JSON.parse(text) : null;
  };

  it('that it has an access key, and not which', async () => {
    await start({}, {});
    const found = await eventually('it says so', () => line('credentials.found'));
    expect(found).toMatchObject({ level: 'info', process: 'worker', source: 'environment' });
    expect(line('credentials.missing')).toBeNull();
  });

  it('that it has none, what that means and what mends it', async () => {
    // The other places where the chain looks are on the network.
    process.env['ALIBABA_CLOUD_CLI_PROFILE_DISABLED'] = 'true';
    process.env['ALIBABA_CLOUD_ECS_METADATA_DISABLED'] = 'true';
    process.env['ALIBABA_CLOUD_CREDENTIALS_FILE'] = '/nowhere';
    await start({ ALIBABA_CLOUD_ACCESS_KEY_ID: '', ALIBABA_CLOUD_ACCESS_KEY_SECRET: '' }, {});
    expect(await eventually('it says so', () => line('credentials.missing'))).toMatchObject({
      level: 'error',
      process: 'worker',
      source: 'default-chain',
      effect: expect.stringContaining('jobs wait'),
      mend: expect.stringContaining('ALIBABA_CLOUD_ACCESS_KEY_ID'),
    });
  });
});
