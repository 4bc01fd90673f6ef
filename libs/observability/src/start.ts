/** What a process needs before it knows whether it can start: loaded in a tenth of the time that the rest takes. */
import './memory';
export { createLogger, type Logger } from './logger';
export { runUntilSignal } from './run';
export { portInUse, StartError } from './start-error';
