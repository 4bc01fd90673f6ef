import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Signals } from './emitter';
import { FoldedLines } from './folded-lines';
import type { Counting, Known } from './metrics';
import type { Row } from './row';
import { table, type SignalName } from './signals';

/**
 * Writes one line per signal, named like it; of those that fold, one for many.
 *
 * @returns writes what is still folded, for the end of the process
 */
export function logSignals(signals: Signals, logger: Logger): () => void {
  const folded: FoldedLines[] = [];
  for (const [name, { log, foldBy }] of rows()) {
    if (foldBy) {
      const lines = new FoldedLines(logger, name);
      folded.push(lines);
      signals.on(name, (payload) => lines.say(foldBy(payload), log(payload)));
    } else {
      signals.on(name, (payload) => {
        const { level, fields } = log(payload);
        logger[level](fields, name);
      });
    }
  }
  return () => folded.forEach((lines) => lines.flush());
}

/** Opens the metrics that this process shows, and moves them with every signal. */
export function countSignals(signals: Signals, registry: Registry, process: Counting, known: Known): void {
  for (const [name, { metrics = [] }] of rows()) {
    for (const metric of metrics.filter((one) => one.in.includes(process))) {
      signals.on(name, metric.open(registry, known));
    }
  }
}

/** A row meets only payloads of its own name: more than the type of a list can say. */
function rows(): [SignalName, Row<unknown>][] {
  return Object.entries(table) as [SignalName, Row<unknown>][];
}
