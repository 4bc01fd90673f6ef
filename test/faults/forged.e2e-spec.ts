import { randomUUID } from 'node:crypto';
import { eventually } from '@app/testing';
import { signCallback } from '@app/vod/callback';
import { faultRule, unlimited } from '@app/vod-emulator';
import { keys, Stack } from '../support/stack';
import { Draw } from './support/draw';
import { drawSeed, isFull, report } from './support/report';

const seed = drawSeed('forged');

/**
 * VOD signs the URL and the time and not the body: whoever has seen one pair of headers can ring for any job, with any
 * words. It must not settle anything, and it must not spend our quota at VOD.
 */

const HOUR = 3_600_000;
/** At most one look at a job is spent on events in this time. */
const GAP_MS = 5_000;

/** Long enough for a second look, so that a gap which is not kept shows. */
const FLOOD_MS = isFull ? 60_000 : 7_000;
const RINGERS = 4;

let stack: Stack;
let floods = 0;

beforeAll(async () => {
  stack = await Stack.start({
    env: {
      COLLECT_QPS: '1000',
      POLL_FIRST: '1h',
      POLL_MAX: '1h',
      RECOVER_AFTER: '50ms',
      RECOVER_GRACE: '100ms',
      RESEND_PINNED: 'false',
    },
    emulator: { jobTimeMs: { min: HOUR, max: HOUR }, qps: unlimited, listsAiJobs: false },
  });
  stack.emulator.configure({ callback: { enabled: false } });
});
afterAll(() => stack.stop());

type Pair = Record<string, string>;

function pair({ url = stack.callbackUrl, key = keys.callback, skewS = 0 } = {}): Pair {
  const timestamp = String(Math.floor(Date.now() / 1000) + skewS);
  return { 'x-vod-timestamp': timestamp, 'x-vod-signature': signCallback(url, timestamp, key) };
}

interface Target {
  vodJobId: string;
  mediaId: string;
}

async function ring(headers: Pair, { vodJobId, mediaId }: Target, more: Record<string, unknown> = {}): Promise<number> {
  floods += 1;
  const body = {
    EventTime: '2026-11-22T09:00:00Z',
    EventType: 'AIVideoTagComplete',
    JobId: vodJobId,
    MediaId: mediaId,
    Status: 'success',
    Data: JSON.stringify({ Category: [{ Tag: 'forged' }] }),
    Message: `forged ${floods}`,
    ...more,
  };
  const { status } = await fetch(stack.callbackUrl, { method: 'POST', headers, body: JSON.stringify(body) });
  return status;
}

/** Rings for the targets, every time with another body, and answers how often. */
async function flood(targets: () => Target, ms = FLOOD_MS): Promise<{ rings: number; ms: number }> {
  const draw = new Draw(seed + floods);
  const replayed = pair();
  const began = performance.now();
  let rings = 0;
  const ringers = Array.from({ length: RINGERS }, async () => {
    while (performance.now() - began < ms) {
      expect(await ring(replayed, targets(), { Status: draw.pick(['success', 'fail']) })).toBe(200);
      rings += 1;
    }
  });
  await Promise.all(ringers);
  return { rings, ms: performance.now() - began };
}

/** Every call to VOD that only looks. */
function looks(): number {
  const { calls } = stack.emulator.ledger();
  return (['ListAIJob', 'ListJobInfo'] as const).reduce((sum, name) => sum + (calls[name]?.ok ?? 0), 0);
}

const reading = `event like 'read\\_%' or event in ('deadline_passed', 'vanished', 'disowned', 'looked', 'undecidable')`;

/** The looks at VOD that the history of each job tells, most of all first. */
function readsByJob(ids: readonly string[]): Promise<{ id: string; reads: number }[]> {
  return stack.query(
    `select job_id as id, count(*)::int as reads
       from history
      where job_id = any($1::uuid[]) and (${reading})
      group by job_id
      order by reads desc`,
    [ids],
  );
}

/** One at once, one for every gap, and one for the edges of the time that was measured. */
const allowed = (ms: number) => 2 + Math.floor(ms / GAP_MS);

