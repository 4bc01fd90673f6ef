import type { en } from '../en';
import type { SameKeys } from '../same-keys';
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

export { ofZod, problems, said } from './said';

/** In the words of VOD's own console in Chinese. */
export const zh: SameKeys<typeof en> = {
  actions,
  bulk,
  common,
  events,
  filters,
  flow,
  held,
  job,
  jobs,
  session,
  shell,
  story,
  submit,
};
