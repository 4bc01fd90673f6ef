import { eventually } from '@app/testing';
import { Loop, type Next } from './loop';

const LONG = 3_600_000;

let held: { loop: Loop; release: () => void }[] = [];
afterEach(async () => {
  await Promise.all(
    held.map(({ loop, release }) => {
      release();
      return loop.stop();
    }),
  );
  held = [];
});

/** A loop whose runs wait for the test, until it is over. */
function heldLoop(pollMs = LONG) {
  const waiting: ((next: Next | Error) => void)[] = [];
  const errors: unknown[] = [];
  let released = false;
  let runs = 0;
  let atOnce = 0;
  let most = 0;
  const loop = new Loop(
    async () => {
      if (released) return { again: 'when_woken' };
      runs += 1;
      atOnce += 1;
      most = Math.max(most, atOnce);
      const outcome = await new Promise<Next | Error>((resolve) => waiting.push(resolve));
      atOnce -= 1;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    { pollMs, onError: (error) => errors.push(error) },
  );
  const release = () => {
    released = true;
    waiting.splice(0).forEach((end) => end({ again: 'when_woken' }));
  };
  held.push({ loop, release });
  const started = (count: number) => eventually(`run ${count} has started`, () => runs === count && waiting.length > 0);
  const finish = async (outcome: Next | Error = { again: 'when_woken' }) => {
    const end = await eventually('a run is under way', () => waiting.shift());
    end(outcome);
  };
  return { loop, started, finish, errors, runs: () => runs, most: () => most };
}

/** Everything that is ready has run: several rounds of the event loop, none of them a wait for a time. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a loop', () => {
  it('runs when it starts, and does nothing before', async () => {
    const { loop, started, finish, runs } = heldLoop();
    loop.wake();
    await quiet();
    expect(runs()).toBe(0);
    loop.start();
    await started(1);
    await finish();
  });

  it('runs once more for any number of wakes during a run, and never two at a time', async () => {
    const { loop, started, finish, runs, most } = heldLoop();
    loop.start();
    await started(1);
    for (let i = 0; i < 50; i += 1) loop.wake();
    await quiet();
    expect(runs()).toBe(1);
    await finish();
    await started(2);
    await finish();
    await quiet();
    expect([runs(), most()]).toEqual([2, 1]);
  });

  it('runs twice at most for any number of wakes between two runs: the first wake starts one already', async () => {
    const { loop, started, finish, runs } = heldLoop();
    loop.start();
    await started(1);
    await finish();
    await quiet();
    for (let i = 0; i < 50; i += 1) loop.wake();
    await started(2);
    await finish();
    await started(3);
    await finish();
    await quiet();
    expect(runs()).toBe(3);
  });

  it('runs again at once when a run asks for it', async () => {
    const { loop, started, finish, runs } = heldLoop();
    loop.start();
    await finish({ again: 'now' });
    await started(2);
    await finish();
    await quiet();
    expect(runs()).toBe(2);
  });

  it('runs again by itself after the pause that a run asks for, or after its own', async () => {
    const asked = heldLoop();
    asked.loop.start();
    await asked.finish({ again: 1 });
    await asked.started(2);
    await asked.finish();

    const polling = heldLoop(1);
    polling.loop.start();
    await polling.finish();
    await polling.finish({ again: LONG });
    await polling.started(3);
    expect([asked.errors, polling.errors]).toEqual([[], []]);
    await polling.finish();
  });

  it('reports a run that throws, and tries again', async () => {
    const { loop, started, finish, errors } = heldLoop(1);
    loop.start();
    const trouble = new Error('Postgres is away');
    await finish(trouble);
    await started(2);
    expect(errors).toEqual([trouble]);
    await finish();
  });

  it('makes up for a wake during a run that throws', async () => {
    const { loop, started, finish, errors } = heldLoop();
    loop.start();
    await started(1);
    loop.wake();
    await finish(new Error('Postgres is away'));
    await started(2);
    expect(errors).toHaveLength(1);
    await finish();
  });

  it('stops after the run under way, and not before', async () => {
    const said: string[] = [];
    const { loop, started, finish, runs } = heldLoop(1);
    loop.start();
    await started(1);
    loop.wake();
    const stopped = loop.stop().then(() => said.push('stopped'));
    await quiet();
    expect(said).toEqual([]);
    await finish({ again: 'now' });
    await stopped;
    loop.wake();
    await quiet();
    expect(runs()).toBe(1);
  });
});
