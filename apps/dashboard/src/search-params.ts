/** The search of a URL as the API takes it: every value is text, and a repeated parameter is a list. */
export type SearchParams = Record<string, string | string[] | undefined>;

export function parseSearch(text: string): SearchParams {
  const found = new URLSearchParams(text);
  const params: SearchParams = {};
  for (const key of new Set(found.keys())) {
    const values = found.getAll(key);
    params[key] = values.length > 1 ? values : values[0];
  }
  return params;
}

export function stringifySearch(params: Record<string, unknown>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== '') search.append(key, String(one));
    }
  }
  // Colons and slashes may stand in a query as they are: a link that people pass on stays readable.
  const text = search.toString().replaceAll('%3A', ':').replaceAll('%2F', '/');
  return text ? `?${text}` : '';
}
