import type { VodEvent } from './callbacks';
import { type EndState, type Job, printedData, verdictOf } from './jobs';
import type { Settings } from './settings';
import { inSeconds } from './times';
import type { Signing } from './transport';
import { TYPES } from './types';

/** An event of a job to send. Everything but the job is there only where it is not the truth. */
export interface Telling {
  job: Job;
  jobId?: string;
  status?: EndState;
  signing?: Signing;
  fault?: string;
}

/** The event at the end of an AI job. */
export function eventOfJob(telling: Telling, settings: Settings, nowMs: number): VodEvent {
  const { job, jobId = job.jobId, signing, fault } = telling;
  const eventType = eventTypeOf(job, settings.eventNames);
  return {
    eventType,
    region: job.region,
    jobId,
    body: bodyOf(telling, eventType, settings, nowMs),
    ...(signing && { signing }),
    ...(fault !== undefined && { fault }),
  };
}

function eventTypeOf(job: Job, names: Settings['eventNames']): string {
  return names === 'own' ? `${job.type}Complete` : names;
}

function bodyOf(
  { job, jobId = job.jobId, status }: Telling,
  eventType: string,
  { echoExtend }: Settings,
  nowMs: number,
): object {
  // Only an event that is not VOD's speaks of a job before its end.
  const state = status ?? job.end?.state ?? 'success';
  const at = job.end?.at ?? nowMs;
  const common = { EventType: eventType, JobId: jobId, MediaId: job.mediaId };
  const ending = { Status: state, ...verdictOf(state) };
  const extend = echoExtend && job.extend !== undefined ? { Extend: job.extend } : {};
  const { time, hasCompleteTime, dataOfFailure } = TYPES[job.type].event;
  const data = state === 'success' ? printedData(job) : dataOfFailure;
  return {
    EventTime: time(at),
    ...common,
    ...(hasCompleteTime && { CompleteTime: inSeconds(at) }),
    ...ending,
    ...(data !== undefined && { Data: data }),
    ...extend,
  };
}
