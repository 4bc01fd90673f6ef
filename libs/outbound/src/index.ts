export { Networks } from './networks';
export { Outbound, type OutboundOptions, type Posted, type Posting } from './post';
export { checkTarget } from './target';
