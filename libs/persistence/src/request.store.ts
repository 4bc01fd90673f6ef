import { newJob, priorities, type JobState, type JobType, type Priority } from '@app/domain';
import type { DataSource } from 'typeorm';
import { transaction, type Transaction } from './transaction';
import { bodyHash, isDeduplicated, naturalKey, naturalKeys, type Draft } from './draft';
import { RequestEntity } from './entities/request.entity';
import { Gather, violatedConstraint } from './gather';
import { channels } from './channels';
import { toJson } from './rows';

export interface StoredRequest {
  id: string;
  mediaId: string;
  region: string;
  priority: Priority;
  labels: Record<string, string>;
  client: string;
  extend: string | null;
  createdAt: Date;
  jobs: { id: string; type: JobType; state: JobState }[];
}

export type Acceptance =
  | { outcome: 'created'; request: StoredRequest }
  | { outcome: 'replayed'; request: StoredRequest }
  | { outcome: 'deduplicated'; request: StoredRequest }
  | { outcome: 'mismatch' }
  /** It was accepted under this key once, and its record is dropped: nothing is done. */
  | { outcome: 'dropped'; dropped: DroppedRequest };

/** What is left of a request whose record has been kept for long enough: that it was there, and its idempotency key. */
export interface DroppedRequest {
  id: string;
  acceptedAt: Date;
  /** Until when there was more of it. */
  keptUntil: Date;
}

/** A loser of a race reads the winner's row on its next try; more than one lost race in a row is rare already. */
const TRIES = 5;

/** Stores what clients ask for, once: a repeated request finds the first one. */
export class RequestStore {
  private readonly accepts = new Gather((drafts: Draft[]) => this.acceptAll(drafts), { batch: 100, lanes: 2 });

  constructor(private readonly db: DataSource) {}

  /** Answers after the commit. Requests that arrive together are committed together. */
  accept(draft: Draft): Promise<Acceptance> {
    return this.accepts.add(draft);
  }

  /** The request with its jobs, oldest first: those that it shares with earlier requests, then its own. */
  async get(id: string): Promise<StoredRequest | null> {
    return (await findRequests(this.db, [id])).get(id) ?? null;
  }

  /** Until when the record of a request was kept, if that is still known. */
  async keptUntil(id: string): Promise<Date | null> {
    const [row] = await this.db.query<{ at: Date }[]>(
      `select dropped_at as at from request where id = $1 and dropped_at is not null
       union all
       select dropped_at from dropped_job where request_id = $1
       limit 1`,
      [id],
    );
    return row?.at ?? null;
  }

  /** Whether this client has sent a request under this key before. */
  knows(client: string, idempotencyKey: string): Promise<boolean> {
    return this.db.getRepository(RequestEntity).existsBy({ client, idempotencyKey });
  }

  private async acceptAll(drafts: Draft[]): Promise<Acceptance[]> {
    const answers = new Map<Draft, Acceptance>();
    for (let tries = 1; answers.size < drafts.length; tries += 1) {
      const rest = drafts.filter((draft) => !answers.has(draft));
      try {
        const round = await transaction(this.db, (tx) => acceptRound(tx, rest));
        for (const [draft, acceptance] of round) answers.set(draft, acceptance);
        if (round.size === 0 && tries >= TRIES) throw new Error('a key is known and its request cannot be found');
      } catch (error) {
        // Somebody stored the same a moment earlier. Look again: now it is there to be read.
        if (tries < TRIES && lostRace(error)) continue; // guard: race-read-again
        throw error;
      }
    }
    return drafts.map((draft) => answers.get(draft) as Acceptance);
  }
}

type Acceptances = Map<Draft, Acceptance>;

/** Null for a draft that has no answer yet and must not be stored: the next round looks again. */
type Replays = Map<Draft, Acceptance | null>;

/**
 * The stages of accepting, in one transaction: each answers what it can of what is left. A draft that asks for the same as
 * another one of the round stays without an answer: in the next round it finds that one.
 */
async function acceptRound(tx: Transaction, drafts: readonly Draft[]): Promise<Acceptances> {
  // The two looks travel together.
  const [replays, openJobs] = await Promise.all([answerReplays(tx, drafts), findOpenJobs(tx, drafts)]);
  const open = new Map([...openJobs].filter(([draft]) => !replays.has(draft)));
  const duplicates = await answerDuplicates(tx, open);
  const fresh = firstOfEachKind(without(drafts, replays, duplicates)).map((draft) => plan(draft, open));
  await insert(tx, fresh);
  const replayed = [...replays].filter((entry): entry is [Draft, Acceptance] => entry[1] !== null);
  return new Map([...replayed, ...duplicates, ...fresh.map(created)]);
}

