import { Signals } from '@app/observability';
import { eventually } from '@app/testing';
import { closeQueues, open } from '../test/queues';
import { describeWithRedisServer, RedisServer } from '../test/redis-server';

describeWithRedisServer('row 12: the eviction policy of Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await RedisServer.onFreePort();
  });
  afterEach(async () => {
    await closeQueues();
    await redis.kill();
  });

  function watch(): (string | null)[] {
    const found: (string | null)[] = [];
    const signals = new Signals();
    signals.on('store.eviction', ({ policy }) => found.push(policy));
    open({ redisUrl: redis.url }, { signals });
    return found;
  }

  it.each([
    ['by CONFIG', []],
    ['by INFO, where CONFIG is forbidden', ['--rename-command', 'CONFIG', '']],
  ])('is looked at when a worker starts, %s', async (_how, settings) => {
    await redis.start('--maxmemory-policy', 'allkeys-lru', ...settings);
    const found = watch();
    await eventually('it was looked at', () => found.length > 0);
    expect(found).toEqual(['allkeys-lru']);
  });

  it('is not guessed where the server does not tell', async () => {
    await redis.start('--rename-command', 'CONFIG', '');
    // BullMQ itself reads INFO, so only the section of it that tells can be kept from us.
    await redis.ask((client) => client.acl('SETUSER', 'default', '-info'));
    const found = watch();
    await eventually('it was looked at', () => found.length > 0);
    expect(found).toEqual([null]);
  });

  it('is looked at again after every reconnect, and told when it has changed', async () => {
    await redis.start('--maxmemory-policy', 'noeviction');
    const found = watch();
    await eventually('it was looked at', () => found.length === 1);
    for (const policy of ['noeviction', 'volatile-ttl']) {
      await redis.kill();
      await redis.start('--maxmemory-policy', policy);
    }
    await eventually('the other server was looked at', () => found.length === 2);
    expect(found).toEqual(['noeviction', 'volatile-ttl']);
  });
});
