import { BodyRoom } from './body-room';

/** A room for 100 bytes, with 50 more for those that hold 10, and who was shown out of it. */
function room() {
  const shownOut: string[] = [];
  const all = new BodyRoom([
    { upTo: 10, all: 150 },
    { upTo: Infinity, all: 100 },
  ]);
  return { all, shownOut, enter: (name: string) => all.enter(() => shownOut.push(name)) };
}

describe('The room for bodies', () => {
  it('shows out the one that has been coming for the longest when another needs its place', () => {
    const { all, shownOut, enter } = room();
    for (const name of ['first', 'second', 'third']) expect(all.hold(enter(name), 40)).toBe(true);
    expect(shownOut).toEqual(['first']);
    expect(all.bytes).toBe(80);
  });

  it('shows out no more than it has to, and nobody who holds nothing', () => {
    const { all, shownOut, enter } = room();
    enter('waiting');
    all.hold(enter('first'), 50);
    const second = enter('second');
    all.hold(second, 50);
    expect(all.hold(second, 60)).toBe(true);
    expect(shownOut).toEqual(['first']);
  });

  it('shows out nobody whose body is whole, and refuses the newcomer instead', () => {
    const { all, shownOut, enter } = room();
    const whole = enter('whole');
    all.hold(whole, 90);
    whole.whole = true;
    expect(all.hold(enter('newcomer'), 20)).toBe(false);
    expect(shownOut).toEqual([]);
  });

  it('has a place for a small one when large ones that are whole fill it, as often as there is a place for small ones', () => {
    const { all, shownOut, enter } = room();
    const whole = (name: string, bytes: number) => {
      const guest = enter(name);
      const isIn = all.hold(guest, bytes);
      guest.whole = isIn;
      if (!isIn) all.leave(guest);
      return isIn;
    };
    expect(whole('large', 100)).toBe(true);
    expect(whole('larger than small', 11)).toBe(false);
    expect(Array.from({ length: 6 }, (_, i) => whole(`small ${i}`, 10))).toEqual([...Array(5).fill(true), false]);
    expect(shownOut).toEqual([]);
    expect(all.bytes).toBe(150);
  });

  it('shows out no small one for a large one, and nobody when that makes no place', () => {
    const { all, shownOut, enter } = room();
    all.hold(enter('small'), 10);
    all.hold(enter('large'), 20);
    const whole = enter('whole');
    all.hold(whole, 70);
    whole.whole = true;
    const newcomer = enter('newcomer');
    expect(all.hold(newcomer, 30)).toBe(false);
    expect(shownOut).toEqual([]);
    expect(all.hold(newcomer, 20)).toBe(true);
    expect(shownOut).toEqual(['large']);
  });

  it('has the place of those who have left, once', () => {
    const { all, enter } = room();
    const guest = enter('guest');
    all.hold(guest, 90);
    all.leave(guest);
    all.leave(guest);
    expect(all.bytes).toBe(0);
  });
});