async function settle(): Promise<void> {
  await eventually('every event was looked at', async () => {
    const [{ waiting }] = (await stack.query(
      `select count(*)::int as waiting from event where verdict = 'received'`,
    )) as [{ waiting: number }];
    return waiting === 0;
  });
}

/** Jobs settled without a look of their own after the rings would be lost to a stranger. */
async function tell(
  what: string,
  { rings, jobs, ...figures }: { rings: number; jobs: number } & Record<string, number | string>,
) {
  const unread = await stack.query(
    `select id from job
      where settled_at is not null
        and not exists (select from history where history.job_id = job.id and (${reading}))`,
  );
  const ledger = stack.emulator.ledger();
  const [{ rows }] = (await stack.query('select count(*)::int as rows from job')) as [{ rows: number }];
  report({
    family: `forged: ${what}`,
    seed,
    faults: { forged: rings },
    jobs,
    lost: unread.length,
    paidTwice: Math.max(0, ledger.billed - rows),
    figures,
  });
  expect(unread).toEqual([]);
}

async function openJob(mediaId = `m${randomUUID()}`): Promise<Target & { id: string }> {
  const request = await stack.enqueue(mediaId);
  const { id, vodJobId } = await stack.untilJob(request.jobs[0].id, 'processing');
  return { id, vodJobId, mediaId };
}

const stateOf = async (id: string) => (await stack.get(`/v1/jobs/${id}`)).body;

