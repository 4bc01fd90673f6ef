export { openProcess, type OpenProcess } from './open-process';
