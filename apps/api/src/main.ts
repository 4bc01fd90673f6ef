import { runProcess } from '@app/process/run';

void runProcess('api', async () => (await import('./api.app.js')).startApi);
