/**
 * What a terminal obeys, and what it doesn't show: control characters, C1 (U+0080–U+009F) among them, which xterm obeys like
 * an Escape; bidi controls, which turn round what stands after them; zero-width and invisible ones, with which two names
 * look the same; separators of lines and paragraphs.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** As one line in which all can be seen: a text must neither move the cursor nor look like two columns. */
export function printable(text: string): string {
  return text.replace(unseen, (found) =>
    found === '\n' ? String.raw`\n` : found === '\t' ? String.raw`\t` : escaped(found),
  );
}

/** The same with the lines it has. */
export function printableLines(text: string): string {
  return text.replace(unseen, (found) => (found === '\n' ? found : printable(found)));
}

/**
 * JSON for JSON, the same value. Within strings all of these are escaped; between them JSON has blanks alone, of which a
 * carriage return would write over what stands before it.
 */
export function printableJson(json: string): string {
  return json.replace(unseen, (found) =>
    found === '\n' || found === '\t' ? found : found === '\r' ? ' ' : escaped(found),
  );
}

/** As JSON and JavaScript write it: in two halves beyond U+FFFF. */
function escaped(found: string): string {
  return Array.from({ length: found.length }, (_, i) => found.charCodeAt(i))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
