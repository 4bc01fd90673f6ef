import { printableLines } from '@app/text';
import { withoutSecrets } from './redact';

/** For whoever started the process, when there is no log to say it in. */
export function complain(text: string): void {
  process.stderr.write(`${printableLines(withoutSecrets(text))}\n`);
}
