export { startApi } from './api.app';
