export { cameFromOwnPage, refusalOf } from './origin';
