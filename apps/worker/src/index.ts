export { startWorker } from './worker.app';
