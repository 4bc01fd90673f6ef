import type { AlarmRules } from '@app/domain';
import type { Signals } from '@app/observability';
import type { Outbound } from '@app/outbound';
import {
  AlarmStore,
  AttemptStore,
  CaseReads,
  CircuitStore,
  DeliveryStore,
  Door,
  EventMatcher,
  JobReads,
  JobStore,
  NewsStore,
  PaceStore,
  SubmissionStore,
} from '@app/persistence';
import type { Queues } from '@app/queue';
import type { VodClient } from '@app/vod';
import type { DataSource } from 'typeorm';
import type { Pacer } from './pacer';

/** What the steps read and write in Postgres. */
export interface StepStores {
  alarms: AlarmStore;
  circuits: CircuitStore;
  events: EventMatcher;
  pace: PaceStore;
  jobs: JobStore;
  submissions: SubmissionStore;
  reads: JobReads;
  cases: CaseReads;
  news: NewsStore;
  deliveries: DeliveryStore;
  attempts: AttemptStore;
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
  pacer: Pacer;
  vod: VodClient;
  /** To whoever wants to be told. */
  outbound: Outbound;
  signals: Signals;
}

export const realClock: Clock = { now: () => new Date(), chance: () => Math.random() };

export function openStores({
  db,
  signals,
  settings: { rules, maxInFlight, callMs, quotaOf },
  clock: { now, chance } = realClock,
}: {
  db: DataSource;
  signals: Signals;
  settings: { rules: AlarmRules; maxInFlight: number; callMs: number; quotaOf: (operation: string) => number };
  clock?: Clock;
}): StepStores {
  const door = new Door(db, { rules, signals, now, chance });
  const events = new EventMatcher(db, door);
  const pace = new PaceStore(db, quotaOf);
  return {
    alarms: new AlarmStore(db, rules.leaseMs, now),
    circuits: new CircuitStore(db, now),
    events,
    pace,
    jobs: new JobStore(door, events),
    submissions: new SubmissionStore(db, door, pace, { maxInFlight, callMs, now }),
    reads: new JobReads(db),
    cases: new CaseReads(db),
    news: new NewsStore(db),
    deliveries: new DeliveryStore(db),
    attempts: new AttemptStore(db),
  };
}
