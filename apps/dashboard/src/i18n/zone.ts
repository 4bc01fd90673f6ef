/** Whose clock times are shown in: the person's own, or the one that logs and the API have. */
export const zones = ['local', 'utc'] as const;
export type Zone = (typeof zones)[number];

const NAME = 'vodai.zone';

const listeners = new Set<() => void>();
let chosen: Zone = remembered();

export function chosenZone(): Zone {
  return chosen;
}

export function chooseZone(zone: Zone): void {
  chosen = zone;
  localStorage.setItem(NAME, zone);
  for (const listener of listeners) listener();
}

export function onZone(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Minutes that the clock of the zone is ahead of UTC at that time: summer time changes it. */
export function offsetIn(zone: Zone): (at: Date) => number {
  // 0 - x, because -0 is written as such.
  return zone === 'utc' ? () => 0 : (at) => 0 - at.getTimezoneOffset();
}

/** `Asia/Shanghai`: what the browser calls the person's own zone. */
export function nameOfLocalZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function remembered(): Zone {
  const stored = globalThis.localStorage?.getItem(NAME);
  return zones.find((zone) => zone === stored) ?? 'local';
}
