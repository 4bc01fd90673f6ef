import { randomUUID } from 'node:crypto';
import { atVodStates, RESEND_WITHIN_MS, submitOperationOf, type JobType, type SubmitOperation } from '@app/domain';
import type { DataSource, EntityManager } from 'typeorm';
import type { Batch, Change, Door, Submission } from './door';
import { Gather } from './gather';
import { inStates } from './in-states';
import { jobColumns, toJson, type FlatJobRow } from './rows';

/** Those of a request's queued jobs that one operation submits, claimed for one call of it. */
export interface Claim extends Submission {
  operation: SubmitOperation;
  region: string;
  mediaId: string;
  config: Record<string, unknown>;
}

export interface SubmissionOptions {
  /** Jobs at VOD at once, per region and type; 0 is no cap. */
  maxInFlight: number;
  /** How long one call that submits can take: a send must fit into what is left of its lease. */
  callMs: number;
  now?: () => Date;
}

/** An answer that gets lost so often will not come. */
const RESENDS_AT_MOST = 5;

const TWO_LANES = { batch: 100, lanes: 2 };

/** Attempts to submit. Whatever a call relies on is committed here before it goes out, since it may cost money. */
export class SubmissionStore {
  private readonly claims = new Gather((asked: ClaimAsked[]) => this.claimAll(asked), TWO_LANES);
  private readonly sends = new Gather((sends: Send[]) => this.markAllSent(sends), TWO_LANES);
  private readonly now: () => Date;

  constructor(
    private readonly db: DataSource,
    private readonly door: Door,
    private readonly options: SubmissionOptions,
  ) {
    this.now = options.now ?? (() => new Date());
  }

  /**
   * Claims a request's queued jobs, for one submission for each operation that submits some of them, and commits these
   * submissions, nonce and time included, before anything is sent. None when nothing is queued any more: the same
   * delivery twice, or a job that moved on; or when the account's circuit is open and this is not the probe.
   */
  claim(requestId: string, { probe = false } = {}): Promise<Claim[]> {
    return this.claims.add({ requestId, probe });
  }

  /**
   * Commits "about to be sent" in the moment before the call. False when the claim is no longer ours: its lease is
   * too short for the call, or somebody declared the attempt dead. Not a change of state, so it is no event; it locks
   * the same rows, so that `never_sent` and the send can never both be true.
   *
   * @param signer fingerprint of the access key that signs it
   */
  markSent(claim: Claim, signer: string | null): Promise<boolean> {
    return this.sends.add({ claim, signer });
  }

  /**
   * Commits "about to be sent once more" for a submission of which nothing is known yet. Null when it must not be: one of
   * its jobs is known by now or moved on, the nonce was seen or spent, another key would sign it, its time is over, or somebody
   * else is at it.
   */
  claimResend(requestId: string, number: number, signer: string): Promise<Claim | null> {
    return this.door.commit(async (batch) => {
      const rows = await batch.tx.query<SubmittedRow[]>(jobsOfAttempt, [requestId, number]);
      const [first] = rows;
      // An older version may have sent types of two operations by one call: that can't be made again as it was.
      if (new Set(rows.map(({ type }) => submitOperationOf(type))).size > 1) return null;
      // guard: resend-unknown-only
      if (!first || rows.some((row) => row.state !== 'unconfirmed' || row.vodJobId !== null)) return null;
      const submission = await this.countResend(batch, { requestId, number, signer, jobs: rows.length });
      if (!submission) return null;
      const { nonce, signedAt, resends } = submission;
      batch.take(rows);
      for (const { id } of rows) {
        batch.apply({ jobId: id, event: { type: 'resent', attempt: number, number: resends } });
      }
      const { region, mediaId, config, type } = first;
      const operation = submitOperationOf(type);
      return { requestId, number, operation, region, mediaId, config, nonce, signedAt, jobs: rows.map(idAndType) };
    });
  }

