import { Fixture } from '../test/fixture';
import { ClosedQueueStore } from './index';

describe('Closed queues', () => {
  let fixture: Fixture;
  let closedQueues: ClosedQueueStore;
  beforeAll(async () => {
    fixture = await Fixture.open();
    closedQueues = new ClosedQueueStore(fixture.db, () => fixture.now);
  });
  afterAll(() => fixture.close());

  const after = (seconds: number) => new Date(fixture.now.getTime() + seconds * 1000);

  it('are shown until they open again, with the longest rest that VOD asked for', async () => {
    const rest = { region: 'cn-shanghai', queue: 'submit', code: 'Throttling.User' };
    const longest = after(3);
    await closedQueues.note({ ...rest, until: after(1) });
    await closedQueues.note({ ...rest, until: longest });
    await closedQueues.note({ ...rest, code: 'Throttling', until: after(2) });
    await closedQueues.note({ ...rest, queue: 'collect', until: after(1) });
    expect(await closedQueues.all()).toEqual([
      { ...rest, queue: 'collect', until: after(1) },
      { ...rest, until: longest },
    ]);

    fixture.advance(1000);
    expect(await closedQueues.all()).toEqual([{ ...rest, until: longest }]);
    fixture.advance(2000);
    expect(await closedQueues.all()).toEqual([]);
  });
});
