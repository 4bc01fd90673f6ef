import { nextState, type JobEventType, type JobState } from '@app/domain';
import { readCalls } from '@app/vod';
import { Client } from 'pg';

export interface AuditOptions {
  /** Ids of jobs that a client was told are accepted: each must have its row. */
  accepted?: Iterable<string>;
  /** Strings that must be in no table and in none of `texts`. */
  canaries?: readonly string[];
  /** Logs and answers. */
  texts?: Iterable<string>;
}

export interface Audit {
  /** What is not as it must be, each as a sentence that begins with the invariant's name. */
  broken: string[];
  jobs: number;
  /** Neither over nor held, or promised and not there. */
  lost: number;
  /** Bills beyond the one that a type of a request may cost. */
  paidTwice: number;
  held: number;
  /** Jobs whose answer was lost, once at least, although VOD had billed them. */
  answersLost: number;
  /** Those of them that reached VOD's verdict without a person. */
  adopted: number;
  /** From the moment that the answer was known to be lost to the one in which the job was decided, the longest. */
  slowestRecoveryMs: number;
  /** Jobs at VOD that no row has, and that are listed as such. */
  unknown: number;
}

interface Job {
  id: string;
  requestId: string;
  type: string;
  state: JobState;
  version: number;
  vodJobId: string | null;
  region: string;
  mediaId: string;
  errorCode: string | null;
  errorPhase: string | null;
  raw: string | null;
  source: string | null;
}

interface Line {
  jobId: string;
  version: number;
  event: string;
  from: JobState | null;
  to: JobState;
  vodJobId: string | null;
  at: Date;
}

/** One job that VOD billed, and what became of it there. */
interface Bill {
  jobId: string;
  region: string;
  mediaId: string;
  type: string;
  nonce: string;
}

interface VodJob {
  jobId: string;
  state: string;
  data?: string;
}

const OVER: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'canceled', 'expired']);

/** A person's decisions after which VOD may bill the same type of the same request once more. */
const PAY_AGAIN: ReadonlySet<string> = new Set(['resubmitted', 'retried']);

/** A person's decisions: what comes after one of these was not found out without a person. */
const BY_A_PERSON: ReadonlySet<string> = new Set(['adopted', 'given_up', 'resubmitted', 'retried']);

/** The newest so many of each: the emulator's own limit. A test with more jobs would need more than one look. */
const ALL = 100_000;

/**
 * Checks the invariants I1 to I7 when everything has come to rest. It believes nothing that the product says of itself: it
 * has its own SQL, the emulator's ledger, and of the code only the published table of transitions.
 */
export async function audit(db: Client | string, emulatorUrl: string, options: AuditOptions = {}): Promise<Audit> {
  if (typeof db !== 'string') return auditWith(db, emulatorUrl, options);
  const client = new Client({ connectionString: db });
  await client.connect();
  try {
    return await auditWith(client, emulatorUrl, options);
  } finally {
    await client.end();
  }
}

async function auditWith(db: Client, emulatorUrl: string, options: AuditOptions): Promise<Audit> {
  const books = await readBooks(db, emulatorUrl);
  const endings = jobsWithoutEnd(books, options.accepted ?? []);
  const billing = billsBeyondOne(books);
  const owners = billsWithoutOwner(books);
  const secrets = await secretsFound(db, options);
  return {
    broken: [
      ...endings.broken,
      ...billing.broken,
      ...owners.broken,
      ...wrongResults(books),
      ...brokenHistories(books),
      ...wrongSettlements(books),
      ...secrets,
    ],
    jobs: books.jobs.length,
    lost: endings.lost,
    paidTwice: billing.surplus,
    held: books.jobs.filter((job) => job.state === 'held').length,
    ...lostAnswers(books),
    unknown: owners.listed,
  };
}

