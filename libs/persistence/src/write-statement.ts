import type { EventVerdict, JobEvent, JobState, JobType } from '@app/domain';
import { channels } from './channels';
import type { HistoryEntity } from './entities/history.entity';
import type { SubmissionOutcome } from './entities/submission.entity';
import { toJson, type JobRow } from './rows';
import type { Statement } from './transaction';

/** A line of the history to be. */
export interface HistoryLine {
  jobId: string;
  version: number;
  at: Date;
  event: JobEvent['type'];
  fromState: JobState;
  toState: JobState;
  attempt: number;
  actor: string | null;
  detail: HistoryEntity['detail'];
}

/** An attempt to submit, as it is stored before the call. */
export interface Submission {
  requestId: string;
  /** Counts the attempts of a request, from 1. */
  number: number;
  nonce: string;
  signedAt: Date;
  jobs: { id: string; type: JobType }[];
}

/** How a call that submits ended, for its row in `submission`. */
export interface SubmissionAnswer {
  requestId: string;
  number: number;
  outcome: SubmissionOutcome;
  vodRequestId: string | null;
  code: string | null;
  message: string | null;
  /** VOD's gateway knew the nonce: an earlier call with it had arrived. */
  nonceSeen?: boolean;
}

/** What a stored event turned out to be, for its row in `event`. */
export interface MatchedEvent {
  id: string;
  verdict: Exclude<EventVerdict, 'received'>;
  jobId: string | null;
  reason: string | null;
}

/** A locked job, as it is after the changes so far. */
export interface LockedJob extends JobRow {
  wasVersion: number;
  lines: HistoryLine[];
  result: Extract<JobEvent, { type: 'read_succeeded' }>['result'] | null;
}

/** What is committed together. */
export interface Written {
  moved: LockedJob[];
  submissions: Submission[];
  answers: SubmissionAnswer[];
  events: MatchedEvent[];
  now: Date;
}

/**
 * One statement for the whole batch: one round trip, however many rows of however many tables. It has only the parts that there are
 * rows for, as Postgres sets up every part of a statement, and that costs more than writing a row or two. There are a few
 * such texts, and a connection prepares each of them once.
 */
export function writeStatement(written: Written, lazily: boolean): Statement {
  const { moved, submissions, answers, events, now } = written;
  const parameters: unknown[] = [];
  const value = (given: unknown) => `$${parameters.push(given)}`;
  const rows = (given: unknown[]) => value(toJson(given));
  const results = moved.flatMap((job) => (job.result ? [{ jobId: job.id, ...job.result }] : []));
  const attempts = submissions.map((submission) => ({ ...submission, types: submission.jobs.map((job) => job.type) }));
  const notified = channelsFor(moved, now);
  const parts = [
    moved.length > 0 && moveJobs(rows(moved.map(toStored))),
    moved.length > 0 && writeHistory(rows(moved.flatMap((job) => job.lines))),
    results.length > 0 && writeResults(rows(results), value(now)),
    attempts.length > 0 && writeSubmissions(rows(attempts)),
    answers.length > 0 && writeAnswers(rows(answers), value(now)),
    events.length > 0 && writeVerdicts(rows(events)),
    notified.length > 0 && notify(value(notified)),
  ].filter((part) => part !== false);
  const outcomes = [
    moved.length > 0 && missing(value(moved.length)),
    notified.length > 0 && `(select count(*)::int from notified) as notified`,
    lazily && `set_config('synchronous_commit', 'off', true) as commit`,
  ].filter((outcome) => outcome !== false);
  return { text: `/* write */ with ${parts.join(', ')} select ${outcomes.join(', ')}`, parameters };
}

/** Whom to notify with the commit: whoever shows changes, and the dispatcher for what is due. */
function channelsFor(moved: LockedJob[], now: Date): string[] {
  const isDue = moved.some((job) => job.dueAt !== null && job.dueAt <= now);
  return [...(moved.length > 0 ? [channels.jobChanged] : []), ...(isDue ? [channels.jobDue] : [])];
}

