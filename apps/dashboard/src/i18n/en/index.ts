import { actions } from './actions';
import { bulk } from './bulk';
import { common } from './common';
import { events } from './events';
import { filters } from './filters';
import { flow } from './flow';
import { held } from './held';
import { job } from './job';
import { jobs } from './jobs';
import { session } from './session';
import { shell } from './shell';
import { story } from './story';
import { submit } from './submit';

/** One namespace for each folder that speaks. */
export const en = { actions, bulk, common, events, filters, flow, held, job, jobs, session, shell, story, submit };