interface Books {
  jobs: Job[];
  linesOf: Map<string, Line[]>;
  requestOfNonce: Map<string, string>;
  /** JobIds of events that wait for a job, and of those that were given up as somebody else's. */
  strangers: ReadonlySet<string>;
  foreigners: ReadonlySet<string>;
  bills: Bill[];
  atVod: Map<string, VodJob>;
}

async function readBooks(db: Client, emulatorUrl: string): Promise<Books> {
  const ask = async <T extends object>(sql: string) => (await db.query<T>(sql)).rows;
  const jobs = await ask<Job>(
    `select id, request_id as "requestId", type, state, version, vod_job_id as "vodJobId", region, media_id as "mediaId",
            error_code as "errorCode", error_phase as "errorPhase", raw, source
       from job left join result on result.job_id = job.id
      order by id`,
  );
  const lines = await ask<Line>(
    `select job_id as "jobId", version, event, from_state as "from", to_state as "to", at,
            case when event in ('accepted', 'found', 'adopted', 'event_received')
                 then coalesce(detail ->> 'vodJobId', detail ->> 'candidate') end as "vodJobId"
       from history
      order by job_id, version`,
  );
  const submissions = await ask<{ nonce: string; requestId: string }>(
    'select nonce, request_id as "requestId" from submission',
  );
  const jobIdsOf = async (...verdicts: string[]) => {
    const rows = await ask<{ vodJobId: string }>(
      `select distinct vod_job_id as "vodJobId" from event where verdict in (${verdicts.map((each) => `'${each}'`).join()})`,
    );
    return new Set(rows.map((event) => event.vodJobId));
  };
  const strangers = await jobIdsOf('received', 'unmatched');
  const foreigners = await jobIdsOf('foreign');
  const ledger = await read<{ billed: number; entries: Bill[] }>(`${emulatorUrl}/_emulator/ledger?limit=${ALL}`);
  const vodJobs = await read<{ items: VodJob[] }>(`${emulatorUrl}/_emulator/jobs?limit=${ALL}`);
  if (ledger.billed > ledger.entries.length) throw new Error(`the ledger holds only ${ledger.entries.length} bills`);
  return {
    jobs,
    linesOf: groupBy(lines, (line) => line.jobId),
    requestOfNonce: new Map(submissions.map(({ nonce, requestId }) => [nonce, requestId])),
    strangers,
    foreigners,
    bills: ledger.entries,
    atVod: new Map(vodJobs.items.map((job) => [job.jobId, job])),
  };
}

/** I1: every accepted job is over, or held with a reason. */
function jobsWithoutEnd({ jobs }: Books, accepted: Iterable<string>): { broken: string[]; lost: number } {
  const rows = new Set(jobs.map((job) => job.id));
  const missing = [...new Set(accepted)].filter((id) => !rows.has(id));
  const open = jobs.filter(({ state }) => !OVER.has(state) && state !== 'held');
  const silent = jobs.filter(({ state, errorCode }) => state === 'held' && errorCode === null);
  return {
    broken: [
      ...missing.map((id) => `I1: job ${id} was accepted and is not there`),
      ...open.map(({ id, state }) => `I1: job ${id} is neither over nor held but ${state}`),
      ...silent.map(({ id }) => `I1: job ${id} is held without a reason`),
    ],
    lost: missing.length + open.length,
  };
}

/** I2: one bill at most for each type of a request, and one more each time that a person decided so. */
function billsBeyondOne(books: Books): { broken: string[]; surplus: number } {
  const broken: string[] = [];
  let surplus = 0;
  const jobOf = new Map(books.jobs.map((job) => [`${job.requestId} ${job.type}`, job]));
  const groups = groupBy(books.bills, ({ nonce, type }) => `${books.requestOfNonce.get(nonce) ?? ''} ${type}`);
  for (const [key, bills] of groups) {
    const job = jobOf.get(key);
    if (!job) continue; // nobody's: that is I3's affair
    const decided = (books.linesOf.get(job.id) ?? []).filter((line) => PAY_AGAIN.has(line.event)).length;
    if (bills.length <= 1 + decided) continue;
    surplus += bills.length - 1 - decided;
    const ids = bills.map((bill) => bill.jobId).join(', ');
    broken.push(
      `I2: job ${job.id} (${job.mediaId}, ${job.type}, ${job.state}) was billed ${bills.length} times: ${ids}`,
    );
  }
  return { broken, surplus };
}

