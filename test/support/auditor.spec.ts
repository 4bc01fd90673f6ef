import { faultRule } from '@app/vod-emulator';
import { Client } from 'pg';
import { keys, Stack } from './stack';
import { audit, type Audit, type AuditOptions } from './auditor';

/** Jobs of every kind that the auditor looks at: settled by VOD, lost and found, canceled, held for a person. */
let stack: Stack;
let db: Client;
const jobs: Record<'tag' | 'dna' | 'found' | 'failed' | 'held', string> = {} as never;

beforeAll(async () => {
  stack = await Stack.start({
    env: { RECOVER_AFTER: '100ms', RECOVER_GRACE: '500ms', RECOVER_BY: 'listing', RESEND_PINNED: 'false' },
    emulator: {
      faults: [
        faultRule('SubmitAIJob', { fault: 'drop_after' }, { mediaId: 'found' }),
        faultRule('SubmitAIJob', { fault: 'drop_before_work' }, { mediaId: 'held' }),
      ],
    },
  });
  const both = await stack.enqueue('both', ['AIVideoTag', 'AIMediaDNA']);
  for (const { id, type } of both.jobs) jobs[type === 'AIVideoTag' ? 'tag' : 'dna'] = id;
  const found = await stack.enqueue('found');
  jobs.found = found.jobs[0].id;
  jobs.failed = (await stack.enqueue('missing-media')).jobs[0].id;
  for (const id of [jobs.tag, jobs.dna, jobs.found]) await stack.untilJob(id, 'succeeded');
  await stack.untilJob(jobs.failed, 'failed');
  // From here on VOD's list proves nothing, so the ladder cannot decide.
  stack.emulator.configure({ listsAiJobs: false });
  jobs.held = (await stack.enqueue('held')).jobs[0].id;
  await stack.untilJob(jobs.held, 'held');
  for (const worker of stack.workers.slice()) await stack.stopWorker(worker);
  db = new Client({ connectionString: stack.database.url });
  await db.connect();
});

afterAll(async () => {
  await db?.end();
  await stack?.stop();
});

/** What the auditor says of the database as `sql` leaves it; afterwards it is as it was. */
async function auditAfter(sql: string, options: AuditOptions = {}): Promise<Audit> {
  await db.query('begin');
  try {
    await db.query(sql);
    return await audit(db, stack.emulatorUrl, options);
  } finally {
    await db.query('rollback');
  }
}

