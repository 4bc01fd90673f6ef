export { queuesOf, READ_BATCH, type Payload } from './catalog';
export { Queues, type Processor } from './queues';
export { migrateQueueStore } from './store';
