import { Chunk, type Around } from './chunk';

const PAGE = '<script type="module" src="./assets/index-1.js">';

/** A window whose server answers `pages` one after the other; time passes at once. */
function windowOf(...pages: (string | null)[]) {
  const remembered = new Map<string, string>();
  const around = {
    build: './assets/index-1.js',
    page: async () => (pages.length > 1 ? pages.shift()! : pages[0]!),
    reload: jest.fn(),
    memory: {
      getItem: (key: string) => remembered.get(key) ?? null,
      setItem: (key: string, value: string) => void remembered.set(key, value),
    },
    later: (again: () => void) => again(),
  } satisfies Around;
  return around;
}

/** Fails so many times, and then gives a part. */
function failing(times: number) {
  let left = times;
  return jest.fn(async () => {
    if (left-- > 0) throw new TypeError('Failed to fetch dynamically imported module');
    return 'part';
  });
}

describe('A part that is loaded late', () => {
  it('waits for a server that is away, says so, and comes when the server is back', async () => {
    const around = windowOf(null, null, PAGE);
    const chunk = new Chunk('held', failing(3), () => around);
    const told: unknown[] = [];
    chunk.subscribe(() => told.push(chunk.whatIsWrong()));
    await chunk.want();
    expect(chunk.value()).toBe('part');
    expect(told).toEqual(['away', 'away', null]);
    expect(around.reload).not.toHaveBeenCalled();
  });

  it('loads the page anew when the server has another build', async () => {
    const around = windowOf('<script src="./assets/index-2.js">');
    const load = failing(9);
    await new Chunk('held', load, () => around).want();
    expect(around.reload).toHaveBeenCalledTimes(1);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('does so once for each part of a build, and then says that it is gone', async () => {
    const around = windowOf(PAGE);
    const chunk = new Chunk('held', failing(9), () => around);
    await chunk.want();
    expect(chunk.whatIsWrong()).toBeNull();
    await chunk.want();
    expect([chunk.whatIsWrong(), around.reload.mock.calls.length]).toEqual(['gone', 1]);
    await new Chunk('flow', failing(9), () => around).want();
    expect(around.reload).toHaveBeenCalledTimes(2);
  });

  it('does not go back and forth between two builds behind a balancer', async () => {
    const one = windowOf('<script src="./assets/index-2.js">');
    const other = { ...one, build: './assets/index-2.js', page: async () => PAGE };
    for (const around of [one, other]) await new Chunk('held', failing(9), () => around).want();
    expect(one.reload).toHaveBeenCalledTimes(2);
    const again = new Chunk('held', failing(9), () => one);
    await again.want();
    expect([again.whatIsWrong(), one.reload.mock.calls.length]).toEqual(['gone', 2]);
  });

  it('is asked for once, however many want it, and an attempt ahead of time disturbs nobody', async () => {
    const around = windowOf(PAGE);
    const load = failing(1);
    const chunk = new Chunk('held', load, () => around);
    await chunk.preload();
    expect([chunk.value(), chunk.whatIsWrong(), around.reload.mock.calls.length]).toEqual([undefined, null, 0]);
    await Promise.all([chunk.want(), chunk.want()]);
    await chunk.want();
    expect([chunk.value(), load.mock.calls.length]).toEqual(['part', 2]);
  });
});
