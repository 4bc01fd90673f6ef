import { inLanes } from './lanes';

describe('Work in lanes', () => {
  it('begins in order, so many at a time, and does all of it', async () => {
    const begun: number[] = [];
    let underWay = 0;
    let most = 0;
    await inLanes(
      [1, 2, 3, 4, 5],
      () => 2,
      async (item) => {
        begun.push(item);
        most = Math.max(most, (underWay += 1));
        await Promise.resolve();
        underWay -= 1;
      },
    );
    expect({ begun, most, underWay }).toEqual({ begun: [1, 2, 3, 4, 5], most: 2, underWay: 0 });
  });

  it('begins nothing more after a failure, and throws the first when what is under way has ended', async () => {
    const begun: string[] = [];
    const ended: string[] = [];
    let breakLate = () => {};
    const late = new Promise<void>((resolve) => (breakLate = resolve));
    const all = inLanes(
      ['late', 'good', 'bad', 'never'],
      () => 3,
      async (item) => {
        begun.push(item);
        if (item === 'bad') {
          setImmediate(breakLate);
          throw new Error('the first');
        }
        await late;
        ended.push(item);
        if (item === 'late') throw new Error('the second');
      },
    );
    await expect(all).rejects.toThrow('the first');
    expect({ begun, ended }).toEqual({ begun: ['late', 'good', 'bad'], ended: ['late', 'good'] });
  });

  it('begins nothing more after it was stopped, and says so unless all was done', async () => {
    const stop = new AbortController();
    const begun: number[] = [];
    const work = async (item: number) => {
      begun.push(item);
      if (item === 2) stop.abort(new Error('enough'));
    };
    await expect(inLanes([1, 2, 3], () => 1, work, stop.signal)).rejects.toThrow('enough');
    expect(begun).toEqual([1, 2]);
    await inLanes([], () => 1, work, stop.signal);
  });

  it('does a long list without a stack as long', async () => {
    let done = 0;
    await inLanes(
      Array.from({ length: 20_000 }, (_, i) => i),
      () => 1,
      async () => void (done += 1),
    );
    expect(done).toBe(20_000);
  });
});
