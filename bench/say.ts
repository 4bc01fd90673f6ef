/** The figures go to standard output, everything else beside them. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
