import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { Draw } from './draw';

/** A body that nobody sends in good faith, with the headers that belong to its trick. */
export interface Hostile {
  kind: string;
  body: Buffer;
  headers: Record<string, string>;
}

type Fields = Record<string, unknown>;
type Trick = (
  draw: Draw,
  fields: Fields,
) => string | Buffer | { body: string | Buffer; headers: Record<string, string> };

const MIB = 1024 * 1024;

/** Deeper than any parser's recursion is meant to go; as text, because JSON.stringify itself is recursive. */
const DEPTH = 10_000;

/** Big enough to hurt whoever inflates it, made once. */
const BOMB = gzipSync(Buffer.alloc(32 * MIB));

const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  1.5,
  Number.MAX_SAFE_INTEGER,
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff x',
  '\u202e',
  '💥'.repeat(100),
  'x'.repeat(129),
  'x'.repeat(20_000),
  [],
  {},
  [null],
  [[[]]],
  { toString: 1 },
  { length: -1 },
  "'; drop table job; --",
  '%00',
  '../../etc/passwd',
  'NaN',
];

const oddNumbers = [
  '1e400',
  '-1e400',
  '1e-400',
  '123456789012345678901234567890',
  '-0',
  '0.1e1',
  '01',
  '+1',
  '.5',
  'NaN',
];
const dangerousKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'toJSON',
  '',
  '0',
];
const contentTypes = [
  'text/plain',
  'text/html; charset=utf-8',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'application/json;;;',
  'application/octet-stream',
  'json',
  '*/*',
  'a/b/c',
];

const text = JSON.stringify;

/** The text of the fields with one value written as it is, also when it is no JSON. */
function withRaw(draw: Draw, fields: Fields, raw: string): string {
  const key = draw.pick(Object.keys(fields));
  return text({ ...fields, [key]: '@raw@' }).replace('"@raw@"', () => raw);
}

function withValue(draw: Draw, fields: Fields, value: unknown): string {
  return text({ ...fields, [draw.pick(Object.keys(fields))]: value });
}

const tricks: Readonly<Record<string, Trick>> = {
  wrongType: (draw, fields) => withValue(draw, fields, draw.pick(oddValues)),
  wrongTypes: (draw, fields) => text(Object.fromEntries(Object.keys(fields).map((key) => [key, draw.pick(oddValues)]))),
  missing: (draw, fields) => text(Object.fromEntries(Object.entries(fields).filter(() => draw.chance() < 0.6))),
  unknownKeys: (draw, fields) => text({ ...fields, [`x${draw.below(100)}`]: draw.pick(oddValues) }),
  doubleEncoded: (draw, fields) => {
    let encoded = text(fields);
    for (let i = draw.below(4); i >= 0; i -= 1) encoded = text(encoded);
    return encoded;
  },
  fieldEncoded: (draw, fields) => withValue(draw, fields, text(fields)),
  notObject: (draw, fields) =>
    draw.pick(['', ' ', 'null', 'true', '7', '[]', '""', `[${text(fields)}]`, '<html></html>']),
  nulByte: (draw, fields) => {
    const body = Buffer.from(text(fields));
    body[draw.below(body.length)] = 0;
    return body;
  },
  nulEscaped: (draw, fields) => withValue(draw, fields, `${'\0'.repeat(1 + draw.below(3))}x`),
  badUtf8: (draw, fields) => {
    const body = Buffer.from(text(fields));
    for (let i = draw.below(4); i >= 0; i -= 1) body[draw.below(body.length)] = 0x80 + draw.below(128);
    return body;
  },
  badUtf8Text: (draw, fields) =>
    Buffer.from(withRaw(draw, fields, draw.pick(['"a\xff"', '"\xc0\x80"', '"\xed\xa0\x80"'])), 'latin1'),
  utf16: (_draw, fields) => Buffer.from(`\ufeff${text(fields)}`, 'utf16le'),
  byteOrderMark: (_draw, fields) => `\ufeff${text(fields)}`,
  duplicateKeys: (draw, fields) => {
    const key = draw.pick(Object.keys(fields));
    return text(fields).replace('{', () => `{${text(key)}:${text(draw.pick(oddValues))},`);
  },
  deep: (draw, fields) => {
    const [open, close] = draw.pick([
      ['[', ']'],
      ['{"a":', '}'],
    ] as const);
    const nested = open.repeat(DEPTH) + '0' + close.repeat(draw.pick([DEPTH, DEPTH, DEPTH - 1, 0]));
    return draw.chance() < 0.5 ? nested : withRaw(draw, fields, nested);
  },
  colonMilliseconds: (draw, fields) => text({ ...fields, EventTime: `2017-03-20T07:49:17:${draw.below(1000)}Z` }),
  trailingSpaceKeys: (draw, fields) =>
    text(Object.fromEntries(Object.entries(fields).map(([key, value]) => [key + ' '.repeat(draw.below(3)), value]))),
  loneSurrogate: (draw, fields) => withRaw(draw, fields, draw.pick(['"\\ud800"', '"\\udc00\\ud800"', '"a\\udbff"'])),
  hugeNumber: (draw, fields) => withRaw(draw, fields, draw.pick(oddNumbers)),
  prototype: (draw, fields) => {
    const key = draw.pick(dangerousKeys);
    const value = text(draw.pick([{ x: 1 }, null, 1, { prototype: { x: 1 } }]));
    return draw.chance() < 0.5
      ? text(fields).replace('{', () => `{${text(key)}:${value},`)
      : withRaw(draw, fields, `{${text(key)}:${value}}`);
  },
  truncated: (draw, fields) => text(fields).slice(0, draw.below(text(fields).length)),
  trailing: (draw, fields) => text(fields) + draw.pick(['}', ',', text(fields), '\0', '//', ' \n\t ']),
  noise: (draw) => draw.bytes(draw.below(400)),
  contentType: (draw, fields) => ({ body: text(fields), headers: { 'content-type': draw.pick(contentTypes) } }),
  compressed: (draw, fields) => {
    const [encoding, compress] = draw.pick([
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
      ['identity', (bytes) => bytes],
      ['x-none', gzipSync],
    ] as [string, (bytes: Buffer) => Buffer][]);
    return { body: compress(Buffer.from(text(fields))), headers: { 'content-encoding': encoding } };
  },
  oddHeaders: (draw, fields) => ({
    body: text(fields),
    headers: draw.pick<Record<string, string>>([
      { 'x-forwarded-host': 'elsewhere.example.com', 'x-forwarded-proto': 'gopher' },
      { 'accept-encoding': 'x'.repeat(4_000) },
      { 'x-odd': '\u00ff\u00fe' },
      { accept: ',;,;q=9' },
      { 'idempotency-key': '\u00e9' },
      { 'idempotency-key': 'k'.repeat(300) },
      { 'accept-language': '-'.repeat(2_000) },
      { 'content-language': '' },
      { cookie: '=;=;='.repeat(500) },
      { origin: 'null', referer: '//' },
    ]),
  }),
};

