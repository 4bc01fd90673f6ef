import { setMaxListeners } from 'node:events';
import { exitCodes, Failure } from './failure';
import type { Screen } from './screen';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Ctrl-C stops the work in order: what is under way ends, nothing more is begun. The second one ends the program. */
export async function stoppable<T>(screen: Screen, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  // Every call that rests listens to it.
  setMaxListeners(0, stop.signal);
  const onSignal = (signal: NodeJS.Signals) => {
    unhear();
    screen.note('stopping after what is under way; once more to end at once', 'yellow');
    stop.abort(new Failure(`stopped by ${signal === 'SIGINT' ? 'Ctrl-C' : signal}`, exitCodes.stopped));
  };
  const unhear = () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work(stop.signal);
  } finally {
    unhear();
  }
}
