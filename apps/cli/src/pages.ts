/** What the API gives at once, at most. */
const PAGE = 200;

export interface PageOptions {
  limit: number;
  all?: boolean;
}

/** Follows the cursors, page by page, until there is enough. Answers whether there is more. */
export async function eachPage<T>(
  { limit, all = false }: PageOptions,
  read: (page: { limit: number; cursor: string | undefined }) => Promise<{ items: T[]; nextCursor: string | null }>,
  onPage: (items: T[]) => Promise<void>,
): Promise<boolean> {
  let left = all ? Infinity : limit;
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await read({ limit: Math.min(left, PAGE), cursor });
    await onPage(items);
    left -= items.length;
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined && left > 0);
  return cursor !== undefined;
}
