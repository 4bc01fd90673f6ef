import { Collect } from './collect';
import { Dispatch, type DispatchOptions } from './dispatch';
import { failpoints } from './failpoints';
import type { RecoverOptions } from './recover/conclude';
import type { StepParts } from './parts';
import { Recover } from './recover/recover';
import { Settle } from './settle';
import { Submit } from './submit';

export interface StepSettings extends DispatchOptions, RecoverOptions {}

export interface Steps {
  dispatch: Dispatch;
  submit: Submit;
  settle: Settle;
  collect: Collect;
  recover: Recover;
}

/** The one place where the steps get what they use: the worker's, and those of the tests. */
export function assembleSteps({
  parts,
  settings,
  arm = failpoints(undefined),
}: {
  parts: StepParts;
  settings: StepSettings;
  arm?: ReturnType<typeof failpoints>;
}): Steps {
  return {
    dispatch: new Dispatch(arm('dispatch', parts), settings),
    submit: new Submit(arm('submit', parts)),
    settle: new Settle(arm('settle', parts)),
    collect: new Collect(arm('collect', parts), settings.rules),
    recover: new Recover(arm('recover', parts), settings),
  };
}
