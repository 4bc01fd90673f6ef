import { createInterface } from 'node:readline/promises';
import { withoutSecrets } from '@app/observability';
import { printable, printableLines } from '@app/text';

/** Where the commands speak. Whatever is said may hold text from outside: it is shown and never obeyed. */
export interface Voice {
  /** A line of what was asked for. */
  say(line: string): void;
  /** A line about it, for people. */
  note(text: string): void;
  /** Null where nobody is there to answer. */
  ask: ((question: string) => Promise<boolean>) | null;
}

export function terminal(): Voice {
  const canAsk = process.stdin.isTTY && process.stderr.isTTY;
  return {
    say: (line) => void process.stdout.write(`${printable(line)}\n`),
    note: (text) => void process.stderr.write(`${printableLines(withoutSecrets(text))}\n`),
    ask: canAsk ? askPerson : null,
  };
}

/** Ctrl-C is a no. */
async function askPerson(question: string): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const stop = new AbortController();
  asking.once('SIGINT', () => stop.abort());
  try {
    const answer = await asking.question(`${printable(question)} [y/N] `, { signal: stop.signal }).catch(() => '');
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}
