export const encodings = ['utf-8', 'gb18030'] as const;
export type Encoding = (typeof encodings)[number];

/** What a file says of itself counts more than what is said about it. */
const byteOrderMarks = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
];

export type Text = { text: string } | { line: number; encoding: string };

/** With one kind of line break. Bytes that are no text in the encoding, or the line of the first of them. */
export function textOf(bytes: Uint8Array, said: Encoding): Text {
  const mark = byteOrderMarks.find((one) => one.bytes.every((byte, index) => bytes[index] === byte));
  const encoding = mark?.encoding ?? said;
  try {
    const text = withoutMark(new TextDecoder(encoding, { fatal: true }).decode(bytes));
    // UTF-16 without a mark, or a file that is no text.
    const nul = text.indexOf('\0');
    return nul < 0 ? { text } : { line: lineAt(text, nul), encoding };
  } catch {
    const text = withoutMark(new TextDecoder(encoding).decode(bytes));
    return { line: lineAt(text, text.indexOf('\uFFFD')), encoding };
  }
}

function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
}

function lineAt(text: string, index: number): number {
  return text.slice(0, Math.max(index, 0)).split('\n').length;
}