function toStored({ lines: _lines, result: _result, labels: _labels, ...core }: LockedJob) {
  return core;
}

const moveJobs = (rows: string) => `
  moved as (
    update job
       set state = n.state, version = n.version, due_at = n."dueAt", attempt = n.attempt, attempts = n.attempts,
           tries = n.tries, misses = n.misses, vod_job_id = n."vodJobId", event_status = n."eventStatus",
           error_phase = n.error ->> 'phase', error_code = n.error ->> 'code', error_message = n.error ->> 'message',
           submitted_at = n."submittedAt", last_read_at = n."lastReadAt",
           finished_at = n."finishedAt", settled_at = n."settledAt",
           holds_natural_key = job.holds_natural_key and n."settledAt" is null
      from jsonb_to_recordset(${rows}::jsonb) as n(
           id uuid, state text, "wasVersion" integer, version integer, "dueAt" timestamptz, attempt integer,
           attempts integer, tries integer, misses integer, "vodJobId" text, "eventStatus" text, error jsonb,
           "submittedAt" timestamptz, "lastReadAt" timestamptz, "finishedAt" timestamptz, "settledAt" timestamptz)
     where job.id = n.id and job.version = n."wasVersion"
     returning job.id
  )`;

/** A job that is not as it was when it was locked, which cannot happen while everyone uses the door, fails the statement. */
const missing = (moved: string) => `
  case when (select count(*) from moved) <> ${moved}::int
       then ((select count(*) from moved) || ' of ' || ${moved}::int || ' jobs could be written')::int end as missing`;

const writeHistory = (rows: string) => `
  line as (
    insert into history (job_id, version, at, event, from_state, to_state, attempt, actor, detail)
    select "jobId", version, at, event, "fromState", "toState", attempt, actor, detail
      from jsonb_to_recordset(${rows}::jsonb) as h("jobId" uuid, version integer, at timestamptz, event text,
           "fromState" text, "toState" text, attempt integer, actor text, detail jsonb)
  )`;

const writeResults = (rows: string, now: string) => `
  read as (
    insert into result (job_id, raw, normalized, source, read_at)
    select "jobId", raw, nullif(normalized, 'null'), source, ${now}::timestamptz
      from jsonb_to_recordset(${rows}::jsonb) as r("jobId" uuid, raw text, normalized jsonb, source text)
    on conflict (job_id) do update
       set raw = excluded.raw, normalized = excluded.normalized, source = excluded.source, read_at = excluded.read_at
     where excluded.normalized is not null or result.normalized is null  -- nothing usable takes the place of what is
  )`;

const writeSubmissions = (rows: string) => `
  attempted as (
    insert into submission (request_id, number, types, nonce, signed_at)
    select "requestId", number, types, nonce, "signedAt"
      from jsonb_to_recordset(${rows}::jsonb)
        as s("requestId" uuid, number integer, types text[], nonce text, "signedAt" timestamptz)
  )`;

const writeAnswers = (rows: string, now: string) => `
  answered as (
    update submission
       set outcome = a.outcome, answered_at = ${now}::timestamptz, vod_request_id = a."vodRequestId", code = a.code, message = a.message,
           nonce_seen_at = case when a."nonceSeen" then ${now}::timestamptz else submission.nonce_seen_at end
      from jsonb_to_recordset(${rows}::jsonb) as a("requestId" uuid, number integer, outcome text, "vodRequestId" text,
           code text, message text, "nonceSeen" boolean)
     where (submission.request_id, submission.number) = (a."requestId", a.number)
       and (submission.outcome is distinct from 'accepted' or a.outcome = 'accepted')  -- nothing later takes that back
  )`;

const writeVerdicts = (rows: string) => `
  matched as (
    update event
       set verdict = v.verdict, job_id = v."jobId", reason = v.reason
      from jsonb_to_recordset(${rows}::jsonb) as v(id uuid, verdict text, "jobId" uuid, reason text)
     where event.id = v.id
  )`;

const notify = (channelNames: string) => `
  notified as materialized (
    select pg_notify(channel, '') from unnest(${channelNames}::text[]) as channel
  )`;
