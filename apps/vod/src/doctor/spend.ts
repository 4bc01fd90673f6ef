import { typeNames, type JobType } from '@app/domain';
import {
  catalogue,
  normalizeResult,
  type SignedSubmission,
  type SubmitOutcome,
  type VodClient,
  type VodJob,
} from '@app/vod';
import { remedyFor } from '../remedies';
import { checkArrival, type Api } from './arrival';
import { bad, ok, skipped, type Finding } from './finding';
import { wasRemembered } from './nonce';
import { submissionOf } from './submission';

/** How long VOD may take. Ctrl-C ends it earlier; the job goes on at VOD then. */
const PATIENCE_MS = 30 * 60_000;
/** How long after the end a list may lag. */
const LISTING_PATIENCE_MS = 5 * 60_000;
const LOOKS_MS = { first: 250, longest: 10_000 };

export interface Spending {
  region: string;
  mediaId: string;
  type: JobType;
  /** 2: the same bytes are sent again, which is a second paid job if VOD's memory fails. */
  jobs: 1 | 2;
}

export interface SpendParts {
  vod: VodClient;
  /** A client without a connection yet. */
  open: () => VodClient;
  wait: (ms: number) => Promise<unknown>;
  now: () => number;
  /** Where the event can be looked for. */
  api: Api | null;
}

/** What is paid for what, before anybody agrees to it. */
export function costOf({ region, mediaId, type, jobs }: Spending): string {
  const first = `This submits 1 job that is paid: ${typeNames[type]} (${type}) of ${mediaId} in ${region}. VOD bills the minutes of this video when it succeeds`;
  if (jobs === 1) return `${first}.`;
  return `${first}. The very same request is sent once more: VOD should refuse it; if it does not, that is a second paid job.`;
}

/** Follows one real job from its submission to its end, and tells what VOD's pages leave open (docs/reliability.md). */
export async function spend(parts: SpendParts, spending: Spending): Promise<Finding[]> {
  const { vod, now } = parts;
  const { region, type, mediaId, jobs } = spending;
  const about = (check: string) => ({ check, region });
  const submission = submissionOf(type, mediaId, new Date(now()));
  const outcome = await vod.submit(region, submission);
  if (outcome.outcome !== 'accepted') return [notTaken(outcome, region)];
  const begunAt = now();
  const jobId = outcome.jobs[0]?.vodJobId ?? '';
  const findings = [ok(about('submission'), `VOD took it as ${jobId} (RequestId ${outcome.requestId ?? 'unknown'})`)];
  if (jobs === 2) findings.push(await sendAgain(parts, region, submission));

  const seen = await follow(parts, spending, jobId, begunAt);
  findings.push(...findingsOf(seen, spending, jobId));
  if (seen.end !== null) findings.push(...(await checkArrival(parts, region, jobId)));
  return findings;
}

function notTaken(outcome: Exclude<SubmitOutcome, { outcome: 'accepted' }>, region: string): Finding {
  const about = { check: 'submission', region };
  switch (outcome.outcome) {
    case 'not_sent':
      return bad(about, `nothing was sent: ${outcome.cause}`, 'can this machine reach VOD_ENDPOINT?');
    case 'unknown':
      return bad(
        about,
        `the answer was lost (${outcome.cause}): VOD may have a job, and bill it`,
        'look for it in the console',
      );
    case 'busy':
      return bad(about, `VOD throttles: ${outcome.code}`, remedyFor(outcome.code));
    case 'refused':
    case 'blocked':
      return bad(about, `nothing is paid, VOD refuses: ${outcome.code}: ${outcome.message}`, remedyFor(outcome.code));
  }
}

