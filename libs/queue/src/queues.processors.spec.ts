import { closeQueues, complete, open } from '../test/queues';
import { assertComplete } from './queues';

afterEach(closeQueues);

describe('the processors of a process', () => {
  it('are one for each queue', () => {
    expect(() => assertComplete(complete({}))).not.toThrow();
  });

  it('are refused when a queue has none, with the place to look at', () => {
    expect(() => assertComplete(complete({}).filter(({ queue }) => queue !== 'recover'))).toThrow(
      'queue "recover" has 0 processors, expected exactly one: see the list in apps/worker/src/processors.ts',
    );
  });

  it('are refused when two work one queue', () => {
    expect(() => assertComplete([...complete({}), ...complete({}).slice(0, 1)])).toThrow(
      'queue "submit" has 2 processors',
    );
  });

  it('are refused when one works a queue that does not exist, and every problem is named at once', () => {
    const wrong = [{ queue: 'submitt' }, { queue: 'collect' }, { queue: 'recover' }];
    expect(() => assertComplete(wrong)).toThrow(
      /"submit" has 0[^]*"submitt", which is not in libs\/queue\/src\/catalog/,
    );
  });

  it('are checked before any of them works', async () => {
    const queues = open({ redisUrl: 'redis://127.0.0.1:1' });
    await expect(queues.work([])).rejects.toThrow(/"collect" has 0 processors/);
  });
});
