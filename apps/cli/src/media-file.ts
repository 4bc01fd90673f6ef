import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { wrongUsage } from './failure';

/** The ids of a file: one a line, or the first column of a CSV. A heading, blank lines and lines with # are no ids. */
export async function readMedia(file: string): Promise<string[]> {
  const content = await (file === '-' ? text(process.stdin) : readFile(file, 'utf8')).catch((error: Error) => {
    throw wrongUsage(`cannot read ${file}: ${error.message}`);
  });
  return mediaIn(content);
}

export function mediaIn(content: string): string[] {
  const cells = content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => (/^\s*"?([^",;\t]*)/.exec(line)?.[1] ?? '').trim())
    .filter((cell) => cell !== '' && !cell.startsWith('#'));
  return /^(media_?id|video_?id|id)$/i.test(cells[0] ?? '') ? cells.slice(1) : cells;
}
