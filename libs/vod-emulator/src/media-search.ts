import type { Media } from './media';
import { inSeconds } from './times';

// The search protocol for media (docs/vod.md, "Media"): conditions joined by `and`, of four kinds.

type Value = string | number;

type Condition =
  | { kind: 'equals'; field: Field; value: Value }
  | { kind: 'any'; field: Field; values: Value[] }
  | { kind: 'range'; field: Field; from: Value; to: Value; fromOpen: boolean; toOpen: boolean };

/** What can be searched by, and how: `text` fields are met by a part of them. */
const FIELDS = {
  VideoId: { kind: 'exact', of: ({ mediaId }: Media) => mediaId },
  MediaId: { kind: 'exact', of: ({ mediaId }: Media) => mediaId },
  AppId: { kind: 'exact', of: ({ appId }: Media) => appId },
  CateId: { kind: 'exact', of: ({ cateId }: Media) => cateId },
  CateName: { kind: 'exact', of: ({ cateName }: Media) => cateName },
  Status: { kind: 'exact', of: ({ status }: Media) => status },
  Title: { kind: 'text', of: ({ title }: Media) => title },
  Description: { kind: 'text', of: ({ description }: Media) => description },
  Tags: { kind: 'list', of: ({ tags }: Media) => tags },
  Duration: { kind: 'number', of: ({ durationSeconds }: Media) => durationSeconds },
  Size: { kind: 'number', of: ({ sizeBytes }: Media) => sizeBytes },
  CreationTime: { kind: 'time', of: ({ createdAt }: Media) => createdAt },
  ModificationTime: { kind: 'time', of: ({ modifiedAt }: Media) => modifiedAt },
} as const;
type Field = keyof typeof FIELDS;

/** The media that meet the text, or what is wrong with it. An empty text is met by all. */
export function matching(media: readonly Media[], match: string): Media[] | { problem: string } {
  try {
    const conditions = new Parser(match).conditions();
    return media.filter((one) => conditions.every((condition) => meets(one, condition)));
  } catch (error) {
    if (error instanceof BadMatch) return { problem: error.message };
    throw error;
  }
}

class BadMatch extends Error {}

function meets(media: Media, condition: Condition): boolean {
  const { kind, of } = FIELDS[condition.field];
  const value = of(media);
  if (value === undefined) return false;
  switch (condition.kind) {
    case 'equals':
      return isMet(kind, value, condition.value);
    case 'any':
      return condition.values.some((wanted) => isMet(kind, value, wanted));
    case 'range': {
      const at = Number(value);
      const from = boundOf(kind, condition.from);
      const to = boundOf(kind, condition.to);
      return (condition.fromOpen ? at > from : at >= from) && (condition.toOpen ? at < to : at <= to);
    }
  }
}

function isMet(kind: (typeof FIELDS)[Field]['kind'], value: Value, wanted: Value): boolean {
  switch (kind) {
    case 'exact':
      return String(value) === String(wanted);
    case 'text':
      return String(value).includes(String(wanted));
    case 'list':
      return String(value).split(',').includes(String(wanted));
    case 'number':
      return Number(value) === Number(wanted);
    case 'time':
      // Times are in whole seconds wherever VOD prints them.
      return inSeconds(Number(value)) === String(wanted);
  }
}

function boundOf(kind: (typeof FIELDS)[Field]['kind'], bound: Value): number {
  const number = kind === 'time' ? Date.parse(String(bound)) : Number(bound);
  if (Number.isNaN(number)) throw new BadMatch(`${String(bound)} is no bound of a range.`);
  return number;
}

/** A blank, a word, a value, or a sign. */
const TOKEN = /\s|([A-Za-z]+)|'([^']*)'|"([^"]*)"|(-?\d+(?:\.\d+)?)|([=,()[\]])/y;

interface Token {
  word?: string | undefined;
  value?: Value | undefined;
  sign?: string | undefined;
}

class Parser {
  readonly #tokens: Token[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  conditions(): Condition[] {
    const conditions: Condition[] = [];
    while (this.#next < this.#tokens.length) {
      if (conditions.length > 0) this.#expect(this.#take().word?.toLowerCase() === 'and', 'and');
      conditions.push(this.#condition());
    }
    return conditions;
  }

  #condition(): Condition {
    const field = this.#take().word;
    if (field === undefined || !Object.hasOwn(FIELDS, field)) {
      throw new BadMatch(`Expected one of ${Object.keys(FIELDS).join(', ')}, got ${field ?? 'something else'}.`);
    }
    return this.#comparison(field as Field);
  }

  #comparison(field: Field): Condition {
    const { word, sign } = this.#take();
    if (word?.toLowerCase() === 'in') {
      this.#expect(this.#take().sign === '(', '(');
      return { kind: 'any', field, values: this.#values().values };
    }
    this.#expect(sign === '=', '= or in');
    const opening = this.#take();
    if (opening.value !== undefined) return { kind: 'equals', field, value: opening.value };
    this.#expect(opening.sign === '(' || opening.sign === '[', 'a value, ( or [');
    const { values, closing } = this.#values();
    const isRange = FIELDS[field].kind === 'number' || FIELDS[field].kind === 'time';
    // In round brackets the values of a text are alternatives.
    if (!isRange) return { kind: 'any', field, values };
    const [from, to] = values;
    if (from === undefined || to === undefined || values.length > 2) throw new BadMatch('A range has two bounds.');
    boundOf(FIELDS[field].kind, from);
    boundOf(FIELDS[field].kind, to);
    return { kind: 'range', field, from, to, fromOpen: opening.sign === '(', toOpen: closing === ')' };
  }

  /** What is left of `a, b)`. */
  #values(): { values: Value[]; closing: string } {
    const values: Value[] = [];
    for (;;) {
      const { value } = this.#take();
      if (value === undefined) throw new BadMatch('Expected a value in quotes, or a number.');
      values.push(value);
      const { sign = '' } = this.#take();
      if (sign === ')' || sign === ']') return { values, closing: sign };
      this.#expect(sign === ',', 'a comma or a closing bracket');
    }
  }

  #take(): Token {
    const token = this.#tokens[this.#next++];
    if (!token) throw new BadMatch('It ends too early.');
    return token;
  }

  #expect(isThere: boolean, what: string): void {
    if (!isThere) throw new BadMatch(`Expected ${what} as part ${this.#next}.`);
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (!found) throw new BadMatch(`It can't be read from character ${at + 1} on.`);
    const [part, word, single, double, number, sign] = found;
    if (part.trim() === '') continue;
    tokens.push({ word, value: single ?? double ?? (number === undefined ? undefined : Number(number)), sign });
  }
  return tokens;
}
