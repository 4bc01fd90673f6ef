import type { ChangeFeed } from './change-feed';
import { WaitingRoom } from './waiting-room';

const AN_HOUR_MS = 3_600_000;

/** A feed that tells nothing, and how many listen to it. */
function silentFeed() {
  const feed = {
    listeners: 0,
    subscribe: async () => {
      feed.listeners += 1;
      return { follow: () => {}, end: () => (feed.listeners -= 1) };
    },
  };
  return { feed, room: new WaitingRoom(feed as unknown as ChangeFeed) };
}

/** Everything that is ready has run: rounds of the event loop, none of them a wait for a time. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('Whoever hangs up', () => {
  it('waits no longer, and nobody looks for them any more', async () => {
    const { feed, room } = silentFeed();
    const gone = new AbortController();
    let looks = 0;
    let ended = false;
    const look = async () => (looks += 1);
    void room.until('job', AN_HOUR_MS, look, () => false, gone.signal).then(() => (ended = true));
    await quiet();
    expect([looks, feed.listeners, ended]).toEqual([2, 1, false]);
    gone.abort();
    await quiet();
    expect([looks, feed.listeners, ended]).toEqual([2, 0, true]);
  });

  it.each([1, 2])('while it is looked for the %d. time does not begin to wait', async (time) => {
    const { feed, room } = silentFeed();
    const gone = new AbortController();
    let looks = 0;
    const look = async () => {
      looks += 1;
      if (looks === time) gone.abort();
      return looks;
    };
    expect(await room.until('job', AN_HOUR_MS, look, () => false, gone.signal)).toBe(time);
    expect(feed.listeners).toBe(0);
  });
});
