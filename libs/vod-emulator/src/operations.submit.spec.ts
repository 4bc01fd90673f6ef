import { closeAll, entriesOf, startEmulator, submit } from '../test/support';

afterEach(closeAll);

const BOTH = 'AIVideoTag,AIMediaDNA';

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

function userData(bytes: number): string {
  const empty = JSON.stringify({ Extend: '' });
  return JSON.stringify({ Extend: 'x'.repeat(bytes - empty.length) });
}