function without(drafts: readonly Draft[], ...answered: Replays[]): Draft[] {
  return drafts.filter((draft) => !answered.some((answers) => answers.has(draft)));
}

/** Drafts whose idempotency key is known: they get the first request under it, or hear that their body is another. */
async function answerReplays(tx: Transaction, drafts: readonly Draft[]): Promise<Replays> {
  const firsts = await findByKey(tx, drafts);
  const requests = await findRequests(
    tx,
    [...firsts.values()].map(({ id }) => id),
  );
  return new Map([...firsts].map(([draft, first]) => [draft, answerFor(draft, first, requests.get(first.id))]));
}

function answerFor(draft: Draft, first: FirstByKey, request: StoredRequest | undefined): Acceptance | null {
  if (first.bodyHash !== bodyHash(draft)) return { outcome: 'mismatch' }; // guard: same-key-same-body
  const { id, acceptedAt, droppedAt } = first;
  // guard: dropped-key-known
  if (droppedAt !== null) return { outcome: 'dropped', dropped: { id, acceptedAt, keptUntil: droppedAt } };
  return request ? { outcome: 'replayed', request } : null; // it was dropped between the two looks
}

interface FirstByKey {
  id: string;
  bodyHash: string;
  acceptedAt: Date;
  droppedAt: Date | null;
}

/** The first request under the key of each draft that has one. */
async function findByKey(tx: Transaction, drafts: readonly Draft[]): Promise<Map<Draft, FirstByKey>> {
  const keyed = drafts.filter(({ idempotencyKey }) => idempotencyKey !== null);
  if (keyed.length === 0) return new Map();
  const rows = await tx.query<(FirstByKey & { client: string; idempotencyKey: string })[]>(
    `/* find by key */
     select id, client, idempotency_key as "idempotencyKey", body_hash as "bodyHash", created_at as "acceptedAt",
            dropped_at as "droppedAt"
       from request
      where (client, idempotency_key) in (select client, key
                                            from jsonb_to_recordset($1::jsonb) as asked(client text, key text))`,
    [toJson(keyed.map(({ client, idempotencyKey }) => ({ client, key: idempotencyKey })))],
  );
  return new Map(
    keyed.flatMap((draft) => {
      const first = rows.find((row) => row.client === draft.client && row.idempotencyKey === draft.idempotencyKey);
      return first ? [[draft, first]] : [];
    }),
  );
}

/** For each draft that may share jobs: those that are open and serve one of its types. */
async function findOpenJobs(tx: Transaction, drafts: readonly Draft[]): Promise<Map<Draft, OpenJob[]>> {
  const sharing = drafts.filter(isDeduplicated);
  if (sharing.length === 0) return new Map();
  const rows = await tx.query<(OpenJob & { naturalKey: string })[]>(
    `/* find open */
     select distinct on (natural_key) natural_key as "naturalKey", id, type, state, request_id as "requestId"
       from job
      where natural_key = any($1::text[]) and settled_at is null
      order by natural_key, id`,
    [sharing.flatMap(naturalKeys)],
  );
  const byKey = new Map(rows.map(({ naturalKey: key, ...job }) => [key, job]));
  return new Map(sharing.map((draft) => [draft, naturalKeys(draft).flatMap((key) => byKey.get(key) ?? [])]));
}

/** Drafts of which every type is open in one and the same request. */
async function answerDuplicates(tx: Transaction, open: ReadonlyMap<Draft, OpenJob[]>): Promise<Acceptances> {
  const served = [...open].flatMap(([draft, jobs]) => {
    const [requestId, ...others] = new Set(jobs.map((job) => job.requestId));
    return requestId && others.length === 0 && jobs.length === draft.types.length ? [{ draft, requestId }] : [];
  });
  const requests = await findRequests(
    tx,
    served.map(({ requestId }) => requestId),
  );
  return new Map(
    served.flatMap(({ draft, requestId }) => {
      const request = requests.get(requestId);
      return request ? [[draft, { outcome: 'deduplicated', request }]] : [];
    }),
  );
}

/** Two of a kind in one batch would collide with each other: only the first goes on. */
function firstOfEachKind(drafts: readonly Draft[]): Draft[] {
  const seen = new Set<string>();
  return drafts.filter((draft) => {
    const kinds = isDeduplicated(draft) ? naturalKeys(draft) : [`${draft.client}\n${draft.idempotencyKey ?? draft.id}`];
    if (kinds.some((kind) => seen.has(kind))) return false;
    kinds.forEach((kind) => seen.add(kind));
    return true;
  });
}

/**
 * Request, jobs and the first line of their history in one statement, and the wake-ups. In the order of their keys, as
 * everywhere: of two that store the same one waits for the other, and no two for each other.
 */
