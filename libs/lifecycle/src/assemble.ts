import type { Signals } from '@app/observability';
import {
  AlarmStore,
  CaseReads,
  CircuitStore,
  Door,
  EventMatcher,
  JobReads,
  JobStore,
  SubmissionStore,
} from '@app/persistence';
import type { Queues } from '@app/queue';
import type { VodClient } from '@app/vod';
import type { DataSource } from 'typeorm';
import { Collect } from './collect';
import { Dispatch, type DispatchOptions } from './dispatch';
import { failpoints } from './failpoints';
import type { RecoverOptions } from './recover/conclude';
import { Recover } from './recover/recover';
import { Settle } from './settle';
import { Submit } from './submit';

/** What the steps read and write in Postgres. */
export interface StepStores {
  alarms: AlarmStore;
  circuits: CircuitStore;
  events: EventMatcher;
  jobs: JobStore;
  submissions: SubmissionStore;
  reads: JobReads;
  cases: CaseReads;
}

/** Time and chance: a test has its own. */
export interface Clock {
  now: () => Date;
  /** In [0, 1). */
  chance: () => number;
}

/** All that a step may use. Each picks what it does use. */
export interface StepParts extends StepStores, Clock {
  queues: Queues;
  vod: VodClient;
  signals: Signals;
}

export interface StepSettings extends DispatchOptions, RecoverOptions {}

export interface Steps {
  dispatch: Dispatch;
  submit: Submit;
  settle: Settle;
  collect: Collect;
  recover: Recover;
}

export const realClock: Clock = { now: () => new Date(), chance: () => Math.random() };

export function openStores({
  db,
  signals,
  settings: { rules, maxInFlight, callMs },
  clock: { now, chance } = realClock,
}: {
  db: DataSource;
  signals: Signals;
  settings: Pick<StepSettings, 'rules' | 'maxInFlight' | 'callMs'>;
  clock?: Clock;
}): StepStores {
  const door = new Door(db, { rules, signals, now, chance });
  const events = new EventMatcher(db, door);
  return {
    alarms: new AlarmStore(db, rules.leaseMs, now),
    circuits: new CircuitStore(db, now),
    events,
    jobs: new JobStore(door, events),
    submissions: new SubmissionStore(db, door, { maxInFlight, callMs, now }),
    reads: new JobReads(db),
    cases: new CaseReads(db),
  };
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
