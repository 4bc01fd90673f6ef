import { type Answered, type Entry, closeAll, entriesOf, readJob, startEmulator, submit } from '../test/support';
import { type AnswerFault, faultRule } from './faults';

afterEach(closeAll);

const HOUR = 3_600_000;

/** An emulator whose answers to one operation go wrong. */
const startLying = (on: 'SubmitAIJob' | 'ListAIJob' | 'ListJobInfo', fault: AnswerFault) =>
  startEmulator({ faults: [faultRule(on, fault)] });

describe('an answer to SubmitAIJob', () => {
  const BOTH = { MediaId: 'm', Types: 'AIVideoTag,AIMediaDNA' };
  const stored = (jobs: { jobId: string }[]) => new Set(jobs.map(({ jobId }) => jobId));
  const told = (answered: Answered, field: keyof Entry = 'JobId') => entriesOf(answered).map((entry) => entry[field]);

  it('may tell wrong ids', async () => {
    const { ask, emulator } = await startLying('SubmitAIJob', { fault: 'wrong_ids' });
    const ids = told(await ask('SubmitAIJob', BOTH));
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(ids.filter((id) => stored(emulator.jobs()).has(id))).toEqual([]);
    expect(emulator.ledger().billed).toBe(2);
  });

  it('may tell another media', async () => {
    const { ask, emulator } = await startLying('SubmitAIJob', { fault: 'other_media' });
    const answered = await ask('SubmitAIJob', BOTH);
    expect(new Set(told(answered))).toEqual(stored(emulator.jobs()));
    expect(told(answered, 'MediaId')).not.toContain('m');
  });

  it.each(['AIVideoTag,AIMediaDNA', 'AIMediaDNA'])('may miss a type of %s that was billed', async (Types) => {
    const { ask, emulator } = await startLying('SubmitAIJob', { fault: 'missing_type' });
    const all = Types.split(',').length;
    const ids = told(await ask('SubmitAIJob', { MediaId: 'm', Types }));
    expect([ids.length, emulator.ledger().billed]).toEqual([all - 1, all]);
    expect(new Set([...ids, emulator.faults().entries[0]?.jobId])).toEqual(stored(emulator.jobs()));
  });

  it('may tell the id of an earlier job, if there is one', async () => {
    const { ask, emulator } = await startLying('SubmitAIJob', { fault: 'duplicate_id' });
    const first = await submit(ask, 'm1');
    expect(emulator.faults().fired).toBe(0);
    expect(await submit(ask, 'm2')).toBe(first);
    expect(emulator.ledger().billed).toBe(2);
    expect(emulator.faults().entries).toMatchObject([{ jobId: emulator.jobs({ mediaId: 'm2' })[0]?.jobId }]);
  });
});

