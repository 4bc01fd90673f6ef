/** The steps in the order in which a job meets them. */
export { Accept } from './accept';
export { Dispatch, type DispatchOptions } from './dispatch';
export { Submit } from './submit';
export { Receive } from './receive';
export { Settle } from './settle';
export { Collect } from './collect';
export { Recover } from './recover';

/** What turns those of them that turn by themselves. */
export { Loop } from './loop';
