import { randomUUID } from 'node:crypto';
import { eventVerdicts, isReplayable, replayableVerdicts, type EventVerdict } from '@app/domain';
import { channels, EventReplays, Listener } from '@app/persistence';
import { eventually } from '@app/testing';
import { World } from '../test/world';
import { ReplayEvent } from './replay-event';

const NOBODY = '01900000-0000-7000-8000-000000000000';

let world: World;
let replay: ReplayEvent;
beforeAll(async () => {
  world = await World.open();
  replay = new ReplayEvent(new EventReplays(world.db), world.lists, world.signals);
});
afterAll(() => world.close());

/** An event that was given this verdict, by whatever means. */
async function judged(verdict: EventVerdict, eventType = 'AIVideoTagComplete'): Promise<string> {
  const vodJobId = randomUUID();
  await world.hear(vodJobId, 'success', eventType, { mediaId: 'of-nobody' });
  await world.db.query(`update event set verdict = $2, reason = 'for the test' where vod_job_id = $1`, [
    vodJobId,
    verdict,
  ]);
  const [row] = await world.db.query<[{ id: string }]>(`select id from event where vod_job_id = $1`, [vodJobId]);
  return row.id;
}

const standing = async (id: string) => {
  const event = await world.lists.event(id);
  return { verdict: event?.verdict, reason: event?.reason };
};

const mayBe = (verdict: EventVerdict) => replayableVerdicts.some((one) => one === verdict);

describe('An event that a person has looked at again', () => {
  it.each(replayableVerdicts)('is one that has just come, when it was %s, and is judged anew', async (verdict) => {
    const id = await judged(verdict);
    expect(await replay.replay(id, 'otto')).toMatchObject({
      outcome: 'done',
      event: { id, verdict: 'received', reason: null },
    });
    expect(await standing(id)).toEqual({ verdict: 'received', reason: null });
    await world.match().run({ rematch: false });
    expect(await standing(id)).toEqual({ verdict: 'foreign', reason: null });
  });

  it('makes the job due that has its JobId by now', async () => {
    const id = await judged('ignored');
    const { vodJobId = '' } = (await world.lists.event(id)) ?? {};
    const job = await world.atVod(vodJobId);
    await replay.replay(id, 'otto');
    await world.match().run({ rematch: false });
    expect(await standing(id)).toMatchObject({ verdict: 'matched' });
    expect(await world.job(job.id)).toMatchObject({ state: 'finished' });
  });

  it('stays somebody else’s when it tells of what is never asked for here', async () => {
    const id = await judged('ignored', 'TranscodeComplete');
    await replay.replay(id, 'otto');
    await world.match().run({ rematch: false });
    expect(await standing(id)).toEqual({ verdict: 'foreign', reason: 'not the end of a job of ours' });
  });

  it('wakes the worker, and is told with the name of who did it', async () => {
    const id = await judged('foreign');
    const replayed = world.heard('event.replayed');
    const heard: string[] = [];
    const listener = new Listener({
      url: world.database.url,
      application: 'vodai-test-replay',
      handlers: { [channels.event]: () => heard.push('event') },
    });
    await listener.start();
    try {
      await replay.replay(id, 'otto');
      await eventually('the worker is woken', () => heard.length > 0);
      const { vodJobId } = (await world.lists.event(id)) ?? {};
      expect(replayed).toEqual([{ eventId: id, verdict: 'foreign', vodJobId, actor: 'otto' }]);
    } finally {
      await listener.stop();
    }
  });
});

describe('Looked at again is not', () => {
  it.each(eventVerdicts.filter((verdict) => !mayBe(verdict)))('an event that is %s', async (verdict) => {
    const id = await judged(verdict);
    expect(await replay.replay(id, 'otto')).toEqual({ outcome: 'wrong_verdict', verdict });
    expect(await standing(id)).toEqual({ verdict, reason: 'for the test' });
  });

  it.each([
    ['no type', `event_type = ''`, false],
    ['no job', `vod_job_id = ''`, false],
    ['no end of it', `status = ''`, false],
    [
      'neither, but something else than a job of ours',
      `event_type = 'FileUploadComplete', vod_job_id = '', status = ''`,
      true,
    ],
  ])('one that names %s', async (_what, being, may) => {
    for (const verdict of replayableVerdicts) {
      const id = await judged(verdict);
      await world.db.query(`update event set ${being}, body_hash = id::text where id = $1`, [id]);
      const event = await world.lists.event(id);
      expect(event && isReplayable(event)).toBe(may); // the page's word
      expect(await replay.replay(id, 'otto')).toMatchObject({ outcome: may ? 'done' : 'nothing_in_it' });
      expect((await standing(id)).verdict).toBe(may ? 'received' : verdict);
    }
  });

  it('one that there isn’t', async () => {
    expect(await replay.replay(NOBODY, 'otto')).toEqual({ outcome: 'no_such_event' });
  });
});
