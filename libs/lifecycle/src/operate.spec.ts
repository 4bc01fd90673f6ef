import { randomUUID } from 'node:crypto';
import type { JobEvent } from '@app/domain';
import type { JobStore } from '@app/persistence';
import { World } from '../test/world';
import { Operate, type Resolution } from './operate';

const NOBODY = '01900000-0000-7000-8000-000000000000';

let world: World;
let operate: Operate;
beforeAll(async () => {
  world = await World.open();
  operate = new Operate(world.jobs, world.reads);
});
afterAll(() => world.close());

async function happens(id: string, event: JobEvent): Promise<void> {
  const { outcome } = await world.jobs.apply(id, event);
  if (outcome !== 'moved') throw new Error(`${event.type} did nothing: ${outcome}`);
}

async function queued(): Promise<string> {
  const [id = ''] = (await world.accept()).jobIds;
  return id;
}

async function processing(vodJobId: string = randomUUID()): Promise<string> {
  return (await world.atVod(vodJobId)).id;
}

async function fails(id: string): Promise<void> {
  const { vodJobId } = await world.job(id);
  const reason = { code: 'X', message: 'm', completedAt: null };
  await happens(id, { type: 'read_failed', vodJobId: vodJobId ?? '', ...reason });
}

async function failed(): Promise<string> {
  const id = await processing();
  await fails(id);
  return id;
}

/** @returns the attempt's number */
async function sent(requestId: string): Promise<number> {
  const [claim] = await world.submissions.claim(requestId);
  if (!claim || !(await world.submissions.markSent(claim, 'key'))) throw new Error('it could not be claimed');
  return claim.number;
}

/** A submission whose answer was lost, and of which nothing tells what became of it. */
async function held(): Promise<string> {
  const { requestId, jobIds } = await world.accept();
  const [id = ''] = jobIds;
  const attempt = await sent(requestId);
  await happens(id, { type: 'outcome_unknown', attempt, cause: 'no answer' });
  await happens(id, { type: 'undecidable', attempt, version: await versionOf(id), reason: 'nothing tells' });
  return id;
}

/** The queue takes it, and so does VOD, under another JobId. */
async function submitted(id: string): Promise<void> {
  const attempt = await sent((await world.job(id)).requestId);
  await happens(id, { type: 'accepted', attempt, vodJobId: randomUUID(), vodRequestId: null });
}

const times = async (id: string, event: string) => (await world.story(id)).filter((each) => each === event).length;
const versionOf = async (id: string) => (await world.job(id)).version;

describe('What a person does to a job', () => {
  const acts: [string, () => Promise<string>, (id: string, reason?: string) => Promise<unknown>, object, string][] = [
    ['a cancel', queued, (id, reason) => operate.cancel(id, { reason }, 'ada'), { state: 'canceled' }, 'canceled'],
    ['a retry', failed, (id, reason) => operate.retry(id, { reason }, 'ada'), { state: 'queued' }, 'retried'],
    ['a refetch', failed, (id, reason) => operate.refetch(id, { reason }, 'ada'), { state: 'finished' }, 'refetched'],
    ['an adoption', held, (id, reason) => resolve(id, { action: 'adopt', vodJobId: id, reason }), {}, 'adopted'],
    [
      'a resubmission',
      held,
      (id, reason) => resolve(id, { action: 'resubmit', reason }),
      { state: 'queued' },
      'resubmitted',
    ],
    ['a giving up', held, (id, reason) => resolve(id, { action: 'fail', reason }), { state: 'failed' }, 'given_up'],
  ];
  const resolve = (id: string, resolution: Resolution) => operate.resolve(id, resolution, 'ada');

  it.each(acts)('is done, with their name and their reason: %s', async (_act, make, act, job, event) => {
    const id = await make();
    expect(await act(id, 'the wrong video')).toMatchObject({ outcome: 'done', job: { id, ...job } });
    expect(await world.job(id)).toMatchObject(job);
    const detail: unknown = expect.objectContaining({ reason: 'the wrong video' });
    expect(await world.lastLine(id)).toMatchObject({ event, actor: 'ada', detail });
  });

  it.each(acts)('needs no reason: %s', async (_act, make, act, job, event) => {
    const id = await make();
    expect(await act(id)).toMatchObject({ outcome: 'done', job });
    const { detail } = await world.lastLine(id);
    expect(detail).not.toHaveProperty('reason');
    expect(await world.lastLine(id)).toMatchObject({ event, actor: 'ada' });
  });

  it('is read under the JobId that they named', async () => {
    const id = await held();
    const vodJobId = randomUUID();
    const outcome = await operate.resolve(id, { action: 'adopt', vodJobId }, 'ada');
    expect(outcome).toMatchObject({ outcome: 'done', job: { state: 'processing', vodJobId, dueAt: world.now() } });
  });

  it('stays visible as the error of a job that was given up', async () => {
    const id = await held();
    await operate.resolve(id, { action: 'fail', reason: 'not worth it' }, 'ada');
    expect((await world.job(id)).error).toEqual({ phase: 'recover', code: 'given_up', message: 'not worth it' });
  });
});

