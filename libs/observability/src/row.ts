import type { Metric } from './metrics';

export interface Line {
  level: 'debug' | 'info' | 'warn' | 'error';
  fields: object;
}

export const debug = (fields: object): Line => ({ level: 'debug', fields });
export const info = (fields: object): Line => ({ level: 'info', fields });
export const warn = (fields: object): Line => ({ level: 'warn', fields });
export const error = (fields: object): Line => ({ level: 'error', fields });

/** All that is said of one signal. What a trace shows of it will be said here too. */
export interface Row<Payload> {
  /** Its line in the log, which has the signal's name as its message. */
  log: (payload: Payload) => Line;
  /** Of what strangers can bring about at will: lines of which this is the same are said once a minute, with their number. */
  foldBy?: (payload: Payload) => string;
  /** None when the line says it all, or when a gauge asks the stores at the moment of scraping. */
  metrics?: readonly Metric<Payload>[];
}

export function row<Payload>(about: Row<Payload>): Row<Payload> {
  return about;
}