/**
 * I3: every job of VOD's belongs to exactly one row, of its media and type, or is listed as unknown; and the reverse. No event about a
 * job that we asked for is given up as somebody else's.
 */
function billsWithoutOwner({ jobs, linesOf, requestOfNonce, strangers, foreigners, bills }: Books): {
  broken: string[];
  listed: number;
} {
  const broken: string[] = [];
  let listed = 0;
  const nameOf = (bill: { region: string; vodJobId: string }) => `${bill.region} ${bill.vodJobId}`;
  const named = jobs.flatMap((job) => (job.vodJobId === null ? [] : [{ ...job, vodJobId: job.vodJobId }]));
  const owners = groupBy(named, nameOf);
  const oldOwners = new Set([...linesOf.values()].flat().flatMap((line) => line.vodJobId ?? []));
  const waiting = jobs.filter(({ state, errorCode }) => state === 'held' || errorCode === 'given_up');
  const evidence = new Set(waiting.map(({ requestId, type }) => `${requestId} ${type}`));
  for (const { jobId, region, mediaId, type, nonce } of bills) {
    const own = owners.get(nameOf({ region, vodJobId: jobId })) ?? [];
    const wrong = own.filter((job) => job.mediaId !== mediaId || job.type !== type);
    if (foreigners.has(jobId) && requestOfNonce.has(nonce)) {
      broken.push(`I3: VOD's job ${jobId} was asked for here, and its event is kept as foreign`);
    }
    if (own.length > 1) broken.push(`I3: VOD's job ${jobId} belongs to ${own.length} rows`);
    for (const { id } of wrong) broken.push(`I3: VOD's job ${jobId} is of ${mediaId}, ${type}; job ${id} is not`);
    if (own.length > 0 || oldOwners.has(jobId)) continue;
    if (strangers.has(jobId) || evidence.has(`${requestOfNonce.get(nonce) ?? ''} ${type}`)) listed += 1;
    else broken.push(`I3: VOD's job ${jobId} (${mediaId}, ${type}) was billed and belongs to no row`);
  }
  const billed = new Set(bills.map(({ region, jobId }) => nameOf({ region, vodJobId: jobId })));
  for (const job of named) {
    if (!billed.has(nameOf(job))) broken.push(`I3: job ${job.id} has ${job.vodJobId}, which VOD never billed`);
  }
  return { broken, listed };
}

const isOwnRead = (source: string | null) => readCalls.some(({ operation }) => operation === source);

/** I4: VOD's verdict and VOD's result, byte for byte. */
function wrongResults({ jobs, atVod }: Books): string[] {
  return jobs.flatMap(({ id, state, vodJobId, raw, source, errorPhase }) => {
    const there = vodJobId === null ? undefined : atVod.get(vodJobId);
    const problem = (text: string) => [`I4: job ${id} ${text}`];
    if (state === 'failed' && errorPhase === 'vod' && there?.state !== 'fail') {
      return problem(`failed, and at VOD ${vodJobId} is ${there?.state ?? 'not there'}`);
    }
    if (state !== 'succeeded') return [];
    if (there?.state !== 'success')
      return problem(`succeeded, and at VOD ${vodJobId} is ${there?.state ?? 'not there'}`);
    if (errorPhase === 'result') return []; // says openly that its result is unusable
    if (raw === null) return problem('succeeded and has no result');
    // The result of a media is the same content in another shape.
    if (isOwnRead(source) && raw !== there.data) return problem(`has another result than ${vodJobId} at VOD`);
    return [];
  });
}