const plainKinds = Object.keys(tricks);

/** What costs megabytes comes seldom: a flood of it would test the machine and not the product. */
const HEAVY_SHARE = 1 / 400;

const heavy: Readonly<Record<string, Trick>> = {
  border: (draw, fields) => {
    const size = MIB + draw.pick([-2, -1, 0, 1, 2]);
    const frame = text({ ...fields, pad: '' });
    return frame.replace('"pad":""', () => `"pad":"${'x'.repeat(size - frame.length)}"`);
  },
  bomb: () => ({ body: BOMB, headers: { 'content-encoding': 'gzip' } }),
  large: (draw) => Buffer.alloc(2 * MIB + draw.below(1000), draw.below(256)),
};

/** The `n`th body of a run: every kind comes up in turn, what it does to the fields is drawn. */
export function hostile(draw: Draw, n: number, fields: Fields): Hostile {
  const isHeavy = draw.chance() < HEAVY_SHARE;
  const kind = isHeavy ? draw.pick(Object.keys(heavy)) : (plainKinds[n % plainKinds.length] as string);
  const made = (isHeavy ? heavy : tricks)[kind]?.(draw, fields) ?? '';
  const { body, headers } = typeof made === 'string' || Buffer.isBuffer(made) ? { body: made, headers: {} } : made;
  return { kind, body: Buffer.from(body), headers: { 'content-type': 'application/json', ...headers } };
}

const oddTexts = [
  '',
  '%00',
  '%ff%fe',
  '%ed%a0%80',
  '%',
  '%zz',
  '%2',
  "'%20or%201=1--",
  '..%2f..%2f',
  '%f0%9f%92%a5',
  '-1',
  '0',
  '201',
  '99999999999999999999',
  '1e3',
  '[object%20Object]',
  '__proto__',
  'x'.repeat(3_000),
  '2026-13-45T99:99:99Z',
  '+275760-09-13T00:00:00.001Z',
  '00000000-0000-0000-0000-000000000000',
  '018f0000-0000-7000-8000-00000000000g',
];

/** A query string of a list, right only by chance. */
export function hostileQuery(draw: Draw, names: readonly string[]): string {
  const pairs = Array.from({ length: 1 + draw.below(4) }, () => {
    const name =
      draw.chance() < 0.85 ? draw.pick(names) : draw.pick(['__proto__', 'constructor', 'state[]', 'a.b', '', '%ff']);
    const value = draw.pick([...oddTexts, 'queued', 'AIVideoTag', 'received', 'k:v']);
    return draw.chance() < 0.1 ? name : `${name}=${value}`;
  });
  const many =
    draw.chance() < 0.03 ? pairs.concat(Array.from({ length: 300 }, () => `label=a:${draw.below(9)}`)) : pairs;
  return `?${many.join(draw.pick(['&', '&', '&', '&&', ';']))}`;
}

export function oddPathPart(draw: Draw): string {
  return draw.pick(oddTexts.filter((part) => part !== ''));
}
