import './memory';
export { attachLogging } from './attach-logging';
export { countAccepted, countCallbacks, countJobs, countWork, each, type Known } from './count-signals';
export {
  createRegistry,
  Registry,
  showCircuits,
  showListeners,
  showPool,
  showSeen,
  type Pool,
  type Shown,
} from './gauges';
export { createLogger, type Logger } from './logger';
export { NestLogger } from './nest-logger';
export { Open, OperationsModule } from './operations';
export { withoutSecrets } from './redact';
export { runUntilSignal } from './run';
export { portInUse, serve, type Server, type ServeOptions } from './serve';
export { Signals, type SignalMap, type VodOperation } from './signals';
export { StartError } from './start-error';
