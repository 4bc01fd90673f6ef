import { runProcess } from '@app/process/run';

void runProcess('webhook', async () => (await import('./webhook.app.js')).startWebhook);
