export { cameFromOwnPage, isLoopback, refusalOf, type Asked, type Door } from './origin';
