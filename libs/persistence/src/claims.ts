import { randomUUID } from 'node:crypto';
import { atVodStates, jobTypes, submitOperationOf, submitOperations, type SubmitOperation } from '@app/domain';
import type { Batch } from './door';
import { inStates } from './in-states';
import type { OpenSlots, PaceStore } from './pace.store';
import { jobColumns, type FlatJobRow } from './rows';
import type { Transaction } from './transaction';
import type { Submission } from './write-statement';

/** Those of a request's queued jobs that one operation submits, claimed for one call of it. */
export interface Claim extends Submission {
  operation: SubmitOperation;
  region: string;
  mediaId: string;
  config: Record<string, unknown>;
}

/** A claim whose call is reserved as well. */
export interface PacedClaim {
  claim: Claim;
  /** When it may start, by the clock of `performance`. */
  startAt: number;
  /** Between two calls of its operation. */
  gapMs: number;
}

export interface ClaimAsked {
  requestId: string;
  probe: boolean;
}

/**
 * So far ahead calls are reserved: a claim is worth its transaction then, and an urgent job waits no longer than that. What is
 * behind waits in Postgres, where it keeps its order.
 */
export const AHEAD_MS = 500;

/** So many calls are claimed together at most: bounds how long their rows stay locked. */
const CALLS_AT_MOST = 25;

/** How many calls are claimed together where so many a second are allowed. */
export function callsTogether(qps: number): number {
  return Math.min(Math.max(Math.floor((qps * AHEAD_MS) / 1000), 1), CALLS_AT_MOST);
}

/** Takes queued jobs for submissions: inside a transaction of the door, which commits them before anything is sent. */
export class Claims {
  constructor(
    private readonly pace: PaceStore,
    /** Jobs at VOD at once, per region and type; 0 is no cap. */
    private readonly maxInFlight: number,
  ) {}

  /** What is queued of these requests and may go to VOD now. The rest is put off, with the reason. */
  async ofRequests(batch: Batch, asked: readonly ClaimAsked[]): Promise<Claim[]> {
    const probes = asked.filter(({ probe }) => probe).map(({ requestId }) => requestId);
    const requestIds = asked.map(({ requestId }) => requestId);
    const queued = await batch.tx.query<RequestedRow[]>(queuedJobs, [requestIds, probes]);
    batch.take(queued);
    const open = queued.filter((row) => row.blocked === null);
    const room = await this.roomAtVod(batch.tx, [...new Set(open.map(({ region }) => region))]);
    const fitting = open.filter((row) => room.take(row));
    for (const row of queued) {
      if (fitting.includes(row)) continue;
      const reason = row.blocked
        ? `the account cannot submit in ${row.region} (${row.blocked})`
        : 'as many jobs as allowed are at VOD';
      batch.apply({ jobId: row.id, event: { type: 'deferred', reason } });
    }
    return claimAll(batch, fitting);
  }

  /**
   * The most urgent queued jobs of a region, for as many calls as VOD's limits let start within the next moment. Claims of one
   * region wait for each other at the rows of the limits, so no two take the same, and calls start in the order of urgency.
   */
  async next(batch: Batch, region: string): Promise<PacedClaim[]> {
    const slots = await this.pace.open(batch.tx, region, submitOperations);
    const seenAt = performance.now();
    const calls = new Map(slots.map((each) => [each.operation, callsWithin(AHEAD_MS, each)]));
    const room = await this.roomAtVod(batch.tx, [region]);
    const types = jobTypes.filter(
      (type) => (calls.get(submitOperationOf(type)) ?? 0) > 0 && room.isLeft({ region, type }),
    );
    if (types.length === 0) return [];
    const most = Math.min(Math.max(...calls.values()), CALLS_AT_MOST);
    const queued = await batch.tx.query<NextRow[]>(nextJobs, [region, batch.now, types, most * jobTypes.length, most]);
    batch.take(queued);
    const claims = claimAll(batch, fittingNow(queued, calls, room));
    const ofOperation = (operation: string) => claims.filter((claim) => claim.operation === operation);
    const spent = slots.map((each) => ({ slots: each, calls: ofOperation(each.operation).length }));
    batch.statements.push(this.pace.spend(region, spent));
    return slots.flatMap(({ operation, startInMs, gapMs }) =>
      ofOperation(operation).map((claim, i) => ({ claim, startAt: seenAt + startInMs + i * gapMs, gapMs })),
    );
  }

  /** With a cap, claims of all workers wait for each other: counting and claiming must be one step. */
  private async roomAtVod(tx: Transaction, regions: readonly string[]): Promise<Room> {
    const cap = this.maxInFlight;
    if (cap === 0 || regions.length === 0) return new Room(Infinity, []);
    await tx.query(`select pg_advisory_xact_lock(hashtext('vodai jobs at VOD'))`); // guard: claims-count-in-line
    return new Room(cap, await tx.query<AtVod[]>(jobsAtVod, [regions]));
  }
}

