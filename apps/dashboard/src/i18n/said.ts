/** Names of states, as the server puts them into its sentences, in the language of the page. */
export type Names = (name: string) => string | undefined;

/** Characters. The server says nothing as long, but what varies comes from outside, and a sentence in it is looked for too. */
const LONGEST = 4_000;

/** Sentences by their templates, prepared to be looked for. */
export class Phrases {
  private readonly templates: { fixed: string[]; names: string[]; text: string }[];

  constructor(said: Record<string, string>) {
    this.templates = Object.entries(said)
      .toSorted(([a], [b]) => fixedIn(b) - fixedIn(a))
      .map(([template, text]) => ({ ...partsOf(template), text }));
  }

  /** The sentence in the other language, with what varies in it translated as well; null when it is not known. */
  translate(sentence: string, nameOf: Names = () => undefined): string | null {
    if (sentence.length > LONGEST) return null;
    for (const { fixed, names, text } of this.templates) {
      const found = variesIn(sentence, fixed);
      if (!found) continue;
      const values = names.map((name, index) => [name, this.valueOf(found[index] ?? '', nameOf)] as const);
      return values.reduce((all, [name, value]) => all.replaceAll(`{${name}}`, () => value), text);
    }
    return null;
  }

  private valueOf(value: string, nameOf: Names): string {
    const named = (part: string) => nameOf(part) ?? part;
    return this.translate(value, nameOf) ?? value.split(', ').map(named).join(', ');
  }
}

/** The more of a template is fixed, the more surely it is meant. */
function fixedIn(template: string): number {
  return template.replaceAll(/\{\w+\}/g, '').length;
}

function partsOf(template: string): { fixed: string[]; names: string[] } {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  return { fixed: template.split(/\{\w+\}/), names };
}

/**
 * What stands between the fixed parts, each of them where it comes first and at least a character long; null when the
 * sentence isn't made of them. A regular expression would find the same, in a time that grows with a power of the length.
 */
function variesIn(sentence: string, [first = '', ...others]: string[]): string[] | null {
  const last = others.pop();
  if (last === undefined) return sentence === first ? [] : null;
  if (!sentence.startsWith(first) || !sentence.endsWith(last)) return null;
  const values: string[] = [];
  let at = first.length;
  for (const fixed of others) {
    const end = sentence.indexOf(fixed, at + 1);
    if (end < 0) return null;
    values.push(sentence.slice(at, end));
    at = end + fixed.length;
  }
  const end = sentence.length - last.length;
  return end > at ? [...values, sentence.slice(at, end)] : null;
}
