import { Problem } from '../problems';
import { Places } from './places';

function places(most: { perKey: number; inAll: number }) {
  const limited: object[] = [];
  const made = new Places('streams', most, { emit: (_name, payload) => void limited.push(payload) });
  const take = (client: string) => {
    try {
      return made.take(client);
    } catch (error) {
      return error as Problem;
    }
  };
  return { take, limited };
}

describe('Places', () => {
  it('are as many as a key may have, and are there again when they are given back, once each', () => {
    const { take, limited } = places({ perKey: 2, inAll: 10 });
    const [first] = [take('shop'), take('shop')];
    const full = take('shop');
    expect(full).toBeInstanceOf(Problem);
    expect(full).toMatchObject({ code: 'too_many_requests', retryAfterS: 5 });
    expect(full).toMatchObject({ detail: 'this key has as many streams open as it may: 2' });
    expect(limited).toEqual([{ client: 'shop', limit: 'streams' }]);
    expect(take('other')).not.toBeInstanceOf(Problem);
    for (let i = 0; i < 3; i += 1) (first as () => void)();
    expect(take('shop')).not.toBeInstanceOf(Problem);
    expect(take('shop')).toBeInstanceOf(Problem);
  });

  it('are limited in all, whoever has them', () => {
    const { take } = places({ perKey: 2, inAll: 3 });
    const taken = ['a', 'a', 'b', 'b', 'c'].map(take);
    expect(taken.map((place) => place instanceof Problem)).toEqual([false, false, false, true, true]);
    expect(taken.at(-1)).toMatchObject({ detail: 'as many streams are open in all as may be: 3' });
    (taken[0] as () => void)();
    expect(take('c')).not.toBeInstanceOf(Problem);
  });
});