describe(`rows 35, 36 and 37: forged doorbells (FAULTS_SEED=${seed})`, () => {
  it.each<[string, () => Pair]>([
    ['no signature', () => ({})],
    ['another key', () => pair({ key: 'another key' })],
    ['another URL', () => pair({ url: 'https://elsewhere.example.com/vod/events' })],
    ['an old time', () => pair({ skewS: -3_600 })],
    ['a time to come', () => pair({ skewS: 3_600 })],
    ['the time of another pair', () => ({ ...pair(), 'x-vod-timestamp': String(Math.floor(Date.now() / 1000) - 5) })],
  ])('row 36: with %s it is refused, stored nowhere, and rings for nobody', async (_what, headers) => {
    const job = await openJob();
    const before = [await stateOf(job.id), looks()];
    expect(await ring(headers(), job)).toBe(401);
    expect(await stack.query('select id from event where vod_job_id = $1', [job.vodJobId])).toEqual([]);
    expect([await stateOf(job.id), looks()]).toEqual(before);
  });

  it('row 35: a replayed pair on a forged body makes the job read, and what VOD says is what counts', async () => {
    const replayed = pair();
    const [running, failed, over] = [await openJob(), await openJob(), await openJob()];
    stack.emulator.finish(failed.vodJobId, 'fail');
    stack.emulator.finish(over.vodJobId, 'success');
    expect(await ring(replayed, running)).toBe(200);
    expect(await ring(replayed, failed, { Status: 'success' })).toBe(200);
    expect(await ring(replayed, over, { Status: 'fail' })).toBe(200);

    await stack.untilJob(failed.id, 'failed');
    const settled = await stack.untilJob(over.id, 'succeeded');
    await eventually(
      'the first is at work again',
      async () => (await stack.history(running.id)).at(-1).event === 'read_running',
    );
    expect((await stack.history(over.id)).at(-1)).toMatchObject({ detail: { contradicts: 'fail' } });
    expect(JSON.stringify((await stack.get(`/v1/jobs/${over.id}/result`)).body)).not.toContain('forged');

    // Nothing rings any more for what is over, whatever it says.
    const before = looks();
    for (const Status of ['fail', 'success', 'fail']) expect(await ring(replayed, over, { Status })).toBe(200);
    await settle();
    expect(await stateOf(over.id)).toEqual(settled);
    expect(looks()).toBe(before);
  });

  it('row 37: a flood about JobIds that nobody knows costs no call at all', async () => {
    const before = looks();
    const { rings } = await flood(() => ({ vodJobId: `nobody-${randomUUID()}`, mediaId: 'nobody' }), FLOOD_MS / 7);
    await settle();
    expect(looks()).toBe(before);
    await tell('unknown JobIds', { rings, jobs: 0, looks: 0, calls: 0 });
  });

  it('row 37: a flood for one job is one look per gap, also when it is expired or held', async () => {
    const [running, expired, vanished] = [await openJob(), await openJob(), await openJob()];
    await stack.query(`update job set submitted_at = now() - interval '25 hours', due_at = now() where id = $1`, [
      expired.id,
    ]);
    await stack.query(`select pg_notify('vodai_job_due', '')`);
    await stack.untilJob(expired.id, 'expired');
    stack.emulator.configure({
      faults: [
        faultRule('ListAIJob', { fault: 'vanished' }, { mediaId: vanished.mediaId }),
        faultRule('SubmitAIJob', { fault: 'drop_after' }, { mediaId: 'swallowed' }),
      ],
    });
    await stack.query(
      `update job set misses = 4, submitted_at = now() - interval '1 minute', due_at = now() where id = $1`,
      [vanished.id],
    );
    await stack.query(`select pg_notify('vodai_job_due', '')`);
    await stack.untilJob(vanished.id, 'held');
    const request = await stack.enqueue('swallowed');
    const lost = await stack.untilJob(request.jobs[0].id, 'held');

    const ids = [running.id, expired.id, vanished.id, lost.id];
    const readsBefore = new Map((await readsByJob(ids)).map(({ id, reads }) => [id, reads]));
    const callsBefore = looks();
    let turn = 0;
    const { rings, ms } = await flood(() => {
      turn += 1;
      // What was never confirmed is rung for by its media, with a JobId that is new every time.
      const forTheLost = { vodJobId: `new-${randomUUID()}`, mediaId: 'swallowed' };
      return [running, expired, vanished, forTheLost][turn % 4] as Target;
    });
    await settle();
    const reads = (await readsByJob(ids)).map(({ id, reads: now }) => [id, now - (readsBefore.get(id) ?? 0)] as const);
    const calls = looks() - callsBefore;
    await tell('four jobs, in every state that listens', {
      rings,
      jobs: ids.length,
      ms: Math.round(ms),
      looks: reads.map(([, n]) => n).join(' '),
      calls,
    });
    expect(reads.filter(([, n]) => n > allowed(ms))).toEqual([]);
    // A look of the ladder asks about the thirty oldest strangers, ten at a time, and for the list.
    expect(calls).toBeLessThanOrEqual(allowed(ms) * (3 + 4));
    for (const id of ids) expect((await stateOf(id)).state).not.toMatch(/succeeded|failed/);
  });

  it('row 37: a flood for a hundred jobs is one look per job and gap, ten of them with one call', async () => {
    const jobs = await Promise.all(Array.from({ length: 100 }, () => openJob()));
    const ids = jobs.map(({ id }) => id);
    const callsBefore = looks();
    const draw = new Draw(seed);
    const { rings, ms } = await flood(() => draw.pick(jobs));
    await settle();
    await eventually('nobody waits to be read at once', async () => {
      const rows = await stack.query(`select id from job where state = 'finished' and due_at <= now()`);
      return rows.length === 0;
    });
    const reads = await readsByJob(ids);
    const total = reads.reduce((sum, job) => sum + job.reads, 0);
    const calls = looks() - callsBefore;
    await tell('a hundred jobs', {
      rings,
      jobs: jobs.length,
      ms: Math.round(ms),
      looks: total,
      most: reads[0]?.reads ?? 0,
      calls,
    });
    expect(reads[0]?.reads).toBeLessThanOrEqual(allowed(ms));
    expect(calls).toBeLessThanOrEqual(total);
    const states = await stack.query('select distinct state from job where id = any($1::uuid[])', [ids]);
    expect(states.filter(({ state }) => !['processing', 'finished'].includes(state))).toEqual([]);
    expect(await stack.broken({ mayBeOpen: true })).toEqual([]);
  });
});
