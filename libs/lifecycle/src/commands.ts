/** What clients and people ask for, without the steps that follow: those would bring the queues and the cloud along. */
export { Accept } from './accept';
export { Operate, type OperateOutcome } from './operate';
export { ReplayEvent, type EventReplayOutcome } from './replay-event';
export { Replay, type By } from './replay';
export { ENDPOINTS_MAX, Subscribe } from './subscribe';
