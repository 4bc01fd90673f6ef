import { createRegistry, Registry, showCircuits, showSeen } from './index';
import { seldom } from './gauges';

describe('a look at a store', () => {
  it('is one for all who ask within a second, and another one after it', async () => {
    let asked = 0;
    let now = 0;
    const look = seldom(
      async () => ++asked,
      () => now,
    );
    expect(await Promise.all([look(), look()])).toEqual([1, 1]);
    now = 999;
    expect(await look()).toBe(1);
    now = 1_000;
    expect(await look()).toBe(2);
  });

  it('that fails is none, and is made again after a second', async () => {
    let away = true;
    let now = 0;
    const look = seldom(
      async () => {
        if (away) throw new Error('away');
        return 'there';
      },
      () => now,
    );
    expect(await look()).toBeNull();
    away = false;
    now = 1_000;
    expect(await look()).toBe('there');
  });

  it('that hangs is none after a second, and no second one is made beside it', async () => {
    let asked = 0;
    let now = 0;
    const look = seldom(
      () => {
        asked += 1;
        return new Promise<string>(() => {});
      },
      () => now,
    );
    expect(await look()).toBeNull();
    now = 60_000;
    expect(await look()).toBeNull();
    expect(asked).toBe(1);
  });
});

describe('gauges of what was seen', () => {
  const gauge = {
    name: 'vodai_things',
    help: 'Things.',
    labelNames: ['region'],
    series: (seen: number) => [{ labels: { region: 'cn-shanghai' }, value: seen }],
  };

  it('share one look, however many they are', async () => {
    const registry = new Registry();
    let looks = 0;
    showSeen(registry, async () => ++looks, [gauge, { ...gauge, name: 'vodai_other_things' }]);
    const text = await registry.metrics();
    expect(text).toContain('vodai_things{region="cn-shanghai"} 1');
    expect(text).toContain('vodai_other_things{region="cn-shanghai"} 1');
    expect(looks).toBe(1);
  });

  it('are missing while the store is away, and take nothing along', async () => {
    const registry = createRegistry('1.2.3');
    showSeen(registry, () => Promise.reject(new Error('away')), [gauge]);
    const text = await registry.metrics();
    expect(text).not.toContain('vodai_things{');
    expect(text).toContain(`vodai_build_info{version="1.2.3",node="${process.version}"} 1`);
  });

  it('say of each region whether the account can submit there', async () => {
    const registry = new Registry();
    showCircuits(registry, ['cn-shanghai', 'cn-beijing'], async () => [{ region: 'cn-beijing' }]);
    const text = await registry.metrics();
    expect(text).toContain('vodai_circuit_open{region="cn-shanghai"} 0');
    expect(text).toContain('vodai_circuit_open{region="cn-beijing"} 1');
  });
});
