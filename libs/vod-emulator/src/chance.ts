/** A number in [0, 1), like Math.random. */
export type Chance = () => number;

/** mulberry32: small, fast and good enough for invented results; never for anything secret. */
export function seededChance(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a, 32 bits, over UTF-16 units. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** A whole number from `min` to `max`, both included. */
export function between(chance: Chance, min: number, max: number): number {
  return min + Math.floor(chance() * (max - min + 1));
}

/** `count` different items in random order (all of them when there are fewer). */
export function pick<T>(chance: Chance, items: readonly T[], count: number): T[] {
  const left = [...items];
  const picked: T[] = [];
  while (picked.length < count && left.length > 0) {
    picked.push(...left.splice(between(chance, 0, left.length - 1), 1));
  }
  return picked;
}

/** 32 lower-case hex characters, the form of nearly every id in VOD's samples (docs/vod.md, "Calls"). */
export function hexId(chance: Chance): string {
  let id = '';
  for (let i = 0; i < 4; i++)
    id += Math.floor(chance() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return id;
}

/** Another id of the same form, always the same one. */
export function otherId(id: string): string {
  return hexId(seededChance(hash(`other ${id}`)));
}
