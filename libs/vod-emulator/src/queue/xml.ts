/** An element of a document that was read. Attributes and namespaces mean nothing in SMQ's requests. */
export interface Element {
  name: string;
  /** Its own text, without that of its children. */
  text: string;
  children: Element[];
}

const NAMESPACE = 'http://mns.aliyuncs.com/doc/v1/';
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // As it is, a reader would take it for the end of a line and make it a \n.
  '\r': '&#13;',
};

const START_TAG = /<([A-Za-z_][\w.:-]*)(?:\s[^<>]*)?\/?>/y;
const END_TAG = /<\/([A-Za-z_][\w.:-]*)\s*>/y;
const SPECIALS = [
  { begin: '<?', end: '?>', isText: false },
  { begin: '<!--', end: '-->', isText: false },
  { begin: '<![CDATA[', end: ']]>', isText: true },
];

/** Whether XML can carry this at all: it has no way to write most control characters, or half a surrogate pair. */
export function isXmlText(text: string): boolean {
  return !/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(text);
}

/** A document of SMQ's: its root in the namespace, around elements that are written already. */
export function printXml(root: string, content: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n<${root} xmlns="${NAMESPACE}">\n${content}</${root}>\n`;
}

/** Elements of text, in their order. What has no value is left out. */
export function printElements(values: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  <${name}>${escaped(String(value))}</${name}>\n`)
    .join('');
}

function escaped(text: string): string {
  return text.replace(/[&<>"\r]/g, (char) => ESCAPES[char] ?? char);
}

/** The root of a small document. Undefined when it isn't well formed, or has a DOCTYPE: nobody who sends messages needs one. */
export function parseXml(source: string): Element | undefined {
  const text = source.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const outside: Element = { name: '', text: '', children: [] };
  const open = [outside];
  let at = text.startsWith('\uFEFF') ? 1 : 0;

  while (at < text.length) {
    const current = open.at(-1) ?? outside;
    const tag = text.indexOf('<', at);
    const plain = decoded(text.slice(at, tag === -1 ? text.length : tag));
    if (plain === undefined) return undefined;
    current.text += plain;
    if (tag === -1) break;

    const special = specialAt(text, tag);
    const end = special ? undefined : matchAt(END_TAG, text, tag);
    if (special) {
      current.text += special.text;
      at = special.end;
    } else if (end) {
      if (open.length === 1 || end[1] !== current.name) return undefined;
      open.pop();
      at = tag + end[0].length;
    } else {
      const start = matchAt(START_TAG, text, tag);
      if (!start) return undefined;
      const element: Element = { name: start[1] ?? '', text: '', children: [] };
      current.children.push(element);
      if (!start[0].endsWith('/>')) open.push(element);
      at = tag + start[0].length;
    }
  }

  const [root, ...others] = outside.children;
  const isWhole = open.length === 1 && others.length === 0 && outside.text.trim() === '';
  return isWhole && isXmlText(text) ? root : undefined;
}

/** A declaration, a comment or plain text. Without an end it is none, and then nothing else. */
function specialAt(text: string, at: number): { text: string; end: number } | undefined {
  const kind = SPECIALS.find(({ begin }) => text.startsWith(begin, at));
  if (!kind) return undefined;
  const from = at + kind.begin.length;
  const until = text.indexOf(kind.end, from);
  if (until === -1) return undefined;
  return { text: kind.isText ? text.slice(from, until) : '', end: until + kind.end.length };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Undefined when something is escaped that isn't a character. */
function decoded(text: string): string | undefined {
  const [first = '', ...parts] = text.split('&');
  let result = first;
  for (const part of parts) {
    const end = part.indexOf(';');
    const char = end === -1 ? undefined : characterOf(part.slice(0, end));
    if (char === undefined) return undefined;
    result += char + part.slice(end + 1);
  }
  return result;
}

function characterOf(reference: string): string | undefined {
  const number = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(reference);
  if (!number) return Object.hasOwn(ENTITIES, reference) ? ENTITIES[reference] : undefined;
  const [, hexadecimal, decimal = ''] = number;
  const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  if (code > 0x10_ffff) return undefined;
  const char = String.fromCodePoint(code);
  return isXmlText(char) ? char : undefined;
}
