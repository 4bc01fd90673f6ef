import { BodyRoom } from './body-room';

/** A room for 100 bytes, and who was shown out of it. */
function room() {
  const shownOut: string[] = [];
  const all = new BodyRoom(100);
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

  it('has the place of those who have left, once', () => {
    const { all, enter } = room();
    const guest = enter('guest');
    all.hold(guest, 90);
    all.leave(guest);
    all.leave(guest);
    expect(all.bytes).toBe(0);
  });
});
