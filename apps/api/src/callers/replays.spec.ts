import { Replays, type Replay } from './replays';

const here = () => Promise.resolve();
const noRest = () => Promise.resolve();

/** Reads that end when the test says so, and who has begun one. */
function held() {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  let underWay = 0;
  let most = 0;
  const read = (name: string) => () => {
    begun.push(name);
    underWay += 1;
    most = Math.max(most, underWay);
    return new Promise<string>((resolve) =>
      ends.push(() => {
        underWay -= 1;
        resolve(name);
      }),
    );
  };
  /** Ends the read that has been under way for the longest, and lets whoever is next begin. */
  const end = async () => {
    ends.shift()?.();
    await quiet();
  };
  return { begun, read, end, most: () => most };
}

/** Everything that is ready has run: rounds of the event loop, none of them a wait for a time. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

const replay = (client: string, more: Partial<Replay> = {}): Replay => ({
  client,
  pages: 0,
  isWanted: () => true,
  ...more,
});

describe('Replays', () => {
  it('read a few pages at the same time, however many want one', async () => {
    const { begun, read, end, most } = held();
    const replays = new Replays(here, 2, noRest);
    const pages = Array.from({ length: 100 }, (_, i) => replays.page(replay('shop'), read(`page ${i}`)));
    await quiet();
    expect(begun).toEqual(['page 0', 'page 1']);
    for (let i = 0; i < 100; i += 1) await end();
    expect((await Promise.all(pages)).length).toBe(100);
    expect([begun.length, most()]).toEqual([100, 2]);
  });

  it('take turns among the keys: one that comes later waits for the pages under way, and not for a hundred', async () => {
    const { begun, read, end } = held();
    const replays = new Replays(here, 2, noRest);
    for (let i = 0; i < 100; i += 1) void replays.page(replay('greedy'), read(`greedy ${i}`));
    for (let i = 0; i < 2; i += 1) void replays.page(replay('honest'), read(`honest ${i}`));
    await quiet();
    for (let i = 0; i < 4; i += 1) await end();
    expect(begun).toEqual(['greedy 0', 'greedy 1', 'greedy 2', 'honest 0', 'greedy 3', 'honest 1']);
  });

  it('of one key begin with whoever had the fewest pages: a short way back does not wait for the ends of long ones', async () => {
    const { begun, read, end } = held();
    const replays = new Replays(here, 1, noRest);
    for (let i = 0; i < 100; i += 1) void replays.page(replay('shop', { pages: 7 }), read(`long ${i}`));
    void replays.page(replay('shop'), read('short'));
    await quiet();
    await end();
    expect(begun).toEqual(['long 0', 'short']);
  });

  it('count the pages of each, and pass over whoever is gone', async () => {
    const { begun, read, end } = held();
    const replays = new Replays(here, 1, noRest);
    let isWanted = true;
    const one = replay('shop');
    void replays.page(one, read('one'));
    const gone = replays.page(replay('shop', { isWanted: () => isWanted }), read('gone'));
    void replays.page(replay('shop'), read('another'));
    await quiet();
    isWanted = false;
    await end();
    expect(await gone).toBeNull();
    expect(begun).toEqual(['one', 'another']);
    expect(one.pages).toBe(1);
  });

  it('go on after one that failed', async () => {
    const replays = new Replays(here, 1, noRest);
    const away = replays.page(replay('shop'), () => Promise.reject(new Error('Postgres is away')));
    await expect(away).rejects.toThrow('away');
    expect(await replays.page(replay('shop'), async () => 'read')).toBe('read');
  });

  it('let what happens now be told first', async () => {
    const begun: string[] = [];
    let told: () => void = () => {};
    const replays = new Replays(() => new Promise<void>((resolve) => (told = resolve)), 2, noRest);
    const page = replays.page(replay('shop'), async () => begun.push('past'));
    await quiet();
    expect(begun).toEqual([]);
    begun.push('now');
    told();
    await page;
    expect(begun).toEqual(['now', 'past']);
  });

  it('rest after each page for as long as it took, and for longer while others wait', async () => {
    const { begun, read, end } = held();
    const rests: { ms: number; over: () => void }[] = [];
    const replays = new Replays(here, 1, (ms) => new Promise<void>((over) => void rests.push({ ms, over })));
    const asked = performance.now();
    void replays.page(replay('shop'), read('first'));
    void replays.page(replay('shop'), read('second'));
    await quiet();
    await end();
    const atMost = performance.now() - asked;
    expect(begun).toEqual(['first']); // and not the second: it rests
    expect(rests[0]?.ms).toBeGreaterThan(0);
    expect(rests[0]?.ms).toBeLessThan(5 * atMost);
    rests[0]?.over();
    await quiet();
    expect(begun).toEqual(['first', 'second']);
  });
});