  private async countResend(
    { tx, now }: Batch,
    { requestId, number, signer, jobs }: { requestId: string; number: number; signer: string; jobs: number },
  ): Promise<{ nonce: string; signedAt: Date; resends: number } | undefined> {
    const sinceSigned = new Date(now.getTime() - RESEND_WITHIN_MS);
    const lastEnded = new Date(now.getTime() - this.options.callMs);
    // TypeORM answers UPDATE … RETURNING with rows and their count.
    // guard: resend-unseen-nonce, resend-bounded, resend-in-time, resend-alone, resend-same-key, resend-all-types, resend-unspent
    const [[submission]] = await tx.query<[{ nonce: string; signedAt: Date; resends: number }[]]>(
      `update submission
          set resends = resends + 1, resent_at = $4
        where request_id = $1 and number = $2 and signer = $3
          and nonce_seen_at is null and resends < ${RESENDS_AT_MOST} and signed_at > $5 and sent_at > $5
          and (resent_at is null or resent_at <= $6)   -- another worker may still wait for the answer to its own
          and cardinality(types) = $7                  -- without one of its types it would be another request
          and code is null   -- a call that VOD has refused has spent the nonce: what is said of it since is not about the first
        returning nonce, signed_at as "signedAt", resends`,
      [requestId, number, signer, now, sinceSigned, lastEnded, jobs],
    );
    return submission;
  }

  private async claimAll(asked: ClaimAsked[]): Promise<Claim[][]> {
    const probes = asked.filter(({ probe }) => probe).map(({ requestId }) => requestId);
    const requestIds = asked.map(({ requestId }) => requestId);
    const claims = await this.door.commit(
      async (batch) => {
        const queued = await batch.tx.query<QueuedRow[]>(queuedJobs, [requestIds, probes]);
        batch.take(queued);
        return this.claimFitting(batch, queued);
      },
      { lazily: true },
    );
    // The same request twice in one batch is the same delivery twice: the first gets the claims, the other nothing.
    return requestIds.map((requestId, i) =>
      requestIds.indexOf(requestId) === i ? claims.filter((claim) => claim.requestId === requestId) : [],
    );
  }

  /** Claims what may go to VOD now, and puts off the rest with the reason. */
  private async claimFitting(batch: Batch, queued: QueuedRow[]): Promise<Claim[]> {
    const blocked = queued.filter((row) => row.blocked !== null);
    const open = queued.filter((row) => row.blocked === null);
    const { fitting, capped } = await this.fitUnderCap(batch.tx, open);
    const claims = groupByCall(fitting, batch.now);
    batch.submissions.push(...claims);
    const changes = [
      ...blocked.map((row) => deferred(row.id, `the account cannot submit in ${row.region} (${row.blocked})`)),
      ...capped.map(({ id }) => deferred(id, 'as many jobs as allowed are at VOD')),
      ...claims.flatMap(({ number, jobs }) => jobs.map(({ id }) => claimed(id, number))),
    ];
    for (const change of changes) batch.apply(change);
    return claims;
  }

  /** With a cap, claims of all workers wait for each other: counting and claiming must be one step. */
  private async fitUnderCap(
    tx: EntityManager,
    queued: QueuedRow[],
  ): Promise<{ fitting: QueuedRow[]; capped: QueuedRow[] }> {
    const cap = this.options.maxInFlight;
    if (cap === 0 || queued.length === 0) return { fitting: queued, capped: [] };
    await tx.query(`select pg_advisory_xact_lock(hashtext('vodai jobs at VOD'))`); // guard: claims-count-in-line
    const regions = [...new Set(queued.map((row) => row.region))];
    const inFlight = await tx.query<{ region: string; type: JobType; jobs: number }[]>(jobsAtVod, [regions]);
    const room = new Map(inFlight.map(({ region, type, jobs }) => [`${region} ${type}`, cap - jobs]));
    const fitting: QueuedRow[] = [];
    const capped: QueuedRow[] = [];
    for (const row of queued) {
      const key = `${row.region} ${row.type}`;
      const left = room.get(key) ?? cap;
      room.set(key, left - 1);
      (left > 0 ? fitting : capped).push(row); // guard: cap-at-vod
    }
    return { fitting, capped };
  }

  private async markAllSent(sends: Send[]): Promise<boolean[]> {
    const now = this.now();
    const claims = sends.map(({ claim: { requestId, number, jobs }, signer }) => ({
      requestId,
      number,
      jobs: jobs.length,
      signer,
    }));
    const callEnds = new Date(now.getTime() + this.options.callMs);
    const [marked] = await this.db.query<[Pick<Claim, 'requestId' | 'number'>[], number]>(markSent, [
      toJson(claims),
      now,
      callEnds,
    ]);
    // The same claim twice in one batch: the first may send, the other may not.
    return claims.map(({ requestId, number }) => {
      const at = marked.findIndex((each) => each.requestId === requestId && each.number === number);
      return at >= 0 && marked.splice(at, 1).length > 0;
    });
  }
}

