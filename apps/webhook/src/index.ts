export { startWebhook } from './webhook.app';