async function insert(tx: Transaction, fresh: Fresh[]): Promise<void> {
  if (fresh.length === 0) return;
  const jobs = fresh.flatMap(({ draft, shared }) =>
    draft.types
      .filter(({ type }) => !shared.some((job) => job.type === type))
      .map(({ type, jobId }) => ({
        ...newJob(draft.now),
        id: jobId,
        requestId: draft.id,
        type,
        client: draft.client,
        region: draft.region,
        mediaId: draft.mediaId,
        priority: priorities.indexOf(draft.priority),
        labels: draft.labels,
        naturalKey: naturalKey(draft, type),
        holdsNaturalKey: isDeduplicated(draft),
        createdAt: draft.now,
        detail: draft.force ? { forced: true } : {},
      })),
  );
  const byKey = sortedBy(fresh, ({ draft }) => `${draft.client}\n${draft.idempotencyKey ?? ''}`);
  await tx.last(
    `/* accept */
     with asked as (
       insert into request (id, client, idempotency_key, body_hash, media_id, region, config, priority, labels, extend,
                            forced, shared_job_ids, created_at)
       select id, client, "idempotencyKey", "bodyHash", "mediaId", region, config, priority, labels, extend, force,
              "sharedJobIds", now
         from jsonb_to_recordset($1::jsonb) as r(id uuid, client text, "idempotencyKey" text, "bodyHash" text,
              "mediaId" text, region text, config jsonb, priority smallint, labels jsonb, extend text, force boolean,
              "sharedJobIds" uuid[], now timestamptz)
     ), queued as (
       insert into job (id, request_id, type, state, version, due_at, client, region, media_id, priority, labels,
                        natural_key, holds_natural_key, created_at)
       select id, "requestId", type, state, version, "dueAt", client, region, "mediaId", priority, labels,
              "naturalKey", "holdsNaturalKey", "createdAt"
         from jsonb_to_recordset($2::jsonb) as j(id uuid, "requestId" uuid, type text, state text, version integer,
              "dueAt" timestamptz, client text, region text, "mediaId" text, priority smallint, labels jsonb,
              "naturalKey" text, "holdsNaturalKey" boolean, "createdAt" timestamptz)
     ), first_line as (
       insert into history (job_id, version, at, event, from_state, to_state, attempt, actor, detail)
       select id, version, "createdAt", 'created', null, state, 0, client, detail
         from jsonb_to_recordset($2::jsonb) as h(id uuid, version integer, "createdAt" timestamptz, state text,
              client text, detail jsonb)
     )
     select pg_notify(channel, '') from unnest($3::text[]) as channel`,
    [
      toJson(
        byKey.map(({ draft, shared }) => ({
          ...draft,
          bodyHash: bodyHash(draft),
          priority: priorities.indexOf(draft.priority),
          sharedJobIds: shared.map((job) => job.id),
        })),
      ),
      toJson(sortedBy(jobs, (job) => job.naturalKey)),
      [channels.jobDue, channels.jobChanged],
    ],
  );
}

async function findRequests(db: Pick<DataSource, 'query'>, ids: string[]): Promise<Map<string, StoredRequest>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<(Omit<StoredRequest, 'priority'> & { priority: number })[]>(
    `select request.id, request.media_id as "mediaId", request.region, request.priority, request.labels, request.client,
            request.extend, request.created_at as "createdAt",
            (select coalesce(jsonb_agg(jsonb_build_object('id', job.id, 'type', job.type, 'state', job.state) order by job.id), '[]')
               from job
              where job.request_id = request.id or job.id = any(request.shared_job_ids)) as jobs
       from request
      where request.id = any($1::uuid[]) and request.dropped_at is null`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, { ...row, priority: priorities[row.priority] ?? 'normal' }]));
}

interface OpenJob {
  id: string;
  type: JobType;
  state: JobState;
  requestId: string;
}

/** A request to be stored. */
interface Fresh {
  draft: Draft;
  /** Open jobs of other requests that serve some of its types. */
  shared: OpenJob[];
}

function plan(draft: Draft, open: ReadonlyMap<Draft, OpenJob[]>): Fresh {
  return { draft, shared: open.get(draft) ?? [] };
}

function created({ draft, shared }: Fresh): [Draft, Acceptance] {
  const jobs = draft.types.map(({ type, jobId }) => {
    const { id, state } = shared.find((job) => job.type === type) ?? { id: jobId, state: 'queued' as const };
    return { id, type, state };
  });
  const outcome = shared.length === draft.types.length ? 'deduplicated' : 'created';
  return [draft, { outcome, request: { ...draft, createdAt: draft.now, jobs } }];
}

function sortedBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return items.toSorted((a, b) => Number(keyOf(a) > keyOf(b)) - Number(keyOf(a) < keyOf(b)));
}

function lostRace(error: unknown): boolean {
  return ['request_idempotency_key', 'job_open_natural_key'].includes(violatedConstraint(error) ?? '');
}
