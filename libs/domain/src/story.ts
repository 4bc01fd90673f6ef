import type { JobError, JobState } from './job';
import type { JobEventType } from './transitions';

/** One line of a job's history as it is stored, or one in the place of several that say the same (`folded`). */
export interface HistoryEntry {
  event: JobEventType | 'created' | 'folded';
  from: JobState | null;
  to: JobState;
  attempt: number;
  actor: string | null;
  detail: Record<string, unknown>;
}

/** The line as a sentence. The history of a job, told in order, is the story of what happened to it. */
export function describeEntry({ event, attempt, actor, detail }: HistoryEntry): string {
  const by = actor ? ` by ${actor}` : '';
  const because = detail['reason'] ? `: ${text(detail['reason'])}` : '';
  const requestId = detail['vodRequestId'] ? ` (RequestId ${text(detail['vodRequestId'])})` : '';
  switch (event) {
    case 'created':
      return `Accepted${by}${detail['forced'] ? ', forced although the same job is open' : ''}`;
    case 'claimed':
      return `Attempt ${attempt}: a worker is sending it to VOD`;
    case 'deferred':
      return `Waiting${because}`;
    case 'canceled':
      return `Canceled${by}${because}`;
    case 'accepted':
      return `VOD accepted attempt ${attempt} as ${text(detail['vodJobId'])}${requestId}`;
    case 'refused':
      return `VOD refused attempt ${attempt}: ${text(detail['code'])}, ${text(detail['message'])}${requestId}`;
    case 'throttled':
      return `VOD throttled the call (${text(detail['code'])}); not counted as an attempt`;
    case 'blocked':
      return `The account cannot submit: ${text(detail['code'])}, ${text(detail['message'])}; not counted as an attempt`;
    case 'not_sent':
      return `Nothing was sent: ${text(detail['cause'])}; not counted as an attempt`;
    case 'never_sent':
      return `The worker stopped before it sent attempt ${attempt}; safe to send again`;
    case 'outcome_unknown':
      return `No answer to attempt ${attempt}, VOD may have it: ${text(detail['cause'])}`;
    case 'reconsidered':
      return `An event for JobId ${text(detail['vodJobId'])}, same media and type, may belong to attempt ${attempt}; checking again`;
    case 'looked':
      return `Looked for attempt ${attempt} at VOD: ${text(detail['note'])}`;
    case 'resent':
      return `Sending attempt ${attempt} again: the same signed request, byte for byte`;
    case 'found':
      return `Found attempt ${attempt} at VOD as ${text(detail['vodJobId'])}: ${text(detail['evidence'])}`;
    case 'proven_absent':
      return `Attempt ${attempt} never reached VOD: ${text(detail['evidence'])}`;
    case 'undecidable':
      return `Held for a person${because}`;
    case 'event_received':
      return `VOD's event says ${text(detail['status'])} (signature ${text(detail['signature'])}); reading the result`;
    case 'read_running':
      return `Checked: VOD is still working on it (${text(detail['status'])})`;
    case 'read_succeeded':
      return `Read the result from ${text(detail['source'])}: success${detail['contradicts'] ? `, although the event said ${text(detail['contradicts'])}` : ''}${detail['problem'] ? `, but its data is unusable: ${text(detail['problem'])}` : ''}`;
    case 'read_failed':
      return `VOD failed: ${text(detail['code'])}, ${text(detail['message'])}${detail['contradicts'] ? `, although the event said ${text(detail['contradicts'])}` : ''}`;
    case 'read_missing':
      return 'Checked: VOD does not know this JobId';
    case 'read_unavailable':
      return `Could not check: ${text(detail['cause'])}`;
    case 'read_stranger':
      return `Checked: ${text(detail['cause'])}`;
    case 'disowned':
      return `Held for a person: ${text(detail['cause'])}, in ${text(detail['misses'])} checks in a row`;
    case 'adopted':
      return `Adopted VOD's job ${text(detail['candidate'])}${by}${because}; reading it`;
    case 'vanished':
      return `Held for a person: VOD did not know the JobId in ${text(detail['misses'])} checks in a row`;
    case 'deadline_passed':
      return 'Expired: not finished by its deadline, after a last check';
    case 'resubmitted':
      return `Queued for a new submission${by}${because}`;
    case 'given_up':
      return `Given up${by}${because}`;
    case 'retried':
      return `Queued again${by}${because}`;
    case 'refetched':
      return `Fetching the result again${by}${because}`;
    case 'folded':
      return `${text(detail['count'])} more like these: events that changed nothing`;
  }
}

/** The job's error as this line left it: what `decide` makes of the event, read from what is kept of it. */
export function errorIn({ event, detail }: HistoryEntry): JobError | null {
  const said = (key: string) => text(detail[key]);
  switch (event) {
    case 'refused':
      return { phase: 'submit', code: said('code'), message: said('message') };
    case 'read_failed':
      return { phase: 'vod', code: said('code'), message: said('message') };
    case 'read_succeeded':
      return detail['problem'] ? { phase: 'result', code: 'unusable_data', message: said('problem') } : null;
    case 'undecidable':
      return { phase: 'recover', code: 'undecidable', message: said('reason') };
    case 'vanished':
      return {
        phase: 'recover',
        code: 'vanished',
        message: `VOD did not know the JobId in ${said('misses')} reads in a row`,
      };
    case 'disowned':
      return { phase: 'recover', code: 'not_ours', message: `${said('cause')}, in ${said('misses')} reads in a row` };
    case 'deadline_passed':
      return { phase: 'vod', code: 'deadline_passed', message: 'VOD had not finished the job by its deadline' };
    case 'given_up':
      return {
        phase: 'recover',
        code: 'given_up',
        message: detail['reason'] ? said('reason') : 'given up by a person',
      };
    default:
      return null;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'unknown';
}
