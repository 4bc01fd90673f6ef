/** The steps in the order in which a job meets them. */
export { Accept } from './accept';
export { Dispatch } from './dispatch';
export { Submit } from './submit';
export { Receive } from './receive';
export { Consume } from './consume';
export { Match } from './match';
export { Collect } from './collect';
export { Recover } from './recover/recover';
export { Tell } from './tell';
export { Deliver } from './deliver/deliver';
export { Retain } from './retain';

/** Where each step gets what it uses. */
export { assembleSteps, type Steps, type StepSettings } from './assemble';
export { Pacer } from './pacer';
export { openStores, realClock, type Clock, type StepParts, type StepStores } from './parts';

/** What is sent along with each submission. */
export { longestExtend } from './submission';

/** What people do to a job. */
export { Operate, type OperateOutcome } from './operate';

/** Where the tests make their collaborators die; nothing in production. */
export { failpointNames, failpoints } from './failpoints';
