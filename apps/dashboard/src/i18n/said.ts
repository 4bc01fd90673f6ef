/** Names of states, as the server puts them into its sentences, in the language of the page. */
export type Names = (name: string) => string | undefined;

/** Sentences by their patterns, prepared to be looked for. */
export class Phrases {
  private readonly patterns: { pattern: RegExp; names: string[]; text: string }[];

  constructor(said: Record<string, string>) {
    this.patterns = Object.entries(said)
      .toSorted(([a], [b]) => fixedIn(b) - fixedIn(a))
      .map(([template, text]) => ({ ...patternOf(template), text }));
  }

  /** The sentence in the other language, with what varies in it translated as well; null when it is not known. */
  translate(sentence: string, nameOf: Names = () => undefined): string | null {
    for (const { pattern, names, text } of this.patterns) {
      const found = pattern.exec(sentence);
      if (!found) continue;
      const values = names.map((name, index) => [name, this.valueOf(found[index + 1] ?? '', nameOf)] as const);
      return values.reduce((all, [name, value]) => all.replaceAll(`{${name}}`, () => value), text);
    }
    return null;
  }

  private valueOf(value: string, nameOf: Names): string {
    const named = (part: string) => nameOf(part) ?? part;
    return this.translate(value, nameOf) ?? value.split(', ').map(named).join(', ');
  }
}

/** The more of a pattern is fixed, the more surely it is meant. */
function fixedIn(template: string): number {
  return template.replaceAll(/\{\w+\}/g, '').length;
}

function patternOf(template: string): { pattern: RegExp; names: string[] } {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  const source = template
    .split(/\{\w+\}/)
    .map((fixed) => fixed.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('(.+?)');
  return { pattern: new RegExp(`^${source}$`, 's'), names };
}
