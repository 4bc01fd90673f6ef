import { priorities, type JobState } from '@app/domain';
import { Fixture } from '../test/fixture';
import { AlarmStore } from './index';

describe('Alarms', () => {
  let fixture: Fixture;
  let alarms: AlarmStore;
  const lease = 60_000;
  beforeAll(async () => {
    fixture = await Fixture.open();
    alarms = new AlarmStore(fixture.db, lease, () => fixture.now);
  });
  afterAll(() => fixture.close());

  /** A region for every test: what it finds there is its own. */
  let regions = 0;
  const newRegion = () => `region-${(regions += 1)}`;
  const due = (id: string, at: Date) => fixture.query('update job set due_at = $2 where id = $1', [id, at]);
  const ago = (ms: number) => new Date(fixture.now.getTime() - ms);

  async function idsTaken(store: AlarmStore, region: string, limit: number): Promise<string[]> {
    return (await store.takeReads(region, limit)).map(({ id }) => id);
  }

  /** Jobs in `state` that ring, the last one for the longest time. */
  async function ringing(region: string, count: number, state: JobState = 'processing'): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 1; i <= count; i += 1) {
      const { id } = await fixture.jobIn(state, { region });
      await due(id, ago(i * 1000));
      ids.push(id);
    }
    return ids;
  }

  it('are counted by region and state, those that ring and no others', async () => {
    const [region, other] = [newRegion(), newRegion()];
    await ringing(region, 2);
    await ringing(region, 1, 'queued');
    await ringing(other, 1);
    await fixture.jobIn('processing', { region });
    await fixture.jobIn('succeeded', { region });
    const counts = await alarms.ringing([region]);
    expect(counts.toSorted((a, b) => a.state.localeCompare(b.state))).toEqual([
      { region, state: 'processing', jobs: 2, probeAt: null },
      { region, state: 'queued', jobs: 1, probeAt: null },
    ]);
  });

  it('are set forward by the lease when they are taken, and ring again after it', async () => {
    const region = newRegion();
    const [id] = await ringing(region, 1);
    expect(await idsTaken(alarms, region, 10)).toEqual([id]);
    expect((await fixture.job(id ?? '')).dueAt).toEqual(new Date(fixture.now.getTime() + lease));
    expect(await idsTaken(alarms, region, 10)).toEqual([]);
    fixture.advance(lease);
    expect(await idsTaken(alarms, region, 10)).toEqual([id]);
  });

  it('leave state, version and history alone', async () => {
    const region = newRegion();
    const [id] = await ringing(region, 1);
    const before = await fixture.job(id ?? '');
    await alarms.takeReads(region, 10);
    expect(await fixture.job(id ?? '')).toEqual({ ...before, dueAt: new Date(fixture.now.getTime() + lease) });
  });

  it('are shared by two dispatchers: what one has in hand the other skips without waiting', async () => {
    const region = newRegion();
    const ids = await ringing(region, 4);
    const inHand = ids.slice(0, 2);
    const release = await fixture.hold('select from job where id = any($1::uuid[]) for update', [inHand]);
    expect((await idsTaken(alarms, region, 10)).toSorted()).toEqual(ids.slice(2).toSorted());
    await release();
    expect((await idsTaken(alarms, region, 10)).toSorted()).toEqual(inHand.toSorted());
  });

  it('are taken once by two dispatchers at the same moment', async () => {
    const region = newRegion();
    const ids = await ringing(region, 20);
    const other = new AlarmStore(await fixture.connect(), lease, () => fixture.now);
    const taken = await Promise.all([
      idsTaken(alarms, region, 12),
      idsTaken(other, region, 12),
      idsTaken(alarms, region, 12),
    ]);
    const rest = await idsTaken(alarms, region, 20);
    expect([...taken.flat(), ...rest].toSorted()).toEqual(ids.toSorted());
  });

  it('of queued jobs are taken by priority, then by age', async () => {
    const region = newRegion();
    // Stored in an order that is neither, and enough of them that Postgres would rather hash than loop.
    const ranks = new Map<string, number>();
    for (let i = 0; i < 300; i += 1) {
      const n = (i * 7) % 300;
      const priority = priorities[n % 3] ?? 'normal';
      const { id, jobs } = await fixture.accept({ region, priority });
      await due(jobs[0]?.id ?? '', ago(n));
      ranks.set(id, (n % 3) * 1000 - n);
    }
    await fixture.query('analyze job');
    const inOrder = [...ranks.values()].toSorted((a, b) => a - b);
    const taken = async (limit: number) => (await alarms.takeQueued(region, limit)).map((id) => ranks.get(id));
    expect(await taken(130)).toEqual(inOrder.slice(0, 130));
    expect(await taken(500)).toEqual(inOrder.slice(130));
  });

  it('of a request with two jobs hand it over once', async () => {
    const region = newRegion();
    const request = await fixture.accept({ region, types: ['AIVideoTag', 'AIMediaDNA'] });
    expect(await alarms.takeQueued(region, 10)).toEqual([request.id]);
  });

  it('of reads are taken by how long they have been ringing, and at most as many as asked for', async () => {
    const region = newRegion();
    const ids = await ringing(region, 3);
    const finished = await ringing(region, 1, 'finished');
    await due(finished[0] ?? '', ago(2500));
    expect(await idsTaken(alarms, region, 3)).toEqual([ids[2], finished[0], ids[1]]);
  });

  it('of submissions say whether the attempt was sent', async () => {
    const region = newRegion();
    const [unsent, sent] = await ringing(region, 2, 'submitting');
    await fixture.query('update job set submitted_at = now() where id = $1', [sent]);
    const [lost] = await ringing(region, 1, 'unconfirmed');
    expect(await alarms.takeIn(region, 'submitting', 10)).toEqual([
      { id: sent, attempt: 1, sent: true },
      { id: unsent, attempt: 1, sent: false },
    ]);
    expect(await alarms.takeIn(region, 'unconfirmed', 10)).toEqual([{ id: lost, attempt: 1, sent: true }]);
  });

  it('that could not be handed on ring again at once', async () => {
    const region = newRegion();
    const [read] = await ringing(region, 1);
    const request = await fixture.accept({ region });
    await alarms.takeReads(region, 10);
    await alarms.takeQueued(region, 10);
    await alarms.giveBack({ jobIds: [read ?? ''] });
    await alarms.giveBack({ requestIds: [request.id] });
    expect(await idsTaken(alarms, region, 10)).toEqual([read]);
    expect(await alarms.takeQueued(region, 10)).toEqual([request.id]);
  });

  it('are not given back to jobs that have moved on meanwhile', async () => {
    const region = newRegion();
    const settled = await fixture.jobIn('succeeded', { region });
    const submitting = await fixture.jobIn('submitting', { region });
    await alarms.giveBack({ jobIds: [settled.id, submitting.id] });
    expect(await fixture.job(settled.id)).toEqual(settled);
    expect(await fixture.job(submitting.id)).toEqual(submitting);
  });

  it('of the type with the fewest jobs at VOD tell whether there is room', async () => {
    const region = newRegion();
    await ringing(region, 3);
    expect(await alarms.leastInFlight(region, 2)).toBe(0);
    await fixture.jobIn('submitting', { region, types: ['AIMediaDNA'] });
    await fixture.jobIn('queued', { region, types: ['AIMediaDNA'] });
    expect(await alarms.leastInFlight(region, 2)).toBe(1);
  });
});
