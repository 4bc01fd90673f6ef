import { eventually } from '@app/testing';
import { Client } from 'pg';
import { accepted, eventReceived, succeeded } from '../test/events';
import { Fixture } from '../test/fixture';
import { channels } from './channels';
import type { JobStore } from './index';

let fixture: Fixture;
let jobs: JobStore;
beforeAll(async () => {
  fixture = await Fixture.open();
  jobs = fixture.jobs();
});
afterAll(() => fixture.close());

describe('What happens is announced', () => {
  it('once for every step', async () => {
    const announced: unknown[] = [];
    const { id, vodJobId } = await fixture.jobIn('finished');
    fixture.signals.on('job.moved', (move) => announced.push([move.jobId, move.from, move.to]));
    await jobs.apply(id, succeeded(vodJobId ?? '', '1', 1));
    expect(announced).toEqual([[id, 'finished', 'succeeded']]);
  });

  it('when VOD never sent an event', async () => {
    const announced: string[] = [];
    fixture.signals.on('settled.without_event', ({ jobId }) => announced.push(jobId));
    const silent = await fixture.jobIn('processing');
    await jobs.apply(silent.id, succeeded(silent.vodJobId ?? '', '1', 1));
    const heard = await fixture.jobIn('finished');
    await jobs.apply(heard.id, succeeded(heard.vodJobId ?? '', '1', 1));
    const queued = await fixture.jobIn('queued');
    await jobs.apply(queued.id, { type: 'canceled' });
    expect(announced).toEqual([silent.id]);
  });

  it('when it changes nothing, and loudly when VOD has a job that nobody claims', async () => {
    const said: unknown[] = [];
    fixture.signals.on('job.ignored', (ignored) => said.push(['ignored', ignored]));
    fixture.signals.on('vod_job.unclaimed', (unclaimed) => said.push(['unclaimed', unclaimed]));
    const { id, attempt } = await fixture.jobIn('succeeded');
    await jobs.apply(id, { type: 'canceled' }, 'ada');
    expect(said).toEqual([['ignored', { jobId: id, state: 'succeeded', event: 'canceled', actor: 'ada' }]]);
    said.splice(0);
    const late = accepted('vod-unclaimed', attempt);
    await jobs.apply(id, late);
    expect(said).toEqual([
      ['ignored', { jobId: id, state: 'succeeded', event: 'accepted', actor: undefined }],
      ['unclaimed', { jobId: id, state: 'succeeded', vodJobId: 'vod-unclaimed', attempt }],
    ]);
  });
});

describe('How long a read took after its event', () => {
  /** The age of the last step of a job that was read. */
  async function ageOf(read: (id: string, vodJobId: string) => Promise<unknown>): Promise<number | undefined> {
    const ages: (number | undefined)[] = [];
    const stop = new AbortController();
    const { id, vodJobId } = await fixture.jobIn('processing');
    fixture.signals.on('job.moved', ({ jobId, ageMs }) => {
      if (jobId === id && !stop.signal.aborted) ages.push(ageMs);
    });
    await read(id, vodJobId ?? '');
    stop.abort();
    return ages.at(-1);
  }
  const end = async (id: string, vodJobId: string) => {
    await jobs.apply(id, eventReceived(vodJobId));
    fixture.advance(250);
  };
  const read = (id: string, vodJobId: string) => jobs.apply(id, succeeded(vodJobId, '1', 1));

  it.each<[string, number | undefined, (id: string, vodJobId: string) => Promise<unknown>]>([
    ['is counted from the event', 250, async (...job) => [await end(...job), await read(...job)]],
    ['is nothing when an alarm asked for the read', undefined, read],
    [
      'is counted from the event though the job had been read before it',
      250,
      async (id, vodJobId) => {
        await jobs.apply(id, { type: 'read_running', vodJobId, status: 'Processing' });
        fixture.advance(1);
        await end(id, vodJobId);
        await read(id, vodJobId);
      },
    ],
    [
      'is nothing when a person wants it read again',
      undefined,
      async (id, vodJobId) => {
        await end(id, vodJobId);
        await read(id, vodJobId);
        await jobs.apply(id, { type: 'refetched' }, 'ada');
        await read(id, vodJobId);
      },
    ],
  ])('%s', async (_when, ageMs, happens) => {
    expect(await ageOf(happens)).toBe(ageMs);
  });
});

describe('A commit', () => {
  /** The channels that are told of what `work` commits, in order. */
  async function told(work: () => Promise<unknown>): Promise<string[]> {
    const heard: string[] = [];
    const client = new Client({ connectionString: fixture.url });
    await client.connect();
    client.on('notification', ({ channel }) => heard.push(channel));
    await client.query([...Object.values(channels), 'test_end'].map((channel) => `listen ${channel}`).join('; '));
    await work();
    await fixture.query(`select pg_notify('test_end', '')`);
    await eventually('all has been heard', () => Promise.resolve(heard.includes('test_end')));
    await client.end();
    return heard.filter((channel) => channel !== 'test_end').toSorted();
  }

  it('wakes whoever shows changes, and the dispatcher when a job of it is due', async () => {
    const due = await fixture.jobIn('processing');
    const later = await fixture.jobIn('submitting');
    expect(await told(() => jobs.apply(later.id, accepted('vod-later', later.attempt)))).toEqual([channels.jobChanged]);
    expect(await told(() => jobs.apply(due.id, eventReceived(due.vodJobId ?? '')))).toEqual([
      channels.jobChanged,
      channels.jobDue,
    ]);
    const [one, other] = [await fixture.jobIn('processing'), await fixture.jobIn('submitting')];
    const together = () =>
      jobs.applyTogether([
        { jobId: one.id, event: eventReceived(one.vodJobId ?? '') },
        { jobId: other.id, event: accepted('vod-other', other.attempt) },
      ]);
    expect(await told(together)).toEqual([channels.jobChanged, channels.jobDue]);
  });

  it('wakes nobody when it changes nothing', async () => {
    const { id } = await fixture.jobIn('succeeded');
    expect(await told(() => jobs.apply(id, { type: 'canceled' }))).toEqual([]);
  });

  // A trigger that is put off until the commit sees how it will be made.
  it('waits for the disk, unless a crash that forgot it would cost no more than doing it again', async () => {
    await fixture.query(`create table made (how text)`);
    await fixture.query(
      `create function note_commit() returns trigger language plpgsql as
       $$ begin insert into made values (current_setting('synchronous_commit')); return null; end $$`,
    );
    await fixture.query(
      `create constraint trigger noted after update on job deferrable initially deferred
       for each row execute function note_commit()`,
    );
    const made = async (work: () => Promise<unknown>) => {
      await fixture.query('delete from made');
      await work();
      return (await fixture.query<{ how: string }>('select how from made')).map(({ how }) => how);
    };
    const { id } = await fixture.jobIn('queued');
    const [usual] = await made(() => jobs.apply(id, { type: 'canceled' }));
    const request = await fixture.accept();
    const [claim] = await made(() => fixture.submissions().claim(request.id));
    expect([usual, claim]).toEqual(['on', 'off']);
  });
});
