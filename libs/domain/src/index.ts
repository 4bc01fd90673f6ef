export {
  byType,
  completionOf,
  jobTypes,
  shortTypeNames,
  submitOperationOf,
  submitOperations,
  typeNames,
  type CompletionOf,
  type JobType,
  type SubmitOperation,
  type SubmitOperationOf,
} from './job-type';
export {
  isAtVod,
  isReadable,
  isSettled,
  isSilent,
  jobStates,
  newJob,
  priorities,
  atVodStates,
  handedOutStates,
  listeningStates,
  readableStates,
  settledStates,
  silentStates,
  unidentifiedStates,
  verdictStates,
  type JobCore,
  type JobState,
  type Priority,
} from './job';
export { billSoFar } from './bill';
export {
  collectiveEvents,
  completionEvents,
  completionsOf,
  eventSignatures,
  eventSources,
  eventVerdicts,
  isReplayable,
  isTrusted,
  namesSomething,
  replayableVerdicts,
  trustedSignatures,
  type EventSignature,
  type EventSource,
  type EventVerdict,
} from './event';
export { nextState, operatorEvents, statesFor, transitions, type JobEventType } from './transitions';
export {
  AFTER_GRACE_MAX_MS,
  AFTER_GRACE_MS,
  backOff,
  NOTICE_GAP_MS,
  isPast,
  RESEND_WITHIN_MS,
  type AlarmRules,
} from './alarms';
export { decide, type Circumstances, type JobEvent, type Objection, type ReadResult, type Rung } from './decide';
export { eventOfReading, type Reading } from './reading';
export { outlookOf, outlookReasons, type Outlook, type Surroundings } from './outlook';
export { describeEntry, type HistoryEntry } from './story';
export {
  auditedParts,
  suggestions,
  tagGroups,
  type AuditCheck,
  type AuditedPart,
  type AuditMoment,
  type AuditResult,
  type FingerprintResult,
  type Match,
  type NormalizedResult,
  type Segment,
  type Sentence,
  type Span,
  type Suggestion,
  type Tag,
  type TagGroup,
  type TagResult,
  type Transcript,
} from './result';
