import { inLanes } from './lanes';

describe('Work in lanes', () => {
  it('begins in order, so many at a time, and does all of it', async () => {
    const begun: number[] = [];
    let underWay = 0;
    let most = 0;
    await inLanes([1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item);
      most = Math.max(most, (underWay += 1));
      await Promise.resolve();
      underWay -= 1;
    });
    expect({ begun, most, underWay }).toEqual({ begun: [1, 2, 3, 4, 5], most: 2, underWay: 0 });
  });

  it('begins nothing more after a failure, and throws the first when what is under way has ended', async () => {
    const begun: string[] = [];
    const ended: string[] = [];
    let breakLate = () => {};
    const late = new Promise<void>((resolve) => (breakLate = resolve));
    const all = inLanes(['late', 'good', 'bad', 'never'], 3, async (item) => {
      begun.push(item);
      if (item === 'bad') {
        setImmediate(breakLate);
        throw new Error('the first');
      }
      await late;
      ended.push(item);
      if (item === 'late') throw new Error('the second');
    });
    await expect(all).rejects.toThrow('the first');
    expect({ begun, ended }).toEqual({ begun: ['late', 'good', 'bad'], ended: ['late', 'good'] });
  });
});
