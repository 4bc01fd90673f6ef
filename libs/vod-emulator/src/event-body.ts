import { type EventForms, eventTime } from './event-forms';
import { type EndState, type Job, dataOf, printedData, resultOf, verdictOf } from './jobs';
import type { Settings } from './settings';
import { inSeconds } from './times';
import type { Signing } from './transport';
import { TYPES } from './types';
import type { Addressed, VodEvent } from './vod-event';

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
    ...addressOf(job),
    jobId,
    mediaId: job.mediaId,
    body: bodyOf(telling, eventType, settings, nowMs),
    ...(signing && { signing }),
    ...(fault !== undefined && { fault }),
  };
}

export function addressOf({ region, appId, callback }: Job): Addressed {
  return { region, appId, subscription: 'AIComplete', own: callback };
}

function eventTypeOf(job: Job, names: Settings['eventNames']): string {
  return names === 'own' ? `${job.type}Complete` : names;
}

function bodyOf(
  { job, jobId = job.jobId, status }: Telling,
  eventType: string,
  { echoExtend, eventForms }: Settings,
  nowMs: number,
): object {
  // Only an event that is not VOD's speaks of a job before its end.
  const state = status ?? job.end?.state ?? 'success';
  const at = job.end?.at ?? nowMs;
  const { time, hasCompleteTime } = TYPES[job.type].event;
  const data = state === 'success' ? dataOfSuccess(job, eventForms) : dataOfFailure(job, eventForms);
  return {
    EventTime: eventTime(eventForms, time, at),
    EventType: eventType,
    JobId: jobId,
    MediaId: job.mediaId,
    ...(hasCompleteTime && eventForms.pages === 'newest' && { CompleteTime: inSeconds(at) }),
    Status: state,
    ...(saysVerdict(state, eventForms) && verdictOf(state)),
    ...(data !== undefined && { Data: data }),
    ...(echoExtend && job.extend !== undefined && { Extend: job.extend }),
  };
}

function saysVerdict(state: EndState, { verdict }: EventForms): boolean {
  return verdict === 'always' || (verdict === 'of_failure' && state === 'fail');
}

function dataOfSuccess(job: Job, { data }: EventForms): string | object {
  if (data === 'own') return printedData(job);
  return data === 'text' ? dataOf(job) : resultOf(job);
}

function dataOfFailure(job: Job, forms: EventForms): string | undefined {
  switch (forms.dataOfFailure) {
    case 'own':
      return TYPES[job.type].event.dataOfFailure;
    case 'absent':
      return undefined;
    case 'empty_text':
      return '';
    case 'empty_object_text':
      return '{}';
  }
}