async function sendAgain({ open }: SpendParts, region: string, submission: SignedSubmission): Promise<Finding> {
  const about = { check: 'resend', region };
  const other = open();
  try {
    const again = await other.submit(region, submission);
    if (wasRemembered(again)) return ok(about, 'the same bytes once more are refused (SignatureNonceUsed)');
    if (again.outcome !== 'accepted') return skipped(about, `not known: it ended with ${again.outcome}`);
    const ids = again.jobs.map(({ vodJobId }) => vodJobId).join(', ');
    return bad(about, `the same bytes once more are a second paid job: ${ids}`, 'set RESEND_PINNED=false');
  } finally {
    other.close();
  }
}

/** All times are counted from the answer to the submission. */
interface Seen {
  /** When the operation that reads jobs knew the JobId first. */
  knownMs: number | null;
  /** When ListJobInfo had it first. */
  listedMs: number | null;
  /** How many others ListJobInfo had of the media. */
  others: number;
  end: { job: VodJob; ms: number } | null;
}

async function follow(
  { vod, wait, now }: SpendParts,
  { region, type, mediaId }: Spending,
  jobId: string,
  begunAt: number,
): Promise<Seen> {
  const seen: Seen = { knownMs: null, listedMs: null, others: 0, end: null };
  for (let gap = LOOKS_MS.first; ; gap = Math.min(2 * gap, LOOKS_MS.longest)) {
    if (seen.end === null) {
      const read = await vod.readJobs(region, catalogue[type].read, [jobId]);
      const job = read.outcome === 'answered' ? read.value.jobs[0] : undefined;
      if (job) seen.knownMs ??= now() - begunAt;
      if (job?.status === 'success' || job?.status === 'fail') seen.end = { job, ms: now() - begunAt };
    }
    if (seen.listedMs === null) {
      const list = await vod.listJobInfo(region, mediaId);
      const jobs = list.outcome === 'answered' ? list.value.jobs : [];
      if (jobs.some((job) => job.jobId === jobId)) seen.listedMs = now() - begunAt;
      seen.others = jobs.filter((job) => job.jobId !== jobId).length;
    }
    const patienceMs = seen.end === null ? PATIENCE_MS : seen.end.ms + LISTING_PATIENCE_MS;
    if ((seen.end !== null && seen.listedMs !== null) || now() - begunAt >= patienceMs) return seen;
    await wait(gap);
  }
}

function findingsOf({ knownMs, listedMs, others, end }: Seen, { region, type }: Spending, jobId: string): Finding[] {
  const about = (check: string) => ({ check, region });
  const { operation } = catalogue[type].read;
  return [
    knownMs === null
      ? bad(
          about('read'),
          `${operation} never knew ${jobId}`,
          'jobs of ours would be held as vanished: ask the support',
        )
      : ok(about('read'), `${operation} knew the JobId after ${seconds(knownMs)}`),
    end === null
      ? bad(
          about('end'),
          `still running after ${seconds(PATIENCE_MS)}`,
          'JOB_DEADLINE and POLL_MAX should be far above that',
        )
      : endFinding(end, type, region),
    listedMs === null
      ? bad(
          about('listing'),
          'ListJobInfo does not list it',
          'leave listing out of RECOVER_BY: more jobs are held, none is paid twice',
        )
      : ok(
          about('listing'),
          `ListJobInfo listed it after ${seconds(listedMs)}, beside ${others} others: RECOVER_GRACE has to be several times as long`,
        ),
  ];
}

function endFinding({ job, ms }: { job: VodJob; ms: number }, type: JobType, region: string): Finding {
  const about = { check: 'end', region };
  if (job.status === 'fail') {
    const why = [job.code, job.message].filter(Boolean).join(': ') || 'without a reason';
    return bad(about, `it failed after ${seconds(ms)}, and is not billed: ${why}`, 'try another video');
  }
  const result = normalizeResult(type, job.data ?? '');
  if (result.ok) return ok(about, `success after ${seconds(ms)}, with a result that can be read`);
  return bad(
    about,
    `success after ${seconds(ms)}, and its result is not understood: ${result.reason}`,
    'keep its text, and report it',
  );
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
