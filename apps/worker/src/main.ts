import { runProcess } from '@app/process/run';

void runProcess('worker', async () => (await import('./worker.app.js')).startWorker);
