import { eventually } from '@app/testing';
import { Loop, type Turn } from './loop';

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

/** A loop whose turns wait for the test, until it is over. */
function heldLoop(pollMs = LONG) {
  const waiting: ((turn: Turn | Error) => void)[] = [];
  const errors: unknown[] = [];
  let released = false;
  let turns = 0;
  let atOnce = 0;
  let most = 0;
  const loop = new Loop(
    async () => {
      if (released) return { again: 'when_woken' };
      turns += 1;
      atOnce += 1;
      most = Math.max(most, atOnce);
      const outcome = await new Promise<Turn | Error>((resolve) => waiting.push(resolve));
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
  const started = (count: number) =>
    eventually(`turn ${count} has started`, () => turns === count && waiting.length > 0);
  const finish = async (outcome: Turn | Error = { again: 'when_woken' }) => {
    const end = await eventually('a turn is under way', () => waiting.shift());
    end(outcome);
  };
  return { loop, started, finish, errors, turns: () => turns, most: () => most };
}

/** Everything that is ready has run: several rounds of the event loop, none of them a wait for a time. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a loop', () => {
  it('turns when it starts, and does nothing before', async () => {
    const { loop, started, finish, turns } = heldLoop();
    loop.wake();
    await quiet();
    expect(turns()).toBe(0);
    loop.start();
    await started(1);
    await finish();
  });

  it('makes one more turn for any number of wakes during a turn, and never two at a time', async () => {
    const { loop, started, finish, turns, most } = heldLoop();
    loop.start();
    await started(1);
    for (let i = 0; i < 50; i += 1) loop.wake();
    await quiet();
    expect(turns()).toBe(1);
    await finish();
    await started(2);
    await finish();
    await quiet();
    expect([turns(), most()]).toEqual([2, 1]);
  });

  it('makes two turns at most for any number of wakes between two turns: the first wake starts one already', async () => {
    const { loop, started, finish, turns } = heldLoop();
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
    expect(turns()).toBe(3);
  });

  it('turns again at once when a turn asks for it', async () => {
    const { loop, started, finish, turns } = heldLoop();
    loop.start();
    await finish({ again: 'now' });
    await started(2);
    await finish();
    await quiet();
    expect(turns()).toBe(2);
  });

  it('turns again by itself after the pause that a turn asks for, or after its own', async () => {
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

  it('tells about a turn that throws, and tries again', async () => {
    const { loop, started, finish, errors } = heldLoop(1);
    loop.start();
    const trouble = new Error('Postgres is away');
    await finish(trouble);
    await started(2);
    expect(errors).toEqual([trouble]);
    await finish();
  });

  it('makes up for a wake during a turn that throws', async () => {
    const { loop, started, finish, errors } = heldLoop();
    loop.start();
    await started(1);
    loop.wake();
    await finish(new Error('Postgres is away'));
    await started(2);
    expect(errors).toHaveLength(1);
    await finish();
  });

  it('stops after the turn under way, and not before', async () => {
    const said: string[] = [];
    const { loop, started, finish, turns } = heldLoop(1);
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
    expect(turns()).toBe(1);
  });
});