interface ClaimAsked {
  requestId: string;
  probe: boolean;
}

interface Send {
  claim: Claim;
  signer: string | null;
}

interface SubmittedRow extends FlatJobRow {
  config: Record<string, unknown>;
}

interface QueuedRow extends SubmittedRow {
  /** Number of the request's latest submission. */
  last: number;
  /** VOD's code for why the account cannot submit; null when it can, and for the one request that finds out. */
  blocked: string | null;
}

const idAndType = ({ id, type }: FlatJobRow) => ({ id, type });

const claimed = (jobId: string, number: number): Change => ({ jobId, event: { type: 'claimed', number } });
const deferred = (jobId: string, reason: string): Change => ({ jobId, event: { type: 'deferred', reason } });

/** A call is of one request and one operation. The claims of a request are numbered on from its latest submission. */
function groupByCall(rows: QueuedRow[], now: Date): Claim[] {
  const claims: Claim[] = [];
  for (const row of rows) {
    const ofRequest = claims.filter(({ requestId }) => requestId === row.requestId);
    let claim = ofRequest.find(({ operation }) => operation === submitOperationOf(row.type)); // guard: call-of-one-operation
    if (!claim) claims.push((claim = newClaim(row, row.last + 1 + ofRequest.length, now)));
    claim.jobs.push(idAndType(row));
  }
  return claims;
}

/** Signed in whole seconds, as VOD's gateway takes them. */
function newClaim({ requestId, type, region, mediaId, config }: QueuedRow, number: number, now: Date): Claim {
  const signedAt = new Date(Math.floor(now.getTime() / 1000) * 1000);
  const operation = submitOperationOf(type);
  return { requestId, number, operation, region, mediaId, config, nonce: randomUUID(), signedAt, jobs: [] };
}

// guard: claims-only-queued, claims-lock, no-claims-while-blocked
const queuedJobs = `
  /* claim */
  select ${jobColumns}, request.config,
         (select coalesce(max(number), 0) from submission where submission.request_id = job.request_id) as last,
         (select code from circuit where circuit.region = job.region and job.request_id <> all($2::uuid[])) as blocked
    from job join request on request.id = job.request_id
   where job.request_id = any($1::uuid[]) and job.state = 'queued'
   order by job.id
     for update of job`;

const jobsAtVod = `
  select region, type, count(*)::int as jobs
    from job
   where state ${inStates(atVodStates)} and region = any($1::text[])
     and due_at is not null  -- as they all have it; this is what the index knows
   group by region, type`;

// guard: lease-outlives-call, sends-whole-claims, sends-lock
const markSent = `
  /* mark sent */
  with claim as (
    select distinct * from jsonb_to_recordset($1::jsonb) as c("requestId" uuid, number integer, jobs integer, signer text)
  ), alive as materialized (
    select job.id, job.request_id, job.attempt
      from job join claim on job.request_id = claim."requestId" and job.attempt = claim.number
     where job.state = 'submitting' and job.submitted_at is null
       and job.due_at > $3                                   -- what is left of the lease must outlive the call
     order by job.id
       for update of job
  ), whole as (
    -- One job of the claim declared dead, and the call does not go out: it would carry that job's type too.
    select alive.request_id, alive.attempt, claim.signer
      from alive join claim on (alive.request_id, alive.attempt) = (claim."requestId", claim.number)
     group by alive.request_id, alive.attempt, claim.jobs, claim.signer
    having count(*) = claim.jobs
  ), marked as (
    update job
       set submitted_at = $2
      from alive join whole using (request_id, attempt)
     where job.id = alive.id
  )
  update submission
     set sent_at = $2, signer = whole.signer
    from whole
   where (submission.request_id, submission.number) = (whole.request_id, whole.attempt) and submission.sent_at is null
  returning submission.request_id as "requestId", submission.number`;

const jobsOfAttempt = `
  select ${jobColumns}, request.config
    from job join request on request.id = job.request_id
   where job.request_id = $1 and job.attempt = $2
   order by job.id
     for update of job`;