/** How many more jobs of each region and type may be at VOD. */
class Room {
  private readonly left: Map<string, number>;

  constructor(
    private readonly cap: number,
    atVod: readonly AtVod[],
  ) {
    this.left = new Map(atVod.map((each) => [keyOf(each), cap - each.jobs]));
  }

  isLeft(of: RegionAndType): boolean {
    return (this.left.get(keyOf(of)) ?? this.cap) > 0; // guard: cap-at-vod
  }

  /** False when none is left. */
  take(of: RegionAndType): boolean {
    if (!this.isLeft(of)) return false;
    this.left.set(keyOf(of), (this.left.get(keyOf(of)) ?? this.cap) - 1);
    return true;
  }
}

type RegionAndType = Pick<FlatJobRow, 'region' | 'type'>;

interface AtVod extends RegionAndType {
  jobs: number;
}

const keyOf = ({ region, type }: RegionAndType) => `${region} ${type}`;

interface QueuedRow extends FlatJobRow {
  config: Record<string, unknown>;
  /** Number of the request's latest submission. */
  last: number;
}

interface RequestedRow extends QueuedRow {
  /** VOD's code for why the account cannot submit; null when it can, and for the one request that finds out. */
  blocked: string | null;
}

interface NextRow extends QueuedRow {
  isDue: boolean;
}

function callsWithin(ms: number, { startInMs, gapMs }: OpenSlots): number {
  return Math.max(Math.floor((ms - startInMs) / gapMs) + 1, 0);
}

/**
 * Jobs of as many calls as may start, in their order. A call goes with all jobs of its request that its operation submits, when
 * one of them is due: VOD counts calls.
 */
function fittingNow(queued: readonly NextRow[], calls: ReadonlyMap<string, number>, room: Room): NextRow[] {
  const callOf = ({ requestId, type }: NextRow) => `${requestId} ${submitOperationOf(type)}`;
  const due = new Set(queued.filter(({ isDue }) => isDue).map(callOf));
  const left = new Map(calls);
  const begun = new Set<string>();
  return queued.filter((row) => {
    const [call, operation] = [callOf(row), submitOperationOf(row.type)];
    const free = left.get(operation) ?? 0;
    if (!due.has(call) || (free === 0 && !begun.has(call)) || !room.take(row)) return false;
    if (!begun.has(call)) left.set(operation, free - 1);
    begun.add(call);
    return true;
  });
}

function claimAll(batch: Batch, rows: readonly QueuedRow[]): Claim[] {
  const claims = groupByCall(rows, batch.now);
  batch.submissions.push(...claims);
  for (const { number, jobs } of claims) {
    for (const { id } of jobs) batch.apply({ jobId: id, event: { type: 'claimed', number } });
  }
  return claims;
}

/** A call is of one request and one operation. The claims of a request are numbered on from its latest submission. */
function groupByCall(rows: readonly QueuedRow[], now: Date): Claim[] {
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

const lastNumber = `(select coalesce(max(number), 0) from submission where submission.request_id = job.request_id) as last`;

// guard: claims-only-queued, claims-lock, no-claims-while-blocked
const queuedJobs = `
  /* claim */
  select ${jobColumns}, request.config, ${lastNumber},
         (select code from circuit where circuit.region = job.region and job.request_id <> all($2::uuid[])) as blocked
    from job join request on request.id = job.request_id
   where job.request_id = any($1::uuid[]) and job.state = 'queued'
   order by job.id
     for update of job`;

/**
 * By the index job_backlog, which is in this order: $4 jobs at most, of $5 requests. A job that somebody else has locked, to
 * cancel it say, is left for the next claim.
 */
// guard: next-only-queued, next-locks, no-next-while-blocked
const nextJobs = `
  /* claim next */
  with next as (
    select request_id, row_number() over (order by priority, due_at) as place
      from (select request_id, priority, due_at
              from job
             where region = $1 and state = 'queued' and due_at <= $2 and type = any($3::text[])
               and not exists (select from circuit where circuit.region = $1)
             order by priority, due_at
             limit $4) as due
  ), chosen as (
    select request_id, min(place) as place from next group by request_id order by min(place) limit $5
  )
  select ${jobColumns}, request.config, ${lastNumber}, job.due_at <= $2 as "isDue"
    from chosen
    join job on job.request_id = chosen.request_id
    join request on request.id = chosen.request_id
   where job.type = any($3::text[]) and job.state = 'queued'
   order by chosen.place, job.id
     for update of job skip locked`;

const jobsAtVod = `
  select region, type, count(*)::int as jobs
    from job
   where state ${inStates(atVodStates)} and region = any($1::text[])
     and due_at is not null  -- as they all have it; this is what the index knows
   group by region, type`;

export const idAndType = ({ id, type }: FlatJobRow) => ({ id, type });
