import type { JobEvent } from '@app/domain';
import { Fixture } from '../test/fixture';
import { HistoryReads, type HistoryItem } from './history.reads';

let fixture: Fixture;
let histories: HistoryReads;
beforeAll(async () => {
  fixture = await Fixture.open();
  histories = new HistoryReads(fixture.db);
});
afterAll(() => fixture.close());

type Step = JobEvent['type'] | 'ring' | 'poll';

/** A job at VOD to which these things happen, ten seconds apart. `ring`: an event that the read after it calls a false alarm. */
async function jobWith(...steps: Step[]): Promise<string> {
  const { id, vodJobId } = await fixture.jobIn('processing');
  const ringing: JobEvent = {
    type: 'event_received',
    vodJobId: vodJobId ?? '',
    status: 'success',
    eventId: '',
    signature: 'valid',
  };
  const running: JobEvent = { type: 'read_running', vodJobId: vodJobId ?? '', status: 'Analysing' };
  const events: Partial<Record<Step, JobEvent[]>> = {
    ring: [ringing, running],
    poll: [running],
    event_received: [ringing],
    deadline_passed: [{ type: 'deadline_passed' }],
    read_failed: [
      { type: 'read_failed', vodJobId: vodJobId ?? '', code: 'NoAudio', message: 'no audio', completedAt: null },
    ],
    retried: [{ type: 'retried' }],
  };
  for (const step of steps) {
    fixture.advance(10_000);
    for (const event of events[step] ?? [])
      await fixture.jobs().apply(id, event, event.type === 'retried' ? 'ada' : '');
  }
  return id;
}

const rings = (count: number) => Array.from({ length: count }, (): Step => 'ring');

/** From the state processing on; a line that stands for others with how many of them. */
async function told(id: string, page: { limit: number; after?: number } = { limit: 200 }): Promise<string[]> {
  const items = await histories.page(id, page);
  const first = items.findIndex(({ event }) => event === 'accepted');
  return items.slice(first + 1).map(say);
}

const say = ({ event, detail }: HistoryItem) => (event === 'folded' ? `${Number(detail['count'])} more` : event);
const ring = ['event_received', 'read_running'];

describe('The history that people read', () => {
  it('shows of many events in a row that changed nothing the first and the last, and counts the others', async () => {
    const id = await jobWith(...rings(14));
    expect(await told(id)).toEqual([...ring, '12 more', ...ring]);
  });

  it('says from when until when the others came, and that nothing has changed', async () => {
    const id = await jobWith(...rings(5));
    const lines = await fixture.reads().history(id);
    const fold = (await histories.page(id, { limit: 200 })).find(({ event }) => event === 'folded');
    const hidden = lines.slice(5, -2);
    expect(fold).toMatchObject({
      at: hidden[0]?.at,
      version: hidden.at(-1)?.version,
      from: 'processing',
      to: 'processing',
      attempt: 1,
      actor: null,
      detail: { count: 3, until: hidden.at(-1)?.at.toISOString() },
    });
  });

  it('shows each of a few', async () => {
    expect(await told(await jobWith(...rings(3)))).toEqual([...ring, ...ring, ...ring]);
  });

  it('folds what was read at alarms in between, and nothing that an alarm alone has read', async () => {
    const id = await jobWith('poll', 'poll', 'poll', 'poll', 'ring', 'ring', 'poll', 'ring', 'poll', 'ring');
    expect(await told(id)).toEqual([...Array(4).fill('read_running'), ...ring, '2 more', ...ring]);
  });

  it('shows the event that changed something, and where a run begins anew in another state', async () => {
    const id = await jobWith(...rings(6), 'event_received', 'read_failed');
    expect(await told(id)).toEqual([...ring, '4 more', ...ring, 'event_received', 'read_failed']);
    const late: Step[] = ['event_received', 'deadline_passed'];
    const expired = await jobWith(...rings(6), 'deadline_passed', ...late, ...late, ...late, ...late);
    expect(await told(expired)).toEqual([
      ...ring,
      '3 more',
      ...ring,
      ...ring,
      'deadline_passed',
      ...late,
      '2 more',
      ...late,
    ]);
  });

  it('shows an event whose read is still to come', async () => {
    const id = await jobWith(...rings(4), 'event_received');
    expect(await told(id)).toEqual([...ring, '2 more', ...ring, 'event_received']);
  });

  it('never folds what a person did', async () => {
    const id = await jobWith('event_received', 'read_failed', 'retried');
    expect(await told(id)).toEqual(['event_received', 'read_failed', 'retried']);
  });

  it.each([1, 2, 3, 7])('is the same in pages of %i', async (limit) => {
    const id = await jobWith('poll', ...rings(9), 'event_received', 'read_failed');
    const whole = await histories.page(id, { limit: 200 });
    const paged: HistoryItem[] = [];
    for (let page = await histories.page(id, { limit }); page.length > 0;) {
      expect(page.length).toBeLessThanOrEqual(limit);
      paged.push(...page);
      page = await histories.page(id, { limit, after: page.at(-1)?.version });
    }
    expect(paged).toEqual(whole);
  });

  it('goes on where a page ended when more has happened since', async () => {
    const id = await jobWith(...rings(4));
    const first = await histories.page(id, { limit: 200 });
    await ringOnce(id);
    expect((await histories.page(id, { limit: 200, after: first.at(-1)?.version })).map(say)).toEqual(ring);
  });

  it('shows the look that is left of a step in which a page ended, though that step is folded now', async () => {
    const id = await jobWith(...rings(3));
    const lastEvent = (await fixture.reads().history(id)).at(-2);
    await ringOnce(id);
    const rest = await histories.page(id, { limit: 200, after: lastEvent?.version });
    expect(rest.map(say)).toEqual(['read_running', ...ring]);
  });

  it('has nothing of another job', async () => {
    const [one, other] = [await jobWith(...rings(4)), await jobWith()];
    expect(await told(other)).toEqual([]);
    expect(await told(one)).toHaveLength(5);
  });
});

async function ringOnce(id: string): Promise<void> {
  const { vodJobId } = await fixture.job(id);
  for (const event of [
    { type: 'event_received', vodJobId: vodJobId ?? '', status: 'fail', eventId: '', signature: 'valid' },
    { type: 'read_running', vodJobId: vodJobId ?? '', status: 'Analysing' },
  ] as const) {
    await fixture.jobs().apply(id, event);
  }
}
