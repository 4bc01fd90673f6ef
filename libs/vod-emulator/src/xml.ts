/**
 * An answer as XML: members are elements, a list is its element as often as it has items, `Action`Response is around all of it
 * (docs/vod.md, "Calls").
 */
export function xmlOf(root: string, body: object): string {
  return `<?xml version='1.0' encoding='UTF-8'?><${root}>${members(body)}</${root}>`;
}

function members(value: object): string {
  return Object.entries(value)
    .map(([name, member]: [string, unknown]) => element(name, member))
    .join('');
}

function element(name: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map((item: unknown) => element(name, item)).join('');
  return `<${name}>${typeof value === 'object' ? members(value) : escaped(String(value as string | number | boolean))}</${name}>`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** Control characters can't stand in XML at all, not even as a reference. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char).replace(/[^\P{Cc}\t\n\r]/gu, '\uFFFD');
}
