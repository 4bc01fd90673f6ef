import { closeAll, startEmulator, submit } from '../test/support';

afterEach(closeAll);

const HOUR = { min: 3_600_000, max: 3_600_000 };

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
