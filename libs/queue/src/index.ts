export { queueName, queuesOf, READ_BATCH, type Payload, type QueueKind } from './catalog';
export { missingQueueGrants } from './postgres-rights';
export { prefixOf, Queues, type Processor } from './queues';
export { migrateQueueStore } from './store';