describe('an answer to ListAIJob', () => {
  const ask3 = async (fault: AnswerFault, mediaId?: string) => {
    const running = await startEmulator({ faults: [faultRule('ListAIJob', fault, mediaId ? { mediaId } : {})] });
    const ids = [];
    for (const media of ['a1', 'a2', 'b1']) ids.push(await submit(running.ask, media));
    const answered = await running.ask('ListAIJob', { JobIds: ids.join(',') });
    return { ...running, ids, answered, entries: entriesOf(answered) as unknown as Record<string, string>[] };
  };

  it('may be the truth about jobs that nobody asked for', async () => {
    const { ask, emulator } = await startLying('ListAIJob', { fault: 'wrong_ids' });
    const [other, asked] = [await submit(ask, 'other'), await submit(ask, 'asked')];
    expect(await readJob(ask, asked)).toMatchObject({
      JobId: other,
      MediaId: 'other',
      Data: emulator.jobs({ mediaId: 'other' })[0]?.data,
    });
  });

  it('may be about jobs that do not exist', async () => {
    const { ids, entries } = await ask3({ fault: 'wrong_ids' });
    expect(entries).toHaveLength(3);
    expect(entries.filter(({ JobId = '' }) => ids.includes(JobId))).toEqual([]);
  });

  it('may tell another media', async () => {
    const { ids, entries } = await ask3({ fault: 'other_media' });
    expect(entries.map(({ JobId }) => JobId)).toEqual(ids);
    expect(entries.map(({ MediaId = '' }) => MediaId).join()).toMatch(/^[0-9a-f]{32}(,[0-9a-f]{32}){2}$/);
  });

  it('may call jobs unknown, only those of the media that the rule is about', async () => {
    const { ids, answered, entries, emulator } = await ask3({ fault: 'vanished' }, 'a*');
    expect(entries.map(({ JobId }) => JobId)).toEqual([ids[2]]);
    expect(answered.body).toMatchObject({ NonExistAIJobIds: { String: [ids[0], ids[1]] } });
    expect(emulator.faults().entries).toMatchObject([{ fault: 'vanished', jobIds: [ids[0], ids[1]] }]);
  });

  it('may tell a status that nobody knows', async () => {
    const { entries, emulator } = await ask3({ fault: 'unknown_status', status: 'paused' }, 'a2');
    expect(entries.map(({ Status }) => Status)).toEqual(['success', 'paused', 'success']);
    expect(emulator.faults().entries).toMatchObject([{ mediaId: 'a2', jobId: entries[1]?.['JobId'] }]);
  });

  it('may have an empty result', async () => {
    const { entries } = await ask3({ fault: 'empty_data' });
    expect(entries.map(({ Status, Data }) => [Status, Data])).toEqual([1, 2, 3].map(() => ['success', '']));
  });

  it('may have a result that is no JSON', async () => {
    const { entries, emulator } = await ask3({ fault: 'malformed_data' }, 'b1');
    const whole = emulator.jobs({ mediaId: 'b1' })[0]?.data ?? '';
    expect(entries[2]?.['Data']).toBe(whole.slice(0, whole.length / 2));
    expect(entries[0]?.['Data']).toBe(emulator.jobs({ mediaId: 'a1' })[0]?.data);
  });

  it('may be stale, and only about a job that is over', async () => {
    const { ask, emulator } = await startEmulator({
      jobTimeMs: { min: HOUR, max: HOUR },
      faults: [faultRule('ListAIJob', { fault: 'stale' }, { limit: 2 })],
    });
    const jobId = await submit(ask, 'm');
    expect((await readJob(ask, jobId))['Status']).toBe('init');
    expect(emulator.faults().fired).toBe(0);
    emulator.finish(jobId);
    const stale = {
      Status: 'processing',
      Type: 'AIVideoTag',
      MediaId: 'm',
      JobId: jobId,
      CreationTime: expect.any(String),
    };
    expect([await readJob(ask, jobId), await readJob(ask, jobId)]).toEqual([stale, stale]);
    expect(await readJob(ask, jobId)).toMatchObject({ Status: 'success', Code: '0' });
  });
});

describe('an answer to ListJobInfo', () => {
  const list = async (fault: AnswerFault) => {
    const { ask } = await startLying('ListJobInfo', fault);
    await submit(ask, 'm');
    const { body } = await ask('ListJobInfo', { MediaId: 'm', JobType: 'ai' });
    return (body as unknown as { JobInfoList: Record<string, string>[] }).JobInfoList;
  };

  it('may leave jobs out', async () => {
    expect(await list({ fault: 'vanished' })).toEqual([]);
  });

  it('may be stale', async () => {
    const [job] = await list({ fault: 'stale' });
    expect([job?.['Status'], job?.['CompleteTime']]).toEqual(['processing', undefined]);
  });

  it('may tell a status that nobody knows', async () => {
    expect(await list({ fault: 'unknown_status' })).toMatchObject([{ Status: 'unknown' }]);
  });
});

describe('a result query', () => {
  it.each([
    ['GetAIVideoTagResult', 'AIVideoTag', 'VideoTagResult'],
    ['GetMediaDNAResult', 'AIMediaDNA', 'DNAResult'],
  ] as const)('%s may answer nothing, or half of it', async (on, type, name) => {
    const { ask, emulator } = await startEmulator();
    await submit(ask, 'm', type);
    const read = async () => (await ask(on, { MediaId: 'm' })).body[name];
    const whole = JSON.stringify(await read());

    emulator.configure({ faults: [faultRule(on, { fault: 'empty_data' })] });
    expect(await read()).toEqual({});
    emulator.configure({ faults: [faultRule(on, { fault: 'malformed_data' })] });
    expect(await read()).toBe(whole.slice(0, whole.length / 2));
  });
});
