/** The steps in the order in which a job meets them. */
export { Accept } from './accept';
export { Dispatch, type DispatchOptions } from './dispatch';
export { Submit } from './submit';
export { Receive } from './receive';
export { Match } from './match';
export { Collect } from './collect';
export { Recover } from './recover/recover';
export type { RecoverOptions } from './recover/conclude';

/** What people do to a job. */
export { Operate, type OperateOutcome } from './operate';

/** Where the tests make their collaborators die; nothing in production. */
export { failpointNames, failpoints } from './failpoints';

/** What turns those of them that turn by themselves. */
export { Loop } from './loop';
