import { createTestDatabase, eventually, type TestDatabase } from '@app/testing';
import { ABROAD, answers, closeQueues, complete, HOME, open, promise, requestOf, requests } from '../test/queues';
import { catalog, queueName } from './catalog';
import type { Queues, QueuesOptions } from './queues';

const ROOM = catalog.submit.startsHere;

let database: TestDatabase;
let held: ReturnType<typeof promise>;
let begun: string[];
beforeEach(async () => {
  database = await createTestDatabase();
  held = promise();
  begun = [];
});
afterEach(async () => {
  held.keep();
  await closeQueues();
  await database.drop();
});

/** Queues whose submits begin and go on until the test keeps its promise. */
async function working(more: Partial<QueuesOptions> = {}): Promise<Queues> {
  const queues = open({ databaseUrl: database.url }, more);
  await queues.work(
    complete({
      submit: async (_region, payload) => {
        begun.push(requestOf(payload));
        await held.kept;
      },
    }),
  );
  return queues;
}

const idsOf = (payloads: readonly { requestId: string }[]) => payloads.map(({ requestId }) => requestId);

describe('What is started here', () => {
  it('has begun at once, as far as there is room, and the rest is answered; the queue hears of neither', async () => {
    const queues = await working();
    const all = requests(ROOM + 2);
    expect(queues.startHere('submit', HOME, all)).toEqual(all.slice(ROOM));
    expect(begun).toEqual(idsOf(all.slice(0, ROOM)));
    expect(await queues.load('submit', HOME)).toEqual({ waiting: 0, active: 0 });
  });

  it('takes room until it is over, of its kind and region alone', async () => {
    const queues = await working();
    expect(queues.startHere('submit', HOME, requests(1))).toEqual([]);
    expect(queues.underWayHere('submit', HOME)).toBe(1);
    expect(queues.roomHere('submit', HOME)).toBe(ROOM - 1);
    expect(queues.roomHere('submit', ABROAD)).toBe(ROOM);
    expect(queues.roomHere('collect', HOME)).toBe(catalog.collect.startsHere);
    expect(queues.startHere('submit', HOME, requests(ROOM))).toHaveLength(1);
    expect(queues.roomHere('submit', HOME)).toBe(0);
    held.keep();
    await eventually('it is over', () => queues.roomHere('submit', HOME) === ROOM);
  });

  it('shares its room with what comes by way of the queue, which may have more under way than that', async () => {
    const queues = await working();
    await answers(queues);
    await queues.add('submit', HOME, requests(ROOM - 1));
    await eventually('they have begun', () => begun.length === ROOM - 1);
    expect(queues.roomHere('submit', HOME)).toBe(1);

    await queues.add('submit', HOME, requests(3));
    await eventually('more than this process would start by itself are under way', () => begun.length === ROOM + 2);
    expect(queues.roomHere('submit', HOME)).toBe(0);
    const more = requests(4);
    expect(queues.startHere('submit', HOME, more)).toEqual(more);
    expect(begun).toHaveLength(ROOM + 2);
  });

  it('is no look at a submission whose outcome is unknown: the queue keeps two at one job apart', async () => {
    const queues = await working();
    const looks = [{ jobId: crypto.randomUUID() }];
    expect(queues.startHere('recover', HOME, looks)).toEqual(looks);
  });

  it('is nothing before this process works its queues', async () => {
    const queues = open({ databaseUrl: database.url });
    const all = requests(2);
    expect(queues.roomHere('submit', HOME)).toBe(0);
    expect(queues.startHere('submit', HOME, all)).toEqual(all);
  });

  it('is nothing once this process has been asked to stop', async () => {
    const queues = await working();
    const stopped = queues.stopWork();
    const all = requests(2);
    expect(queues.startHere('submit', HOME, all)).toEqual(all);
    await stopped;
    expect(queues.roomHere('submit', HOME)).toBe(0);
    expect(queues.startHere('submit', HOME, all)).toEqual(all);
    expect(begun).toEqual([]);
  });

  it('is finished by a process that stops', async () => {
    const said: string[] = [];
    const queues = open({ databaseUrl: database.url });
    await queues.work(
      complete({
        collect: async () => {
          said.push('started');
          await held.kept;
          said.push('finished');
        },
      }),
    );
    queues.startHere('collect', HOME, [{ jobIds: [crypto.randomUUID()] }]);
    const stopped = queues.stopWork().then(() => said.push('stopped'));
    // By then its workers have nothing to do any more, and are closed.
    const others = open({ databaseUrl: database.url });
    await others.work(complete({}));
    await others.stopWork();
    held.keep();
    await stopped;
    expect(said).toEqual(['started', 'finished', 'stopped']);
  });

  it('and throws is told like what came by way of the queue, and takes no room any more', async () => {
    const failures: { queue: string; message: string }[] = [];
    const queues = open(
      { databaseUrl: database.url },
      { onFailure: ({ queue, error }) => failures.push({ queue, message: error.message }) },
    );
    await queues.work(
      complete({
        submit: () => Promise.reject(new Error('Postgres was away')),
        collect: () => {
          throw new Error('not even a promise');
        },
      }),
    );
    expect(queues.startHere('submit', HOME, requests(1))).toEqual([]);
    expect(queues.startHere('collect', ABROAD, [{ jobIds: [crypto.randomUUID()] }])).toEqual([]);
    await eventually('both are told', () => failures.length === 2);
    expect(failures).toContainEqual({ queue: queueName('submit', HOME), message: 'Postgres was away' });
    expect(failures).toContainEqual({ queue: queueName('collect', ABROAD), message: 'not even a promise' });
    expect(queues.roomHere('submit', HOME)).toBe(ROOM);
    expect(queues.roomHere('collect', ABROAD)).toBe(catalog.collect.startsHere);
  });

  it('and is no payload is told, and begins nothing', async () => {
    const failures: { queue: string; message: string }[] = [];
    const queues = await working({
      onFailure: ({ queue, error }) => failures.push({ queue, message: error.message }),
    });
    const [good] = requests(1);
    queues.startHere('submit', HOME, [{ requestId: 'order-42' }, ...(good ? [good] : [])]);
    await eventually('it is told', () => failures.length > 0);
    expect(failures).toEqual([{ queue: queueName('submit', HOME), message: expect.stringMatching(/uuid/i) }]);
    expect(begun).toEqual([good?.requestId]);
    expect(queues.roomHere('submit', HOME)).toBe(ROOM - 1);
  });
});
