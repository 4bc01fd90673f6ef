import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { inWords, readMediaList, type MediaListOptions, type MediaListProblem } from '@app/media-list';
import { wrongUsage } from './failure';
import type { Screen } from './screen';

/** The media of a file, each once, and how many of its lines repeat one. Nothing of it when one line isn't clear. */
export async function readMedia(
  screen: Screen,
  file: string,
  options: MediaListOptions,
): Promise<{ ids: string[]; repeated: number }> {
  const name = file === '-' ? 'stdin' : file;
  const content = await (file === '-' ? buffer(process.stdin) : readFile(file)).catch((error: Error) => {
    throw wrongUsage(`cannot read ${name}: ${error.message}`);
  });
  const list = readMediaList(content, options);
  if (list.outcome === 'read') return list;
  const { problems, count } = list;
  const told = (problem: MediaListProblem) => `${name}, line ${problem.line}: ${inWords(problem)}`;
  for (const problem of problems) screen.note(told(problem), 'red');
  const more = count > problems.length ? `, of which the first ${problems.length} are above` : '';
  throw wrongUsage(
    `nothing was sent: ${count === 1 ? `one line of ${name} is` : `${count} lines of ${name} are`} not clear${more}`,
  );
}
