export { Loop, type Next } from './loop';
