import { type Ask, closeAll, entriesOf, readJob, startEmulator, submit } from '../test/support';
import { faultRule } from './faults';

afterEach(closeAll);

const BOTH = 'AIVideoTag,AIMediaDNA';
const HOUR = { min: 3_600_000, max: 3_600_000 };

describe('SubmitAIJob', () => {
  it('makes one job per type and bills each of them', async () => {
    const { ask, emulator } = await startEmulator();
    const answered = await ask('SubmitAIJob', { MediaId: 'm', Types: BOTH, SignatureNonce: 'nonce-1' });
    const entries = entriesOf(answered);

    expect(entries.map(({ Type }) => Type).toSorted()).toEqual(['AIMediaDNA', 'AIVideoTag']);
    for (const entry of entries) {
      expect(entry).toEqual({ Type: entry.Type, MediaId: 'm', JobId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    }
    const { billed, entries: bills } = emulator.ledger();
    expect(billed).toBe(2);
    expect(bills).toEqual(
      expect.arrayContaining(
        entries.map(({ Type, JobId }) => ({
          at: expect.any(String),
          region: 'cn-shanghai',
          mediaId: 'm',
          type: Type,
          jobId: JobId,
          requestId: answered.body.RequestId,
          nonce: 'nonce-1',
        })),
      ),
    );
  });

  it('makes one job of a type that is named twice', async () => {
    const { ask } = await startEmulator();
    expect(entriesOf(await ask('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag,AIVideoTag' }))).toHaveLength(1);
  });

  it('makes and bills new jobs for the same media again: it is not idempotent', async () => {
    const { ask, emulator } = await startEmulator();
    const ids = [await submit(ask, 'm'), await submit(ask, 'm')];
    expect(new Set(ids).size).toBe(2);
    expect(emulator.ledger().billed).toBe(2);
  });

  it('answers the types in either order', async () => {
    const { ask } = await startEmulator({ seed: 1 });
    const first = new Set<string | undefined>();
    for (let i = 0; i < 20; i++) first.add(entriesOf(await ask('SubmitAIJob', { MediaId: 'm', Types: BOTH }))[0]?.Type);
    expect(first).toEqual(new Set(['AIVideoTag', 'AIMediaDNA']));
  });

  it('hands out other ids in every run, unless a seed asks for the same', async () => {
    const idOf = async (seed?: number) => {
      const { ask } = await startEmulator(seed === undefined ? {} : { seed });
      return submit(ask, 'm');
    };
    expect(await idOf(7)).toBe(await idOf(7));
    expect(await idOf()).not.toBe(await idOf());
  });

  it.each([
    ['no media', { MediaId: '' }, 400, 'MissingParameter'],
    ['no types', { Types: '' }, 400, 'InvalidParameter'],
    ['an unknown type', { Types: 'AIVideoTag,AIMediaAudit' }, 400, 'InvalidParameter'],
    ['a config that is not JSON', { Config: 'ASR' }, 400, 'InvalidParameter'],
    ['a config that is a list', { Config: '[]' }, 400, 'InvalidParameter'],
    ['user data that are not JSON', { UserData: 'mine' }, 400, 'InvalidParameter'],
    ['user data of 513 bytes', { UserData: userData(513) }, 400, 'InvalidParameter'],
    ['a media that does not exist', { MediaId: 'missing-1' }, 404, 'InvalidVideo.NotFound'],
  ])('refuses %s and bills nothing', async (_name, changes, status, code) => {
    const { ask, emulator } = await startEmulator();
    const answered = await ask('SubmitAIJob', { MediaId: 'm', Types: BOTH, ...changes });
    expect(answered).toMatchObject({ status, body: { Code: code } });
    expect(emulator.ledger()).toMatchObject({ billed: 0, calls: { SubmitAIJob: { ok: 0, throttled: 0, refused: 1 } } });
  });

  it('takes user data of 512 bytes', async () => {
    const { ask } = await startEmulator();
    expect((await ask('SubmitAIJob', { MediaId: 'm', Types: BOTH, UserData: userData(512) })).status).toBe(200);
  });

  it.each([
    ['ap-southeast-1', 'AIVideoTag'],
    ['eu-central-1', 'AIMediaDNA'],
  ])('refuses in %s what is not offered there: %s', async (region, Types) => {
    const { ask } = await startEmulator();
    const { body } = await ask('SubmitAIJob', { MediaId: 'm', Types }, { region });
    expect([body.Code, body.Message]).toEqual([
      'InvalidParameter',
      expect.stringContaining(`${Types} is not offered in ${region}`),
    ]);
  });

  it('offers fingerprints in Singapore', async () => {
    const { ask } = await startEmulator();
    const answered = await ask('SubmitAIJob', { MediaId: 'm', Types: 'AIMediaDNA' }, { region: 'ap-southeast-1' });
    expect(entriesOf(answered)).toHaveLength(1);
  });
});

describe('ListAIJob', () => {
  it('shows a job from the queue to its end', async () => {
    let now = Date.parse('2026-01-02T03:04:05Z');
    const Timestamp = '2026-01-02T03:04:05Z';
    const { ask, emulator } = await startEmulator({ clock: () => now, jobTimeMs: HOUR });
    const pinned: Ask = (action, parameters, options) => ask(action, { ...parameters, Timestamp }, options);
    const jobId = await submit(pinned, 'm');
    const open = { Type: 'AIVideoTag', MediaId: 'm', CreationTime: '2026-01-02T03:04:05Z', JobId: jobId };
    expect(await readJob(pinned, jobId)).toEqual({ Status: 'init', ...open });

    now += 10 * 60_000;
    expect(await readJob(pinned, jobId)).toEqual({ Status: 'processing', ...open });

    emulator.finish(jobId);
    expect(await readJob(pinned, jobId)).toEqual({
      ...open,
      Status: 'success',
      Code: '0',
      Message: 'OK',
      CompleteTime: '2026-01-02T03:14:05Z',
      Data: expect.any(String),
    });
  });

  it('lists unknown ids apart, as an array', async () => {
    const { ask } = await startEmulator();
    const jobId = await submit(ask, 'm');
    const { body } = await ask('ListAIJob', { JobIds: `nobody,${jobId}` });
    expect(body).toMatchObject({
      AIJobList: { AIJob: [{ JobId: jobId }] },
      NonExistAIJobIds: { String: ['nobody'] },
    });
  });

  it.each([
    ['text', '["nobody"]'],
    ['text_in_array', ['["nobody"]']],
  ] as const)(
    'prints unknown ids as %s when told so, also those that a fault makes unknown',
    async (missingIds, String) => {
      const { ask, emulator } = await startEmulator({ missingIds });
      expect((await ask('ListAIJob', { JobIds: 'nobody' })).body).toMatchObject({ NonExistAIJobIds: { String } });
      const jobId = await submit(ask, 'm');
      emulator.configure({ faults: [faultRule('ListAIJob', { fault: 'vanished' })] });
      const { body } = await ask('ListAIJob', { JobIds: jobId });
      expect(JSON.stringify(body['NonExistAIJobIds'])).toContain(jobId);
      expect(typeof (body['NonExistAIJobIds'] as { String: unknown }).String).toBe(typeof String);
    },
  );

  it('takes ten ids and refuses eleven', async () => {
    const { ask } = await startEmulator();
    const ids = (count: number) => Array.from({ length: count }, (_, i) => `id${i}`).join(',');
    expect((await ask('ListAIJob', { JobIds: ids(10) })).status).toBe(200);
    expect(await ask('ListAIJob', { JobIds: ids(11) })).toMatchObject({
      status: 400,
      body: { Code: 'JobIdsExceededMax' },
    });
  });

  it('refuses a call without ids', async () => {
    const { ask } = await startEmulator();
    expect((await ask('ListAIJob', { JobIds: ' , ' })).body.Code).toBe('MissingParameter');
  });

  it('says why a job failed', async () => {
    const { ask } = await startEmulator();
    expect(await readJob(ask, await submit(ask, 'fail-1'))).toMatchObject({
      Status: 'fail',
      Code: 'InvalidParameter.ResourceContentBad',
      Data: '{}',
    });
  });
});

describe('results', () => {
  it('of smart tagging have the documented shape', async () => {
    const { ask } = await startEmulator();
    for (let i = 0; i < 30; i++) {
      const data = await dataOf(ask, `media-${i}`, 'AIVideoTag');
      expect(Object.keys(data).length).toBeGreaterThanOrEqual(2);
      for (const [group, tags] of Object.entries(data)) {
        expect(['Category', 'Keyword', 'Person', 'Location', 'Time']).toContain(group);
        expect(tags).toEqual(tags.map(() => expect.objectContaining({ Tag: expect.any(String) })));
        for (const tag of tags) {
          expect(tag.Times === undefined).toBe(group === 'Category');
          expect(tag.FaceUrl !== undefined).toBe(group === 'Person');
          for (const time of tag.Times ?? []) expect(time).toMatch(/^\d+$/);
        }
      }
    }
  });

  it('of fingerprinting list no to three similar videos', async () => {
    const { ask } = await startEmulator();
    const counts = new Set<number>();
    for (let i = 0; i < 40; i++) {
      const { VideoDNA = [] } = await dataOf(ask, `media-${i}`, 'AIMediaDNA');
      counts.add(VideoDNA.length);
      for (const match of VideoDNA) {
        const span = { Start: expect.stringMatching(/^\d+\.\d$/), Duration: expect.stringMatching(/^\d+\.\d$/) };
        expect(match).toMatchObject({
          PrimaryKey: expect.stringMatching(/^[0-9a-f]{32}$/),
          Similarity: expect.stringMatching(/^(1|0\.\d\d)$/),
          Detail: expect.arrayContaining([{ Input: span, Duplication: span }]),
        });
      }
    }
    expect(counts).toEqual(new Set([0, 1, 2, 3]));
  });

  it('are the same for the same media, in every run', async () => {
    const results = [];
    for (const seed of [1, 2]) {
      const { ask } = await startEmulator({ seed });
      results.push([await dataOf(ask, 'm', 'AIVideoTag'), await dataOf(ask, 'm', 'AIMediaDNA')]);
    }
    expect(results[0]).toEqual(results[1]);
  });

  it('differ from media to media', async () => {
    const { ask } = await startEmulator();
    expect(await dataOf(ask, 'm1', 'AIVideoTag')).not.toEqual(await dataOf(ask, 'm2', 'AIVideoTag'));
  });

  it.each([
    ['ASR and OrigASRData', { AnalyseTypes: 'OCR,ASR', OrigASRData: true }, true],
    ['OrigASRData without ASR', { AnalyseTypes: 'OCR', OrigASRData: true }, false],
    ['ASR alone', { AnalyseTypes: 'ASR' }, false],
  ])('carry a transcript or not: %s', async (_name, tagging, expected) => {
    const { ask } = await startEmulator();
    const Config = JSON.stringify({ AIVideoTag: tagging });
    const data = (await dataOf(ask, 'm', 'AIVideoTag', { Config })) as Record<string, unknown>;
    const transcript = {
      Duration: expect.stringMatching(/^\d+$/),
      AsrTextList: expect.arrayContaining([
        {
          StartTime: expect.any(Number),
          EndTime: expect.any(Number),
          Text: expect.any(String),
          ChannelId: 0,
          SpeechRate: expect.any(Number),
        },
      ]),
    };
    expect(data['OrigASRData']).toEqual(expected ? transcript : undefined);
  });

  it('fail for about the share of media that was asked for, the same media each time', async () => {
    const { ask, emulator } = await startEmulator({ failShare: 0.5 });
    const media = Array.from({ length: 60 }, (_, i) => `media-${i}`);
    for (const mediaId of [...media, ...media]) await submit(ask, mediaId);
    const failed = emulator.jobs({ state: 'fail' }).map(({ mediaId }) => mediaId);
    expect(new Set(failed).size).toBe(failed.length / 2);
    expect(failed.length / 120).toBeGreaterThan(0.3);
    expect(failed.length / 120).toBeLessThan(0.7);
  });
});

describe('the result queries', () => {
  it('answer the newest result of a media', async () => {
    const { ask } = await startEmulator();
    const tags = await dataOf(ask, 'm', 'AIVideoTag');
    const matches = await dataOf(ask, 'm', 'AIMediaDNA');
    expect((await ask('GetAIVideoTagResult', { MediaId: 'm' })).body).toMatchObject({ VideoTagResult: tags });
    expect((await ask('GetMediaDNAResult', { MediaId: 'm' })).body).toMatchObject({ DNAResult: matches });
  });

  it('answer nothing while there is no success', async () => {
    const { ask } = await startEmulator();
    await submit(ask, 'fail-1', BOTH);
    expect((await ask('GetAIVideoTagResult', { MediaId: 'fail-1' })).body).toMatchObject({ VideoTagResult: {} });
    expect((await ask('GetMediaDNAResult', { MediaId: 'fail-1' })).body).toMatchObject({ DNAResult: {} });
  });

  it.each(['GetAIVideoTagResult', 'GetMediaDNAResult'])('%s needs a media', async (operation) => {
    const { ask } = await startEmulator();
    expect((await ask(operation)).body.Code).toBe('MissingParameter');
  });
});

describe('ListJobInfo', () => {
  it('lists the AI jobs of a media, without their types', async () => {
    const { ask } = await startEmulator();
    const first = await submit(ask, 'm', 'AIVideoTag');
    const second = await submit(ask, 'm', 'AIMediaDNA');
    await submit(ask, 'other');
    const { body } = await ask('ListJobInfo', { MediaId: 'm', JobType: 'ai' });
    const job = (JobId: string) => ({
      JobId,
      Status: 'success',
      // 16 digits: pop-core makes an object of it, and JSON a string of that.
      UserId: expect.anything(),
      CreateTime: expect.stringMatching(/Z$/),
      CompleteTime: expect.stringMatching(/Z$/),
    });
    expect(body).toMatchObject({ MediaId: 'm', JobType: 'ai', JobInfoList: [job(first), job(second)] });
  });

  it('knows no other jobs than AI jobs', async () => {
    const { ask } = await startEmulator();
    await submit(ask, 'm');
    expect((await ask('ListJobInfo', { MediaId: 'm', JobType: 'transcode' })).body).toMatchObject({ JobInfoList: [] });
  });

  it.each([
    [{ JobType: 'ai' }, 'MissingParameter'],
    [{ MediaId: 'm' }, 'MissingParameter'],
    [{ MediaId: 'm', JobType: 'magic' }, 'InvalidParameter'],
  ])('refuses %j', async (parameters, code) => {
    const { ask } = await startEmulator();
    expect((await ask('ListJobInfo', parameters)).body.Code).toBe(code);
  });
});

describe('the listings', () => {
  it('show a job only after their lag', async () => {
    let now = Date.parse('2026-01-02T03:04:05Z');
    const { ask } = await startEmulator({ clock: () => now, listingLagMs: 3000 });
    const Timestamp = '2026-01-02T03:04:05Z';
    const jobId = await submit(ask, 'm', 'AIVideoTag', { Timestamp });
    const listed = async () => ({
      list: entriesOf(await ask('ListAIJob', { JobIds: jobId, Timestamp })).length,
      info: (await ask('ListJobInfo', { MediaId: 'm', JobType: 'ai', Timestamp })).body['JobInfoList'],
    });
    now += 2999;
    expect(await listed()).toEqual({ list: 0, info: [] });
    now += 1;
    expect(await listed()).toEqual({ list: 1, info: [expect.objectContaining({ JobId: jobId })] });
  });

  it('may not know AI jobs at all, while ListAIJob does', async () => {
    const { ask } = await startEmulator({ listsAiJobs: false });
    const jobId = await submit(ask, 'm');
    expect((await ask('ListJobInfo', { MediaId: 'm', JobType: 'ai' })).body).toMatchObject({ JobInfoList: [] });
    expect((await readJob(ask, jobId))['Status']).toBe('success');
  });
});

it('forgets the oldest jobs that are over, and only those', async () => {
  const { ask, emulator } = await startEmulator({ keep: 2 });
  emulator.configure({ jobTimeMs: HOUR });
  const open = await submit(ask, 'open');
  emulator.configure({ jobTimeMs: { min: 0, max: 0 } });
  const [oldest, ...newer] = [await submit(ask, 'm1'), await submit(ask, 'm2'), await submit(ask, 'm3')];

  expect(emulator.jobs().map(({ jobId }) => jobId)).toEqual([...newer.toReversed(), open]);
  expect((await ask('ListAIJob', { JobIds: oldest })).body).toMatchObject({ NonExistAIJobIds: { String: [oldest] } });
  expect((await ask('ListJobInfo', { MediaId: 'm1', JobType: 'ai' })).body).toMatchObject({ JobInfoList: [] });
  expect(emulator.ledger()).toMatchObject({ billed: 4, entries: { length: 2 } });
});

type Tags = { Tag: string; Times?: string[]; FaceUrl?: string }[];

async function dataOf(ask: Ask, mediaId: string, type: string, more: object = {}): Promise<Record<string, Tags>> {
  const job = await readJob(ask, await submit(ask, mediaId, type, more));
  return JSON.parse(job['Data'] ?? '') as Record<string, Tags>;
}

function userData(bytes: number): string {
  const empty = JSON.stringify({ Extend: '' });
  return JSON.stringify({ Extend: 'x'.repeat(bytes - empty.length) });
}
