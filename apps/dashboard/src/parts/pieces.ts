/** Small enough to lay out within a frame. */
const PIECE = 16 * 1024;

/** Cuts a long text at line ends, so that a browser lays out only what is on screen. */
export function piecesOf(text: string, size = PIECE): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (text.length - from > size) {
    const end = text.lastIndexOf('\n', from + size - 1) + 1;
    // A line longer than a piece goes on in the next one.
    const to = end > from ? end : from + size;
    pieces.push(text.slice(from, to));
    from = to;
  }
  pieces.push(text.slice(from));
  return pieces;
}

/** JSON as people read it; what is no JSON as it is. */
export function prettyJson(text: string): { text: string; isJson: boolean } {
  try {
    return { text: JSON.stringify(JSON.parse(text), null, 2), isJson: true };
  } catch {
    return { text, isJson: false };
  }
}
