import { createInterface } from 'node:readline/promises';
import { printable } from '@app/text';
import { exitCodes, Failure, wrongUsage } from './failure';
import type { Screen } from './screen';

/** What costs money is asked for once more. A script says --yes. */
export async function confirm(
  screen: Screen,
  { yes = false, cost, question }: { yes: boolean | undefined; cost: string; question: string },
): Promise<void> {
  if (yes) return;
  if (!screen.canAsk) throw wrongUsage(`${cost}, and nobody is here to be asked: say --yes`);
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const stop = new AbortController();
  asking.once('SIGINT', () => stop.abort());
  try {
    const answer = await asking
      .question(`${printable(`${cost}. ${question}`)} [y/N] `, { signal: stop.signal })
      .catch(() => {
        throw new Failure('nothing was done', exitCodes.stopped);
      });
    if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('nothing was done');
  } finally {
    asking.close();
  }
}
