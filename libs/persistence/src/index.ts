export { assertSchema, createDataSource, migrate, SchemaTooOldError } from './data-source';
export { channels } from './channels';
export {
  JobStore,
  type Change,
  type Claim,
  type JobStoreOptions,
  type SubmissionAnswer,
  type Verdict,
} from './job.store';
export { RequestStore, type Acceptance, type Draft, type StoredRequest } from './request.store';
export { EventStore, type Notification } from './event.store';
export { AlarmStore, type DueCounts } from './alarm.store';
export { CircuitStore } from './circuit.store';
export { CaseReads, type CandidateEvent, type Case } from './case.reads';
export { ChangeReads, type News } from './change.reads';
export { ClosedQueueStore } from './closed-queue.store';
export { Heartbeat } from './heartbeat';
export { JobReads, type HistoryRow, type ResultRow } from './job.reads';
export type { JobFilter } from './job.finder';
export { ListReads, type EventRow } from './list.reads';
export { EvidenceReads, type Evidence } from './evidence.reads';
export { FlowReads, type Throughput } from './flow.reads';
export { FlowWindows, type Flow } from './flow';
export { JobCounts, type JobCount } from './job.counts';
export { StatsReads, type Stats } from './stats.reads';
export { OutlookReads, type JobOutlook, type Late } from './outlook.reads';
export { ProgressReads, type Progress } from './progress.reads';
export { formatPosition, isAhead, parsePosition, type Position } from './position';
export { capIn, ProcessStore, type LivingProcess, type WorkerLimits } from './process.store';
export { Listener } from './listener';
export { sqlState } from './gather';
export type { JobRow } from './rows';
