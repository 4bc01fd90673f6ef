import fc from 'fast-check';
import { jobTypes, type JobType } from '@app/domain';
import { rules, World } from '../../libs/lifecycle/test/world';
import { isOf, Life } from './support/life';
import { listWays, readWays, submitWays, type SubmitWay } from './support/scripted-vod';
import { drawSeed, isFull, report } from './support/report';

const seed = drawSeed('model');

/**
 * Random lives against a small model of what must be true. Every command does one thing to the product (its steps, on a
 * real Postgres, with a scripted VOD) and says what that means in the model's own few words; after each of them the two
 * are compared. A life that diverges is shrunk to its shortest form.
 */

const LIVES = isFull ? 5_000 : 60;
const MOST_COMMANDS = 30;
const MOST_REQUESTS = 4;

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** One command: when it makes sense, and what it does. */
class Command implements fc.AsyncCommand<Life, Life> {
  constructor(
    private readonly label: string,
    private readonly makesSense: (life: Readonly<Life>) => boolean,
    private readonly act: (life: Life) => Promise<void>,
  ) {}

  check(life: Readonly<Life>): boolean {
    return this.makesSense(life);
  }

  async run(_model: Life, life: Life): Promise<void> {
    await this.act(life);
    await life.compare();
  }

  toString(): string {
    return this.label;
  }
}

const at = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;
const n = fc.nat(11);
const types = fc.constantFrom<JobType[]>(['AIVideoTag'], ['AIMediaDNA'], [...jobTypes]);

const commands = [
  fc
    .tuple(fc.nat(1), types, fc.constantFrom(null, null, 'k1', 'k2'), fc.constantFrom(false, false, false, true))
    .map(([media, asked, key, force]) => {
      const label = `accept(media ${media}, ${asked.join('+')}${key === null ? '' : `, ${key}`}${force ? ', force' : ''})`;
      return new Command(
        label,
        (life) => life.orders.length < MOST_REQUESTS,
        (life) => life.accept(media, asked, key, force),
      );
    }),
  fc.tuple(n, fc.constantFrom(...submitWays), fc.boolean()).map(
    ([i, way, probe]) =>
      new Command(
        `submit(${i}, ${way}${probe ? ', probe' : ''})`,
        (life) => life.orders.length > 0,
        (life) => life.submit(at(life.orders, i), way, probe),
      ),
  ),
  n.map(
    (i) =>
      new Command(
        `claim(${i})`,
        (life) => life.orders.length > 0,
        (life) => life.claim(at(life.orders, i)),
      ),
  ),
  n.map(
    (i) =>
      new Command(
        `wake(${i})`,
        (life) => life.holding.length > 0,
        (life) => life.wake(at(life.holding, i)),
      ),
  ),
  n.map(
    (i) =>
      new Command(
        `answer(${i})`,
        (life) => life.holding.some(({ sent }) => sent),
        (life) =>
          life.answer(
            at(
              life.holding.filter(({ sent }) => sent),
              i,
            ),
          ),
      ),
  ),
  fc.constant(
    new Command(
      'dispatch',
      () => true,
      (life) => life.dispatch(),
    ),
  ),
  fc.constant(
    new Command(
      'settle',
      () => true,
      (life) => life.match(),
    ),
  ),
  fc.tuple(n, fc.constantFrom<'success' | 'fail'>('success', 'fail'), fc.boolean()).map(
    ([i, status, echoes]) =>
      new Command(
        `hear(${i}, ${status}${echoes ? ', extend' : ''})`,
        (life) => life.vod.taken.length > 0,
        (life) => life.hear(at(life.vod.taken, i), status, echoes),
      ),
  ),
  fc.tuple(n, fc.nat(2)).map(
    ([i, who]) =>
      new Command(
        `forge(${i}, nobody-${who})`,
        (life) => life.jobs.length > 0,
        (life) => {
          const { mediaId, type, requestId, attempt } = at(life.jobs, i);
          return life.hear(
            { vodJobId: `nobody-${who}`, mediaId, type, extend: `${requestId}.${attempt}` },
            'success',
            who === 0,
          );
        },
      ),
  ),
  fc.tuple(n, fc.constantFrom<'success' | 'fail'>('success', 'fail')).map(
    ([i, state]) =>
      new Command(
        `finish(${i}, ${state})`,
        (life) => life.vod.taken.length > 0,
        async (life) => {
          const taken = at(life.vod.taken, i);
          if (taken.state === 'running') taken.state = state;
        },
      ),
  ),
  fc.constantFrom(...readWays).map(
    (way) =>
      new Command(
        `collect(${way})`,
        (life) => life.in('processing', 'finished').length > 0,
        (life) => life.collect(way),
      ),
  ),
  fc
    .record({
      read: fc.constantFrom(...readWays),
      list: fc.constantFrom(...listWays),
      submit: fc.constantFrom<SubmitWay>(
        'accepted',
        'accepted',
        'lost_after',
        'lost_before',
        'partial',
        'busy',
        'dies_after',
      ),
      resend: fc.boolean(),
      i: n,
    })
    .map(
      ({ i, ...ways }) =>
        new Command(
          `recover(${i}, ${JSON.stringify(ways)})`,
          (life) => life.in('unconfirmed').length > 0,
          (life) => life.recover(at(life.in('unconfirmed'), i), ways),
        ),
    ),
  fc.constantFrom(1_000, 11_000, 41_000, 61_000, 130_000, rules.recoverGraceMs, rules.jobDeadlineMs).map(
    (ms) =>
      new Command(
        `pass(${ms})`,
        () => true,
        async () => world.pass(ms),
      ),
  ),
  fc.tuple(n, fc.constantFrom<'adopt' | 'resubmit' | 'fail'>('adopt', 'resubmit', 'fail'), n).map(
    ([i, action, j]) =>
      new Command(
        `resolve(${i}, ${action}, ${j})`,
        (life) => life.jobs.length > 0,
        async (life) => {
          const held = life.in('held');
          const job = held.length > 0 ? at(held, i) : at(life.jobs, i);
          const own = life.vod.taken.filter((taken) => isOf(taken, job));
          const vodJobId = at([...own, ...life.vod.taken], j)?.vodJobId ?? 'made-up';
          await life.resolve(job, action, vodJobId);
        },
      ),
  ),
  fc.tuple(n, fc.constantFrom<'canceled' | 'retried' | 'refetched'>('canceled', 'retried', 'refetched')).map(
    ([i, what]) =>
      new Command(
        `${what}(${i})`,
        (life) => life.jobs.length > 0,
        (life) => life.person(at(life.jobs, i), what),
      ),
  ),
];

describe(`row 38: the model (FAULTS_SEED=${seed})`, () => {
  it(
    `row 38, row 19, row 20: ${LIVES} random lives, and the product and the model never say different things`,
    async () => {
      const lived = new Map<string, number>();
      const property = fc.asyncProperty(
        fc.commands(commands, { maxCommands: MOST_COMMANDS, size: '+1' }),
        async (life) => {
          const begun = await Life.begin(world);
          await fc.asyncModelRun(() => Promise.resolve({ model: begun, real: begun }), life);
          await begun.letItEnd();
          for (const [what, count] of Object.entries(begun.figures())) lived.set(what, (lived.get(what) ?? 0) + count);
        },
      );
      await fc.assert(property, { seed, numRuns: LIVES });
      const { jobs = 0, open = 0, paidTwice = 0, ...figures } = Object.fromEntries(lived);
      report({ family: 'model', seed, faults: {}, jobs, lost: open, paidTwice, figures: { lives: LIVES, ...figures } });
    },
    25 * 60_000,
  );
});
