/** What clients and people ask for, without the steps that follow: those would bring the queues and the cloud along. */
export { Accept } from './accept';
export { Operate, type OperateOutcome } from './operate';
export { ReplayDelivery, type By } from './replay-delivery';
export { ReplayEvent, type ReplayOutcome } from './replay-event';
export { ENDPOINTS_MAX, Subscribe } from './subscribe';
