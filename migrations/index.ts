/** Every migration in the order in which it runs. A new one goes to the end. */
export { CreateJobTables1763800000000 } from './1763800000000-create-job-tables';
export { RecoverSubmissions1764000000000 } from './1764000000000-recover-submissions';
export { IndexEvidence1764000001000 } from './1764000001000-index-evidence';
export { DateHistory1764100000000 } from './1764100000000-date-history';
export { IndexHistoryDates1764100001000 } from './1764100001000-index-history-dates';
export { NoteClosedQueues1764200000000 } from './1764200000000-note-closed-queues';
export { LabelJobs1764200001000 } from './1764200001000-label-jobs';
export { IndexLists1764200002000 } from './1764200002000-index-lists';
export { IdentifyInstallation1764400000000 } from './1764400000000-identify-installation';
export { KnowProcesses1764400001000 } from './1764400001000-know-processes';
export { IndexMediaPrefixes1764400002000 } from './1764400002000-index-media-prefixes';
export { CloseEventSources1764600000000 } from './1764600000000-close-event-sources';
export { PaceCalls1764800000000 } from './1764800000000-pace-calls';
export { OutliveRows1764800001000 } from './1764800001000-outlive-rows';
export { IndexWhatIsShared1764800002000 } from './1764800002000-index-what-is-shared';
export { PartitionByMonth1764800003000 } from './1764800003000-partition-by-month';
export { RolePerProcess1764900000000 } from './1764900000000-role-per-process';
