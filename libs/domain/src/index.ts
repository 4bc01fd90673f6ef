export {
  isSettled,
  isSilent,
  jobStates,
  jobTypes,
  newJob,
  priorities,
  silentStates,
  type JobCore,
  type JobState,
  type JobType,
  type Priority,
} from './job';
export { nextState, operatorEvents, statesFor, transitions, type JobEventType } from './transitions';
export { isPast, type AlarmRules } from './alarms';
export { decide, eventOfReading, type Circumstances, type JobEvent, type Reading, type ReadResult } from './decide';
export { tell, type HistoryEntry } from './story';
