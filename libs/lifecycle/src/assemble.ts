import { Collect } from './collect';
import { Deliver } from './deliver/deliver';
import { Dispatch, type DispatchOptions } from './dispatch';
import { failpoints } from './failpoints';
import type { RecoverOptions } from './recover/conclude';
import type { StepParts } from './parts';
import { Recover } from './recover/recover';
import { Match } from './match';
import { Submit } from './submit';
import { Tell } from './tell';

export interface StepSettings extends DispatchOptions, RecoverOptions {
  /** Calls a second of each operation of VOD, per region. */
  quotaOf: (operation: string) => number;
}

export interface Steps {
  dispatch: Dispatch;
  submit: Submit;
  match: Match;
  collect: Collect;
  recover: Recover;
  tell: Tell;
  deliver: Deliver;
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
    match: new Match(arm('match', parts), settings),
    collect: new Collect(arm('collect', parts), settings.rules),
    recover: new Recover(arm('recover', parts), settings),
    tell: new Tell(arm('tell', parts)),
    deliver: new Deliver(arm('deliver', parts)),
  };
}
