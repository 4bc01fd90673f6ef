import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithRedis, eventually } from '@app/testing';
import { faultRule } from '@app/vod-emulator';
import { BUILD_TIMEOUT_MS, builtDist } from '../support/build';
import { City, type Kind } from './support/city';
import { drawSeed, isFull, report } from './support/report';

const size = isFull
  ? { jobs: 10_000, kills: 500, betweenMs: { min: 200, max: 1_200 }, downMs: 500, adoptedShare: 0.99 }
  : { jobs: 120, kills: 8, betweenMs: { min: 400, max: 1_200 }, downMs: 200, adoptedShare: 0.9 };

/** A fifth of the submissions lose their answer after VOD has billed them, each way to lose it as often as the others. */
const lostAnswers = (
  [
    { fault: 'drop_after' },
    { fault: 'reset' },
    { fault: 'delay', ms: 3_000 },
    { fault: 'html_after', status: 502 },
    { fault: 'http_5xx_after', status: 500 },
  ] as const
).map((fault) => faultRule('SubmitAIJob', fault, { probability: 0.04 }, fault.fault));

const troubledEvents = [
  faultRule('event', { fault: 'lose' }, { probability: 0.05 }),
  faultRule('event', { fault: 'double' }, { probability: 0.05 }),
  faultRule('event', { fault: 'early' }, { probability: 0.05 }),
];

const kinds: Kind[] = ['api', 'worker', 'webhook'];

beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);

describeWithRedis('kill -9', () => {
  it(
    'row 5, row 7, row 13, row 14, row 15, row 20: processes killed at random lose no job and pay for none twice',
    () => {
      const seed = drawSeed('kill -9');
      const emulator = { faults: [...lostAnswers, ...troubledEvents], failShare: 0.05 };
      return City.run({ seed, emulator, env: isFull ? { LOG_LEVEL: 'info' } : {} }, async (city) => {
        const began = performance.now();
        // Jobs come all the time that processes are killed, and each kind is killed as often as the others.
        const clients = keepEnqueueing(city);
        for (let i = 0; i < size.kills; i += 1) {
          clients.goOn();
          await city.pace(size.betweenMs.min, size.betweenMs.max);
          const [kind, at] = [kinds[i % kinds.length] as Kind, city.chance() < 0.5 ? 0 : 1];
          await city.kill(kind, at);
          await city.pace(size.downMs);
          await city.startOne(kind, at);
        }
        await clients.finish();
        await city.untilOver({ patienceMs: isFull ? 600_000 : 120_000 });
        const audited = await city.audit();
        const { broken, ...counts } = audited;
        report({
          family: 'kill -9',
          seed,
          faults: city.faults(),
          ...counts,
          figures: { seconds: Math.round((performance.now() - began) / 1000) },
        });
        expect(broken).toEqual([]);
        expect(audited).toMatchObject({ lost: 0, paidTwice: 0, jobs: city.accepted.size });
        expect(audited.jobs).toBeGreaterThanOrEqual(size.jobs);
        expect(audited.answersLost).toBeGreaterThan(0);
        expect(audited.adopted / audited.answersLost).toBeGreaterThanOrEqual(size.adoptedShare);
      });
    },
    isFull ? 60 * 60_000 : 180_000,
  );
});

describeWithRedis('What killed workers had in hand', () => {
  it('row 13, row 14, row 20: goes on when its job is due again, whatever BullMQ still holds', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vodai-kill-'));
    await City.run({ seed: 1, apis: 1, webhooks: 1, workers: 0 }, async (city) => {
      // Before its claim, before the send, after the answer.
      for (const place of [
        'submit.submissions.claimNext.before',
        'submit.submissions.markSent.before',
        'submit.jobs.applyTogether.before',
      ]) {
        const at = await city.add('worker', { FAILPOINTS: `${join(folder, 'passed')};${place}=1` });
        await city.enqueue(place);
        await eventually(`a worker is dead at ${place}`, () => !city.isRunning('worker', at));
      }
      await city.add('worker');
      // The lease here is 5 s. BullMQ's own 30 s, after which it looks whether a worker is dead, would be too long.
      await city.untilOver({ patienceMs: 25_000 });
      expect(await city.audit()).toMatchObject({ broken: [], jobs: 3, lost: 0, held: 0, paidTwice: 0 });
    });
    rmSync(folder, { recursive: true });
  });
});

/** Some clients, each with one call under way, spread the jobs over all of the kills: as many come before each one. */
function keepEnqueueing(city: City): { goOn: () => void; finish: () => Promise<void> } {
  const clients = 4;
  const jobsAKill = size.jobs / size.kills;
  const gapMs = ((size.betweenMs.min + size.betweenMs.max) / 2 / jobsAKill) * clients;
  let next = 0;
  let kills = 0;
  let hurry = false;
  const mayCome = (number: number) => hurry || number < kills * jobsAKill;
  const client = async () => {
    while (next < size.jobs) {
      const number = next;
      next += 1;
      while (!mayCome(number)) await city.pace(20);
      await city.enqueue(`media-${number}`, number % 10 === 0 ? ['AIVideoTag', 'AIMediaDNA'] : ['AIVideoTag']);
      if (!hurry) await city.pace(gapMs);
    }
  };
  const done = Promise.all(Array.from({ length: clients }, client));
  done.catch(() => {}); // told by `finish`
  return {
    goOn: () => {
      kills += 1;
    },
    finish: async () => {
      hurry = true;
      await done;
    },
  };
}
