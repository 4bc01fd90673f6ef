import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What can go wrong, as docs/reliability.md tells it. A test that proves a row carries its number in its name; a row
 * without such a test is a promise that nobody keeps watch over.
 */
const rows: Readonly<Record<number, string>> = {
  1: 'a client loses our answer and asks again',
  2: 'two identical requests come at the same moment',
  3: 'a client sends no Idempotency-Key',
  4: 'a body is oversized, deep or hostile',
  5: 'the api dies before its commit',
  6: 'Postgres is away while a request comes',
  7: 'a process dies between the commit and the queue',
  8: 'a job is put into the queue twice',
  9: 'Redis is flushed or loses what it had',
  10: 'Redis cannot be reached',
  11: 'two workers get the same job',
  12: 'Redis may evict what it holds',
  13: 'a worker dies before its claim',
  14: 'a worker dies after its claim and before the send',
  15: 'the answer to a paid call is lost',
  16: 'a call never leaves this machine',
  17: 'VOD says that we are too fast',
  18: 'the account cannot submit',
  19: 'a worker is frozen for longer than its lease, and wakes',
  20: 'a worker dies between the answer and its commit',
  21: 'an answer lists fewer types than asked, or other jobs',
  22: 'VOD never finishes a job',
  23: 'VOD does not know a JobId that it has just given',
  24: 'a read is answered with something else than an answer',
  25: 'an event comes before its JobId is stored',
  26: 'an event never comes',
  27: 'an event comes twice',
  28: 'events come out of order, or late',
  29: 'the webhook dies between its answer and its commit',
  30: 'Postgres is away while an event comes',
  31: 'a process is restarted under load',
  32: 'a notification is anything else than what is documented',
  33: 'a worker dies between the receipt of a message and its deletion',
  34: 'a message in the queue of events is none',
  35: 'a stranger rings with headers that are valid',
  36: 'a notification is signed for another URL, key or time',
  37: 'strangers ring without end',
  38: 'several parties change a job at the same moment',
  39: 'a success comes without data that can be used',
  40: 'an event and a read contradict each other',
  41: 'whoever is to be told is away, slow, or answers late',
  42: 'a URL of a client leads inside',
  43: 'a migration runs while the product works',
  44: 'what keeps a repetition from being paid again goes last',
};

const root = join(__dirname, '../..');
const names = ['apps', 'libs', 'migrations', 'test', 'tools'].flatMap(specsIn).flatMap(testNamesIn);

function specsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(spec|e2e-spec)\.ts$/.test(file))
    .map((file) => join(root, folder, file));
}

/** What stands in `it('…')`, `it.each(…)('…')` or `describe('…')`, and in the `title` of a table of tests. */
function testNamesIn(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const calls = text.matchAll(/(?:\b(?:it|test|describe|life)|\))\(\s*(['"`])((?:(?!\1)[\s\S])*)\1/g);
  const titles = text.matchAll(/\btitle:\s*(['"`])(.*?)\1/g);
  return [...calls, ...titles].map(([, , name = '']) => name);
}

function proves(name: string, row: number): boolean {
  return new RegExp(`\\brows? (?:\\d+(?:, | and |–))*${row}\\b`).test(name);
}

describe('Every row of what can go wrong', () => {
  it.each(Object.entries(rows))('row %s has a test: %s', (row) => {
    expect(names.filter((name) => proves(name, Number(row)))).not.toEqual([]);
  });

  it('is proven, or claimed nowhere yet, from the first to the last', () => {
    const later = [45, 46];
    const known = Object.keys(rows).map(Number).concat(later);
    expect(known.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 46 }, (_, i) => i + 1));
  });
});
