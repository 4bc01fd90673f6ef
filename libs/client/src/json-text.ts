/** JSON as text: what is parsed has lost the digits of a number beyond 2⁵³, and all of one beyond 1e308. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/** The text of a member of an object; undefined when there is none. The object is one that has been parsed. */
export function memberOf(object: string, name: string): string | undefined {
  const key = JSON.stringify(name);
  let depth = 0;
  let last = '';
  let start: number | undefined;
  for (const { 0: token, index } of object.matchAll(TOKEN)) {
    if (start !== undefined && depth === 1 && (token === ',' || token === '}'))
      return object.slice(start, index).trim();
    if (depth === 1 && last === key && token === ':') start = index + 1;
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    last = token;
  }
  return undefined;
}

/** Nothing that VOD gives is nested as deep; indented without end, what is would be many times as long. */
const INDENT_MAX = 64;

/** Laid out like `JSON.stringify(value, null, 2)`, each token as it is. */
export function laidOut(json: string): string {
  const tokens = json.match(TOKEN) ?? [];
  const line = (depth: number) => `\n${'  '.repeat(Math.min(depth, INDENT_MAX))}`;
  const isEmpty = (before: string | undefined, after: string | undefined) =>
    (before === '{' && after === '}') || (before === '[' && after === ']');
  let depth = 0;
  let text = '';
  for (const [i, token] of tokens.entries()) {
    switch (token) {
      case '{':
      case '[':
        depth += 1;
        text += isEmpty(token, tokens[i + 1]) ? token : token + line(depth);
        break;
      case '}':
      case ']':
        depth -= 1;
        text += isEmpty(tokens[i - 1], token) ? token : line(depth) + token;
        break;
      case ',':
        text += token + line(depth);
        break;
      case ':':
        text += ': ';
        break;
      default:
        text += token;
    }
  }
  return text;
}