describe('A click that comes twice', () => {
  it('is done once: the second is answered with the job as it is by now', async () => {
    const id = await failed();
    await operate.retry(id, {}, 'ada');
    await submitted(id);
    expect(await operate.retry(id, {}, 'ada')).toMatchObject({ outcome: 'done', job: { id, state: 'processing' } });
    expect(await times(id, 'retried')).toBe(1);
  });

  it('at the same moment is done once', async () => {
    const id = await failed();
    const version = await versionOf(id);
    const clicks = Array.from({ length: 5 }, () => operate.retry(id, { version }, 'ada'));
    expect((await Promise.all(clicks)).map(({ outcome }) => outcome)).toEqual(Array(5).fill('done'));
    expect(await times(id, 'retried')).toBe(1);
  });

  it('is not done when somebody else had done it', async () => {
    const id = await queued();
    await operate.cancel(id, {}, 'ada');
    expect(await operate.cancel(id, {}, 'otto')).toEqual({
      outcome: 'wrong_state',
      state: 'canceled',
      states: ['queued'],
    });
  });

  it('is not done when somebody has undone it since', async () => {
    const id = await queued();
    await operate.cancel(id, {}, 'ada');
    await operate.retry(id, {}, 'otto');
    await submitted(id);
    const answer = { outcome: 'wrong_state', state: 'processing', states: ['queued'] };
    expect(await operate.cancel(id, {}, 'ada')).toEqual(answer);
  });

  it('is not done when the person did something else', async () => {
    const id = await failed();
    await operate.refetch(id, {}, 'ada');
    const states = ['failed', 'canceled', 'expired'];
    expect(await operate.retry(id, {}, 'ada')).toEqual({ outcome: 'wrong_state', state: 'finished', states });
  });

  it('is one of the same JobId: with another one, it is another click', async () => {
    const id = await held();
    const [first, second] = [randomUUID(), randomUUID()];
    await operate.resolve(id, { action: 'adopt', vodJobId: first }, 'ada');
    const answer = { outcome: 'wrong_state', state: 'processing', states: ['held'] };
    expect(await operate.resolve(id, { action: 'adopt', vodJobId: second }, 'ada')).toEqual(answer);
    expect(await operate.resolve(id, { action: 'adopt', vodJobId: first }, 'ada')).toMatchObject({ outcome: 'done' });
    expect(await world.job(id)).toMatchObject({ vodJobId: first });
  });

  it('with the version that the person saw is known for ever, whatever came after it', async () => {
    const id = await failed();
    const version = await versionOf(id);
    await operate.retry(id, { version }, 'ada');
    await submitted(id);
    await fails(id);
    await operate.retry(id, {}, 'otto');
    await submitted(id);
    await fails(id);
    const now = await world.job(id);
    expect(await operate.retry(id, { version }, 'ada')).toEqual({ outcome: 'done', job: now });
    expect(await times(id, 'retried')).toBe(2);
  });
});

