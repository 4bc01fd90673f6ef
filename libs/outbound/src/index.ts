export { Networks } from './networks';
export { Outbound, type OutboundOptions, type Posted } from './post';
export { checkTarget } from './target';
