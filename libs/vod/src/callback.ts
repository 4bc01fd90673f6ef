/**
 * What the webhook needs to know about VOD. It faces the internet, so this entry leads to nothing that can call VOD or
 * that reads a cloud key.
 */
export { signCallback, verifyCallback, type CallbackVerdict } from './callback-signature';
export { parseEvent, parseEventHead, type VodEvent } from './events';
export { parseVodTime } from './fields';