describe('What a person decided about a job as they saw it', () => {
  it('is done to the job of that version, which the history keeps', async () => {
    const id = await failed();
    const version = await versionOf(id);
    expect(await operate.retry(id, { version }, 'ada')).toMatchObject({ job: { version: version + 1 } });
    expect((await world.lastLine(id)).detail).toMatchObject({ version });
  });

  it.each([
    ['cancel', queued, (id: string, version: number) => operate.cancel(id, { version }, 'ada'), ['queued']],
    [
      'retry',
      failed,
      (id: string, version: number) => operate.retry(id, { version }, 'ada'),
      ['failed', 'canceled', 'expired'],
    ],
    [
      'refetch',
      failed,
      (id: string, version: number) => operate.refetch(id, { version }, 'ada'),
      ['succeeded', 'failed', 'expired'],
    ],
    [
      'resubmit',
      held,
      (id: string, version: number) => operate.resolve(id, { action: 'resubmit', version }, 'ada'),
      ['held'],
    ],
  ])('is not done to one that has moved on: %s', async (_act, make, act, states) => {
    const id = await make();
    const job = await world.job(id);
    expect(await act(id, job.version - 1)).toEqual({ outcome: 'moved_on', job, states });
    expect(await world.job(id)).toEqual(job);
  });

  it('is not taken for done when the same person did it to a later version', async () => {
    const id = await failed();
    const seen = await versionOf(id);
    await operate.retry(id, {}, 'otto');
    await submitted(id);
    await fails(id);
    await operate.retry(id, {}, 'ada');
    await submitted(id);
    await fails(id);
    expect(await operate.retry(id, { version: seen }, 'ada')).toMatchObject({ outcome: 'moved_on' });
  });
});

describe('What cannot be done', () => {
  it.each([
    ['cancel', processing, (id: string) => operate.cancel(id, {}, 'ada'), 'processing', ['queued']],
    ['retry', queued, (id: string) => operate.retry(id, {}, 'ada'), 'queued', ['failed', 'canceled', 'expired']],
    ['refetch', held, (id: string) => operate.refetch(id, {}, 'ada'), 'held', ['succeeded', 'failed', 'expired']],
    ['resolve', failed, (id: string) => operate.resolve(id, { action: 'fail' }, 'ada'), 'failed', ['held']],
  ])('is answered with the states in which it can: %s', async (_act, make, act, state, states) => {
    const id = await make();
    const job = await world.job(id);
    expect(await act(id)).toEqual({ outcome: 'wrong_state', state, states });
    expect(await world.job(id)).toEqual(job);
  });

  it('is answered so, too, when the person saw the job as it is', async () => {
    const id = await processing();
    const version = await versionOf(id);
    const answer = { outcome: 'wrong_state', state: 'processing', states: ['queued'] };
    expect(await operate.cancel(id, { version }, 'ada')).toEqual(answer);
  });

  it('is not excused by what the client of the same name asked for', async () => {
    const id = await processing();
    const { client } = await world.job(id);
    expect(await operate.cancel(id, {}, client)).toMatchObject({ outcome: 'wrong_state' });
  });

  it('is a result read again that VOD never had', async () => {
    const id = await held();
    await operate.resolve(id, { action: 'fail' }, 'ada');
    const states = ['succeeded', 'failed', 'expired'];
    expect(await operate.refetch(id, {}, 'ada')).toEqual({ outcome: 'nothing_to_read', states });
    expect(await world.job(id)).toMatchObject({ state: 'failed' });
  });

  it('is an adoption of the JobId of another job', async () => {
    const vodJobId = randomUUID();
    await processing(vodJobId);
    const id = await held();
    const outcome = await operate.resolve(id, { action: 'adopt', vodJobId }, 'ada');
    expect(outcome).toEqual({ outcome: 'job_id_taken' });
    expect(await world.job(id)).toMatchObject({ state: 'held', vodJobId: null });
  });

  it('is anything to a job that is not there', async () => {
    expect(await operate.cancel(NOBODY, {}, 'ada')).toEqual({ outcome: 'no_such_job', keptUntil: null });
  });

  it('is anything to a job that is removed while it is being answered', async () => {
    const removing = {
      apply: async (...asked: Parameters<JobStore['apply']>) => {
        const verdict = await world.jobs.apply(...asked);
        await world.db.query(`delete from history where job_id = $1`, [asked[0]]);
        await world.db.query(`delete from job where id = $1`, [asked[0]]);
        return verdict;
      },
    } as unknown as JobStore;
    const outcome = await new Operate(removing, world.reads).cancel(await processing(), {}, 'ada');
    expect(outcome).toEqual({ outcome: 'no_such_job', keptUntil: null });
  });

  it('fails as what it is when Postgres refuses it for another reason', async () => {
    await expect(operate.cancel('no id', {}, 'ada')).rejects.toThrow('invalid input syntax for type uuid');
  });
});
