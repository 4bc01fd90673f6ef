import type { Found } from './id';
import { idsOfObjects } from './objects';
import type { MediaListProblem } from './problems';
import { idsOfTable } from './table';
import { textOf, type Encoding } from './text';

export interface MediaListOptions {
  /** Of a file without a byte order mark. */
  encoding?: Encoding | undefined;
  /** The heading of the column with the ids, where it is none that is known. */
  column?: string | undefined;
  /** One by one, by a person, who knows what they are: no column of something else. */
  isTyped?: boolean;
}

/** `repeated`: how many rows name a media that was named before. `count`: of all problems, of which the first are there. */
export type MediaList =
  | { outcome: 'read'; ids: string[]; repeated: number }
  | { outcome: 'refused'; problems: MediaListProblem[]; count: number };

const PROBLEMS = 20;

/**
 * The media of a file: a CSV with a heading, one id a line, or one JSON object a line. Every id is paid for, so what can
 * be read in two ways is refused.
 */
export function readMediaList(
  bytes: Uint8Array,
  { encoding = 'utf-8', column, isTyped = false }: MediaListOptions = {},
): MediaList {
  const read = textOf(bytes, encoding);
  if (!('text' in read)) return refused([{ problem: 'not_text', ...read }]);
  const found: Found[] = /^\s*\{/.test(read.text)
    ? idsOfObjects(read.text, column)
    : idsOfTable(read.text, column, isTyped);
  const problems = found.filter((one) => 'problem' in one);
  if (problems.length > 0) return refused(problems);
  const ids = found.flatMap((one) => ('id' in one ? one.id : []));
  const unique = [...new Set(ids)];
  return { outcome: 'read', ids: unique, repeated: ids.length - unique.length };
}

function refused(problems: MediaListProblem[]): MediaList {
  return { outcome: 'refused', problems: problems.slice(0, PROBLEMS), count: problems.length };
}