describe('The auditor', () => {
  it('has nothing to say about a database in order, and counts what happened in it', async () => {
    const accepted = Object.values(jobs);
    const canaries = Object.values(keys);
    expect(await audit(stack.database.url, stack.emulatorUrl, { accepted, canaries, texts: stack.logLines })).toEqual({
      broken: [],
      jobs: 5,
      lost: 0,
      paidTwice: 0,
      held: 1,
      answersLost: 1,
      adopted: 1,
      slowestRecoveryMs: expect.any(Number),
      unknown: 0,
    });
  });

  it.each([
    ['a job that still waits', `update job set state = 'queued', due_at = now(), settled_at = null, version = 1`, 5],
    ['a held job without a reason', `update job set error_code = null, error_phase = null where state = 'held'`, 0],
    [
      'a row that is gone',
      () => `delete from history where job_id = '${jobs.failed}'; delete from job where id = '${jobs.failed}'`,
      1,
    ],
  ])('I1: sees %s', async (_what, sql, lost) => {
    const seen = await auditAfter(typeof sql === 'string' ? sql : sql(), { accepted: Object.values(jobs) });
    expect(seen.broken).toContainEqual(expect.stringMatching(/^I1: /));
    expect(seen.lost).toBe(lost);
  });

  it('I2: sees a type of a request that was billed twice, and not what a person has paid again', async () => {
    // The bill of another request comes to stand in this one's name.
    const twice = `update submission set request_id = (select request_id from job where id = '${jobs.tag}'), number = 2
                    where request_id = (select request_id from job where id = '${jobs.found}')`;
    const seen = await auditAfter(twice);
    expect(seen.broken).toContainEqual(expect.stringMatching(/^I2: .* billed 2 times/));
    expect(seen.paidTwice).toBe(1);

    const decided = `${twice};
      insert into history (job_id, version, at, event, from_state, to_state, attempt, actor)
      values ('${jobs.tag}', 99, now(), 'resubmitted', 'held', 'queued', 1, 'otto')`;
    expect((await auditAfter(decided)).paidTwice).toBe(0);
  });

  it.each([
    [
      'a bill that no row has',
      () => `delete from result where job_id = '${jobs.tag}';
      update job set vod_job_id = null where id = '${jobs.tag}';
      delete from event where vod_job_id not in (select vod_job_id from job where vod_job_id is not null);
      update history set detail = '{}' where job_id = '${jobs.tag}'`,
      /belongs to no row/,
    ],
    [
      'two rows with one JobId',
      () => `drop index job_vod_job_id;
      update job set vod_job_id = (select vod_job_id from job where id = '${jobs.tag}') where id = '${jobs.found}'`,
      /belongs to 2 rows/,
    ],
    [
      'a row with the job of another media',
      () => `update job set media_id = 'other' where id = '${jobs.tag}'`,
      /is of both, AIVideoTag; job .* is not/,
    ],
    [
      'an event of a job of ours that is taken for somebody else’s',
      () =>
        `update event set verdict = 'foreign' where vod_job_id = (select vod_job_id from job where id = '${jobs.tag}')`,
      /was asked for here, and its event is kept as foreign/,
    ],
    [
      'a JobId that VOD never billed',
      () => `update job set vod_job_id = 'invented' where id = '${jobs.tag}'`,
      /never billed/,
    ],
  ])('I3: sees %s', async (_what, sql, wanted) => {
    const { broken } = await auditAfter(sql());
    expect(broken).toContainEqual(expect.stringMatching(/^I3: /));
    expect(broken.join('\n')).toMatch(wanted);
  });

  it('I3: counts a bill that no row has, when an event about it is kept as unmatched', async () => {
    const seen = await auditAfter(`
      update event set verdict = 'unmatched' where vod_job_id = (select vod_job_id from job where id = '${jobs.tag}');
      update history set detail = '{}' where job_id = '${jobs.tag}';
      update job set vod_job_id = null where id = '${jobs.tag}'`);
    expect(seen.broken.filter((line) => line.startsWith('I3'))).toEqual([]);
    expect(seen.unknown).toBe(1);
  });

  it.each([
    ['another result', () => `update result set raw = raw || ' ' where job_id = '${jobs.tag}'`],
    ['no result', () => `delete from result where job_id = '${jobs.tag}'`],
    [
      'a failure that VOD never told',
      () => `update job set state = 'failed', error_phase = 'vod' where id = '${jobs.tag}'`,
    ],
    ['a success that VOD never told', () => `update job set state = 'succeeded' where id = '${jobs.failed}'`],
  ])('I4: sees %s', async (_what, sql) => {
    expect((await auditAfter(sql())).broken).toContainEqual(expect.stringMatching(/^I4: /));
  });

  it.each([
    [
      'a step that the table does not have',
      () => `update history set event = 'canceled' where job_id = '${jobs.tag}' and version = 3`,
    ],
    ['a version left out', () => `delete from history where job_id = '${jobs.tag}' and version = 2`],
    ['a row that went on without its history', () => `update job set version = version + 1 where id = '${jobs.tag}'`],
    ['a job without any history', () => `delete from history where job_id = '${jobs.tag}'`],
  ])('I5: sees %s', async (_what, sql) => {
    expect((await auditAfter(sql())).broken).toContainEqual(expect.stringMatching(/^I5: /));
  });

  it('I6: sees a job that was settled twice', async () => {
    const { broken } = await auditAfter(`
      insert into history (job_id, version, at, event, from_state, to_state, attempt)
      values ('${jobs.tag}', 99, now(), 'read_succeeded', 'finished', 'succeeded', 1)`);
    expect(broken).toContainEqual(expect.stringMatching(/^I6: .* settled 2 times, not 1/));
  });

  it.each([
    ['in a text column', `update job set error_message = 'key canary-1' where error_message is not null`],
    ['in JSON', `update history set detail = '{"a":{"b":"canary-1"}}'`],
    ['in bytes', `update event set body = 'xx canary-1 xx'::bytea`],
  ])('I7: sees a secret %s', async (_where, sql) => {
    const { broken } = await auditAfter(sql, { canaries: ['canary-1'] });
    expect(broken).toContainEqual(expect.stringMatching(/^I7: the table /));
    expect(broken.join()).not.toContain('canary-1');
  });

  it('I7: sees a secret in a text', async () => {
    const { broken } = await auditAfter('select 1', {
      canaries: ['canary-1'],
      texts: ['fine', 'a line with canary-1'],
    });
    expect(broken).toEqual(['I7: a text holds secret 1']);
  });
});
