import { BUILD_TIMEOUT_MS, builtDist } from '../support/build';
import { City } from './support/city';
import { drawSeed, isFull, report } from './support/report';

const restarts = isFull ? 20 : 2;

/** Clients that call all the time, each as soon as it has its answer and drawn breath. */
const CLIENTS = 4;
const BREATH_MS = isFull ? 20 : 60;

beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);

describe('A rolling restart', () => {
  it(
    'row 31: webhook and api are replaced one by one under load, and nobody gets an answer but 200 and 202',
    () => {
      const seed = drawSeed('rolling restart');
      // A job that is over at once sends its event at once: the doorbell is as busy as the front door.
      const emulator = { jobTimeMs: { min: 0, max: 200 } };
      return City.run({ seed, workers: 1, queue: 'postgres', emulator }, async (city) => {
        let calls = 0;
        const deployed = new AbortController();
        const client = async () => {
          while (!deployed.signal.aborted) {
            calls += 1;
            await city.enqueue(`media-${calls}`);
            await city.call('GET', '/v1/jobs?limit=1');
            await city.pace(BREATH_MS);
          }
        };
        const clients = Promise.all(Array.from({ length: CLIENTS }, client));
        const exits: (number | null)[] = [];
        try {
          for (let i = 0; i < restarts; i += 1) {
            for (const kind of ['api', 'webhook'] as const) {
              // The second of two: the other one serves alone meanwhile.
              exits.push(await city.stopOne(kind, i % 2));
              await city.startOne(kind, i % 2);
            }
          }
        } finally {
          deployed.abort();
        }
        await clients;
        await city.untilOver();
        const { broken, ...counts } = await city.audit();
        const dropped = city.emulator.overview().callbacks.dropped;
        report({
          family: 'rolling restart',
          seed,
          faults: { 'restart api': restarts, 'restart webhook': restarts },
          ...counts,
          figures: {
            front: JSON.stringify(city.front.answers),
            doorbell: JSON.stringify(city.doorbell.answers),
          },
        });
        expect(exits).toEqual(exits.map(() => 0));
        expect(Object.keys(city.front.answers).toSorted()).toEqual(['200', '202']);
        expect(Object.keys(city.doorbell.answers)).toEqual(['200']);
        expect([city.front.cuts, city.doorbell.cuts]).toEqual([0, 0]);
        expect(dropped).toBe(0);
        expect(broken).toEqual([]);
        expect(counts).toMatchObject({ lost: 0, paidTwice: 0, held: 0, jobs: city.accepted.size });
      });
    },
    isFull ? 15 * 60_000 : 120_000,
  );
});
