/** An element of an XML document: its text, without that of the elements within, and these. */
export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

/** SMQ's answers are three deep. */
const MAX_DEPTH = 8;

/**
 * Reads as much XML as SMQ writes: elements, text, references to characters, CDATA. Attributes, comments and the declaration are
 * passed over. Null for everything else, a document type above all: nothing that is declared in an answer is ever expanded.
 * Takes as many steps as the text is long.
 *
 * @returns the root
 */
export function readXml(text: string): XmlElement | null {
  const document: XmlElement = { name: '', text: '', children: [] };
  const open = [document];
  for (let at = 0; at < text.length;) {
    const inner = open.at(-1) ?? document;
    const mark = text.indexOf('<', at);
    inner.text += withCharacters(text.slice(at, mark < 0 ? text.length : mark));
    if (mark < 0) break;
    const found = markupAt(text, mark);
    if (found === null) return null;
    at = found.end;
    if (found.kind === 'text') inner.text += found.text;
    if (found.kind === 'close') {
      if (open.length === 1 || inner.name !== found.name) return null;
      open.pop();
    }
    if (found.kind === 'open') {
      const element: XmlElement = { name: found.name, text: '', children: [] };
      inner.children.push(element);
      if (!found.isEmpty && open.push(element) > MAX_DEPTH) return null;
    }
  }
  const [root, ...others] = document.children;
  return root && others.length === 0 && open.length === 1 && document.text.trim() === '' ? root : null;
}

/** The text of the first child of that name; null when there is none. */
export function textIn(element: XmlElement, name: string): string | null {
  return element.children.find((child) => child.name === name)?.text ?? null;
}

type Markup =
  | { kind: 'open'; name: string; isEmpty: boolean; end: number }
  | { kind: 'close'; name: string; end: number }
  | { kind: 'text'; text: string; end: number }
  | { kind: 'nothing'; end: number };

function markupAt(text: string, at: number): Markup | null {
  const upTo = (start: string, end: string): { inside: string; end: number } | null => {
    const stop = text.indexOf(end, at + start.length);
    return stop < 0 ? null : { inside: text.slice(at + start.length, stop), end: stop + end.length };
  };
  if (text.startsWith('<![CDATA[', at)) {
    const found = upTo('<![CDATA[', ']]>');
    return found && { kind: 'text', text: found.inside, end: found.end };
  }
  const passedOver = text.startsWith('<!--', at) ? upTo('<!--', '-->') : text.startsWith('<?', at) && upTo('<?', '?>');
  if (passedOver) return { kind: 'nothing', end: passedOver.end };
  if (text.startsWith('<!', at) || text.startsWith('<?', at)) return null;
  const tag = upTo('<', '>');
  if (tag === null) return null;
  const [, slash, name, rest = ''] = /^(\/?)([\w:.-]{1,100})((?:[\s/][^]*)?)$/.exec(tag.inside) ?? [];
  if (name === undefined) return null;
  if (slash) return rest.trim() === '' ? { kind: 'close', name, end: tag.end } : null;
  return { kind: 'open', name, isEmpty: rest.endsWith('/'), end: tag.end };
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** With the characters that are referred to. A reference that says none stays as it is. */
function withCharacters(text: string): string {
  if (!text.includes('&')) return text;
  const references = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]{2,4}));/gi;
  return text.replace(references, (whole: string, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return named[name] ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