/** I5: the history holds only steps of the table, from the first to the row as it is, without a gap. */
function brokenHistories({ jobs, linesOf }: Books): string[] {
  return jobs.flatMap(({ id, state, version }) => {
    const own = linesOf.get(id) ?? [];
    const broken = own.flatMap((line, i) => {
      const before = own[i - 1]?.to ?? null;
      const wanted = before === null ? 'queued' : nextState(before, line.event as JobEventType);
      if (line.version === i + 1 && line.from === before && line.to === wanted) return [];
      return [`I5: job ${id}, line ${i + 1}: ${line.from} → ${line.to} by ${line.event}, version ${line.version}`];
    });
    const last = own.at(-1);
    if (last?.version === version && last.to === state) return broken;
    return [...broken, `I5: job ${id} is ${state} in version ${version}, its history ${last?.to} in ${last?.version}`];
  });
}

/** I6, as long as nobody is notified: a job is settled once, and again only after it was opened again. */
function wrongSettlements({ jobs, linesOf }: Books): string[] {
  return jobs.flatMap(({ id, state }) => {
    const own = linesOf.get(id) ?? [];
    const settled = own.filter((line) => OVER.has(line.to)).length;
    const opened = own.filter((line) => line.from !== null && OVER.has(line.from)).length;
    const wanted = opened + (OVER.has(state) ? 1 : 0);
    return settled === wanted ? [] : [`I6: job ${id} is ${state} and was settled ${settled} times, not ${wanted}`];
  });
}

/** I7: no secret in any column of any table, as text or as bytes, and in no given text. */
async function secretsFound(db: Client, { canaries = [], texts = [] }: AuditOptions): Promise<string[]> {
  if (canaries.length === 0) return [];
  const found: string[] = [];
  const { rows: tables } = await db.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name
       from information_schema.tables
      where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  for (const [i, canary] of canaries.entries()) {
    const shapes = [canary, Buffer.from(canary).toString('hex')];
    for (const { name } of tables) {
      const { rows } = await db.query(
        `select from ${name} as line where exists (select from unnest($1::text[]) as shape where strpos(line::text, shape) > 0) limit 1`,
        [shapes],
      );
      // Its number and not itself: this sentence ends up in a log as well.
      if (rows.length > 0) found.push(`I7: the table ${name} holds secret ${i + 1}`);
    }
  }
  for (const text of texts) {
    for (const [i, canary] of canaries.entries())
      if (text.includes(canary)) found.push(`I7: a text holds secret ${i + 1}`);
  }
  return [...new Set(found)];
}

/** How often VOD had billed what we did not know it had, and how often that was found out without a person. */
function lostAnswers({
  jobs,
  linesOf,
  requestOfNonce,
  bills,
}: Books): Pick<Audit, 'answersLost' | 'adopted' | 'slowestRecoveryMs'> {
  const billed = new Set(bills.map(({ nonce, type }) => `${requestOfNonce.get(nonce) ?? ''} ${type}`));
  const lost = jobs.filter(
    ({ id, requestId, type }) =>
      billed.has(`${requestId} ${type}`) && (linesOf.get(id) ?? []).some((line) => line.to === 'unconfirmed'),
  );
  const found = lost.filter(
    ({ id, state, vodJobId }) =>
      vodJobId !== null &&
      (state === 'succeeded' || state === 'failed') &&
      !(linesOf.get(id) ?? []).some((line) => BY_A_PERSON.has(line.event)),
  );
  const slowestRecoveryMs = Math.max(0, ...lost.map(({ id }) => unconfirmedMs(linesOf.get(id) ?? [])));
  return { answersLost: lost.length, adopted: found.length, slowestRecoveryMs };
}

/** How long a job has been unconfirmed, from the first to the last such line. */
function unconfirmedMs(lines: readonly Line[]): number {
  const from = lines.find((line) => line.to === 'unconfirmed');
  const until = lines.findLast((line) => line.from === 'unconfirmed');
  return from && until ? until.at.getTime() - from.at.getTime() : 0;
}

async function read<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return (await response.json()) as T;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
