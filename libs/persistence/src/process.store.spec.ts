import { v7 as uuidv7 } from 'uuid';
import { eventually } from '@app/testing';
import { Fixture } from '../test/fixture';
import { capIn, Heartbeat, ProcessStore } from './index';

const limits = { submitQps: 30, collectQps: 20, maxInFlight: 5 };
const worker = { role: 'worker' as const, regions: ['cn-shanghai'], limits };

let fixture: Fixture;
let processes: ProcessStore;
beforeEach(async () => {
  fixture = await Fixture.open();
  processes = new ProcessStore(fixture.db);
});
afterEach(() => fixture.close());

/** A process that was heard of so long ago. */
async function silentFor(interval: string, more: Partial<Parameters<ProcessStore['beat']>[0]> = {}): Promise<string> {
  const id = uuidv7();
  await processes.beat({ id, host: 'here', version: '1', ...worker, ...more });
  await fixture.query(`update process set last_seen_at = now() - $2::interval where id = $1`, [id, interval]);
  return id;
}

const rows = async () =>
  (await fixture.query<{ id: string }>(`select id from process order by id`)).map(({ id }) => id);

describe('A process', () => {
  const trouble = jest.fn();

  it('is known from its start to its end, with what others must know of it', async () => {
    const heartbeat = new Heartbeat(processes, worker, trouble);
    await heartbeat.start();
    const [known, ...others] = await processes.living();
    expect(others).toEqual([]);
    expect(known).toMatchObject({ ...worker, host: expect.any(String), version: expect.stringMatching(/^\d+\.\d+/) });
    expect(known?.lastSeenAt).toEqual(known?.startedAt);

    await heartbeat.stop();
    expect(await processes.living()).toEqual([]);
    expect(trouble).not.toHaveBeenCalled();
  });

  it('starts and stops without a store that takes its beat, and says so', async () => {
    await fixture.query(`alter table process rename to elsewhere`);
    const heartbeat = new Heartbeat(processes, worker, trouble);
    await heartbeat.start();
    await heartbeat.stop();
    expect(trouble).toHaveBeenCalledTimes(2);
  });

  it('stops within moments when the store does not answer', async () => {
    const heartbeat = new Heartbeat(processes, worker, trouble);
    await heartbeat.start();
    const letGo = await fixture.hold(`select from process for update`);
    const stopping = heartbeat.stop();
    await fixture.untilWaiting(1);
    await stopping;
    expect(await rows()).toHaveLength(1);
    await letGo();
    await eventually('the row is gone', async () => (await rows()).length === 0);
  });

  it('lives as long as it has been heard of within the last minute', async () => {
    const alive = await silentFor('55 seconds');
    await silentFor('65 seconds');
    expect((await processes.living()).map(({ id }) => id)).toEqual([alive]);
  });

  it('that nobody has heard of for long is cleared away by the others, and comes back with its next beat', async () => {
    const [recent, old] = [await silentFor('9 minutes'), await silentFor('11 minutes')];
    const own = await silentFor('1 hour');
    await processes.beat({ id: own, host: 'here', version: '1', ...worker });
    expect(await rows()).toEqual([recent, own]);
    await processes.beat({ id: old, host: 'here', version: '1', ...worker });
    expect(await rows()).toEqual([recent, old, own]);
  });

  it('is not cleared away after an outage that made all of them old', async () => {
    const ids = [await silentFor('0 s'), await silentFor('0 s')];
    await fixture.query(`update process set last_seen_at = now() - interval '1 hour'`);
    const [first, second] = await fixture.connections(2);
    const letGo = await fixture.hold(`select from process for update`);
    const beats = Promise.all(
      [first, second].map((db, i) =>
        new ProcessStore(db ?? fixture.db).beat({ id: ids[i] ?? '', host: 'here', version: '1', ...worker }),
      ),
    );
    await fixture.untilWaiting(2);
    await letGo();
    await beats;
    expect(await processes.living()).toHaveLength(2);
  });
});

describe('The cap of a region', () => {
  const cap = async (region: string) => capIn(region, await processes.living());

  it('is what its living workers say, whatever others do', async () => {
    await silentFor('0 seconds', { role: 'api', limits: null });
    expect(await cap('cn-shanghai')).toBeNull();
    await silentFor('2 minutes');
    await silentFor('0 seconds', { regions: ['cn-beijing'], limits: { ...limits, maxInFlight: 9 } });
    expect(await cap('cn-shanghai')).toBeNull();
    await silentFor('0 seconds');
    expect(await cap('cn-shanghai')).toBe(5);
    await silentFor('0 seconds', { limits: { ...limits, maxInFlight: 7 } });
    expect(await cap('cn-shanghai')).toBe(7);
    await silentFor('0 seconds', { limits: { ...limits, maxInFlight: 0 } });
    expect(await cap('cn-shanghai')).toBe(0);
  });
});
