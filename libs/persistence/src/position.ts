/**
 * Which transactions somebody has seen, as Postgres prints a pg_snapshot: `xmin:xmax:xip,xip`. All below xmin, none from xmax on,
 * and of those between all but the ones named, which were under way.
 */
export interface Snapshot {
  text: string;
  xmax: string;
  underWay: string[];
}

/**
 * Where a reader of the history is. Commits come out of the order of their ids, so no id is a position; a snapshot is one.
 * Within what has become visible between two snapshots, lines are told by their id, and `partly` says how far.
 */
export interface Position {
  seen: Snapshot;
  partly: { upTo: Snapshot; line: string } | null;
}

export function snapshotFrom(text: string): Snapshot {
  const [, xmax = '', underWay = ''] = text.split(':');
  return { text, xmax, underWay: underWay === '' ? [] : underWay.split(',') };
}

/** What a snapshot shows of the transactions before `end`. */
export function beforeTransaction(shown: Snapshot, end: bigint): Snapshot {
  if (end >= BigInt(shown.xmax)) return shown;
  const underWay = shown.underWay.filter((each) => BigInt(each) < end);
  return snapshotFrom(`${underWay[0] ?? end}:${end}:${underWay.join(',')}`);
}

/** Whether it shows what a transaction has written that is committed by now. */
export function shows({ xmax, underWay }: Snapshot, tx: string): boolean {
  return BigInt(tx) < BigInt(xmax) && !underWay.includes(tx);
}

/** As the id of an event: short enough for a header, and nothing that a header could not carry. */
export function formatPosition({ seen, partly }: Position): string {
  return partly ? `${seen.text}/${partly.upTo.text}/${partly.line}` : seen.text;
}

/** Null for everything that formatPosition could not have written: it comes from outside. */
export function parsePosition(text: string): Position | null {
  const [seen = '', upTo, line, ...more] = text.split('/');
  if (!isSnapshot(seen) || more.length > 0) return null;
  if (upTo === undefined) return { seen: snapshotFrom(seen), partly: null };
  if (!isSnapshot(upTo) || line === undefined || !isNumber(line, LINE_MAX)) return null;
  const position = { seen: snapshotFrom(seen), partly: { upTo: snapshotFrom(upTo), line } };
  return BigInt(position.seen.xmax) <= BigInt(position.partly.upTo.xmax) ? position : null;
}

/** Whether it speaks of transactions that `now` has not come to: then it is another database's, or one from before a restore. */
export function isAhead({ seen, partly }: Position, now: Snapshot): boolean {
  return BigInt((partly?.upTo ?? seen).xmax) > BigInt(now.xmax);
}

const XID_MAX = 2n ** 64n - 1n;
const LINE_MAX = 2n ** 63n - 1n;

function isNumber(text: string, max: bigint): boolean {
  return /^[1-9]\d{0,19}$/.test(text) && BigInt(text) <= max;
}

/** What pg_snapshot's input accepts: ascending, and within its limits. */
function isSnapshot(text: string): boolean {
  const [xmin = '', xmax = '', list, ...more] = text.split(':');
  if (list === undefined || more.length > 0) return false;
  const underWay = list === '' ? [] : list.split(',');
  if (![xmin, xmax, ...underWay].every((each) => isNumber(each, XID_MAX))) return false;
  const ids = underWay.map(BigInt);
  const [low, high] = [BigInt(xmin), BigInt(xmax)];
  return low <= high && ids.every((id, i) => id >= (i === 0 ? low : (ids[i - 1] ?? 0n) + 1n) && id < high);
}
