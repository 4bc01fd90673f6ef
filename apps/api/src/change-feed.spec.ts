import { eventually } from '@app/testing';
import type { ChangeReads, News, Position } from '@app/persistence';
import { ChangeFeed, type Batch } from './change-feed';

/** History as a list of numbers: a position is how many of them were seen. */
class Script {
  looks = 0;
  lines: number[] = [];
  broken = false;
  /** Lines that one look shows at most. */
  limit = Infinity;
  held: Promise<void> | null = null;

  readonly reads = {
    now: async () => this.at(this.lines.length),
    after: async (from: Position) => {
      this.looks += 1;
      await this.held;
      if (this.broken) throw new Error('Postgres is away');
      const seen = Number(from.partly?.line ?? from.seen.xmax);
      const lines = this.lines.slice(seen, seen + this.limit);
      const all = seen + lines.length === this.lines.length;
      return { news: lines.map((line) => ({ line }) as unknown as News), position: this.at(seen + lines.length, all) };
    },
  } as unknown as ChangeReads;

  private at(seen: number, whole = true): Position {
    const snapshot = { text: String(seen), xmax: String(seen), underWay: [] };
    return { seen: snapshot, partly: whole ? null : { upTo: snapshot, line: String(seen) } };
  }
}

const lines = (batches: Batch[]) => batches.flatMap(({ news }) => news.map(({ line }) => line as unknown as number));

describe('The change feed', () => {
  let script: Script;
  let feed: ChangeFeed;
  const errors: unknown[] = [];
  beforeEach(() => {
    script = new Script();
    feed = new ChangeFeed(script.reads, (error) => errors.push(error));
    feed.start();
  });
  afterEach(() => feed.stop());

  async function listener() {
    const heard: Batch[] = [];
    const subscription = await feed.subscribe();
    subscription.follow((batch) => heard.push(batch));
    return { subscription, heard };
  }

  it('looks for nobody', async () => {
    feed.wake();
    const { subscription, heard } = await listener();
    subscription.end();
    script.lines.push(1);
    feed.wake();
    const again = await listener();
    expect(lines(again.heard)).toEqual([]); // it begins anew, with what is there
    expect(lines(heard)).toEqual([]);
    expect(script.looks).toBe(0);
  });

  it('looks once for everybody', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, listener));
    const before = script.looks;
    script.lines.push(1, 2);
    feed.wake();
    await eventually('all heard of it', () => all.every(({ heard }) => lines(heard).length === 2));
    expect(script.looks - before).toBe(1);
  });

  it('looks once more for any number of wakes while it looks', async () => {
    const { heard } = await listener();
    let go = () => {};
    script.held = new Promise((resolve) => (go = resolve));
    feed.wake();
    await eventually('it looks', () => script.looks === 1);
    for (let i = 0; i < 50; i += 1) feed.wake();
    script.held = null;
    script.lines.push(1);
    go();
    await eventually('it looked again', () => script.looks === 2);
    script.lines.push(2);
    feed.wake();
    await eventually('it heard both', () => lines(heard).length === 2);
    expect(script.looks).toBe(3);
  });

  it('is quiet when the look under way has told what it saw', async () => {
    const { heard } = await listener();
    let go = () => {};
    script.held = new Promise((resolve) => (go = resolve));
    script.lines.push(1);
    feed.wake();
    await eventually('it looks', () => script.looks === 1);
    const quiet = feed.quiet().then(() => lines(heard));
    go();
    expect(await quiet).toEqual([1]);
    await feed.quiet(); // nothing is under way
  });

  it('goes on within a batch that is larger than one look, and lets newcomers begin where it ends', async () => {
    const { heard } = await listener();
    script.limit = 2;
    script.lines.push(1, 2, 3, 4, 5);
    feed.wake();
    await eventually('it heard all', () => lines(heard).length === 5);
    expect(lines(heard)).toEqual([1, 2, 3, 4, 5]);
    expect(feed.present.position).toEqual(heard.at(-1)?.position);
  });

  it('keeps for those who catch up what comes meanwhile, from where they say', async () => {
    const { heard } = await listener();
    const subscription = await feed.subscribe();
    script.lines.push(1);
    feed.wake();
    await eventually('the first came', () => lines(heard).length === 1);
    expect(subscription.holdFromHere().seen.text).toBe('1');
    script.lines.push(2);
    feed.wake();
    await eventually('the second came', () => lines(heard).length === 2);
    const late: Batch[] = [];
    subscription.follow((batch) => late.push(batch));
    expect(lines(late)).toEqual([2]);
    expect(subscription.position.seen.text).toBe('2');
  });

  it('waits for a look that began later, for whoever may have been shown more', async () => {
    await listener();
    script.lines.push(1);
    const subscription = await feed.subscribe({ fresh: true });
    expect(subscription.position.seen.text).toBe('1');
  });

  it('says so when it cannot look, and makes up for it', async () => {
    const { heard } = await listener();
    script.broken = true;
    script.lines.push(1);
    await expect(feed.subscribe({ fresh: true })).rejects.toThrow('away');
    expect(feed.listeners).toBe(1);
    script.broken = false;
    feed.wake();
    await eventually('it heard of it', () => lines(heard).length === 1);
    expect(errors).not.toEqual([]);
  });
});
