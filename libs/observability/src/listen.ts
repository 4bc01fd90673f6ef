import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Signals } from './emitter';
import type { Counting, Known } from './metrics';
import type { Row } from './row';
import { table, type SignalName } from './signals';

/** Writes one line per signal, named like it. */
export function logSignals(signals: Signals, logger: Logger): void {
  for (const [name, { log }] of rows()) {
    signals.on(name, (payload) => {
      const { level, fields } = log(payload);
      logger[level](fields, name);
    });
  }
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
