import { createHash } from 'node:crypto';
import { newJob, priorities, type JobState, type JobType, type Priority } from '@app/domain';
import type { DataSource } from 'typeorm';
import { Gather, violatedConstraint } from './gather';
import { channels } from './channels';
import { toJson } from './rows';

/** A client's request, checked and complete, before it is stored. Ids are made by the caller. */
export interface Draft {
  id: string;
  client: string;
  idempotencyKey: string | null;
  mediaId: string;
  region: string;
  types: { type: JobType; jobId: string }[];
  config: Record<string, unknown>;
  priority: Priority;
  labels: Record<string, string>;
  extend: string | null;
  force: boolean;
  now: Date;
}

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
  | { outcome: 'mismatch' };

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
    return (await this.getAll([id])).get(id) ?? null;
  }

  /** Whether this client has sent a request under this key before. */
  async knows(client: string, idempotencyKey: string): Promise<boolean> {
    const rows = await this.db.query<unknown[]>(`select 1 from request where (client, idempotency_key) = ($1, $2)`, [
      client,
      idempotencyKey,
    ]);
    return rows.length > 0;
  }

  private async acceptAll(drafts: Draft[]): Promise<Acceptance[]> {
    const answers = new Map<Draft, Acceptance>();
    for (let tries = 1; answers.size < drafts.length; tries += 1) {
      const open = drafts.filter((draft) => !answers.has(draft));
      await this.answerRepeats(open, answers);
      const fresh = firstOfEachKind(open.filter((draft) => !answers.has(draft)));
      try {
        await this.insert(fresh);
      } catch (error) {
        // Somebody stored the same a moment earlier. Look again: now it is there to be read.
        if (tries < TRIES && lostRace(error)) continue; // guard: race-read-again
        throw error;
      }
      for (const { draft, shared } of fresh) {
        const jobs = draft.types.map(({ type, jobId }) => {
          const other = shared.find((job) => job.type === type);
          return other ?? { id: jobId, type, state: 'queued' as const };
        });
        const request = { ...draft, createdAt: draft.now, jobs };
        answers.set(draft, {
          outcome: shared.length === draft.types.length ? 'deduplicated' : 'created',
          request,
        });
      }
    }
    return drafts.map((draft) => answers.get(draft) as Acceptance);
  }

  /** Requests that are already here: by idempotency key, or because every type of theirs is open in one request. */
  private async answerRepeats(
    drafts: (Draft & { shared?: OpenJob[] })[],
    answers: Map<Draft, Acceptance>,
  ): Promise<void> {
    const keyed = drafts.filter((draft) => draft.idempotencyKey !== null);
    const earlier = keyed.length === 0 ? [] : await this.byIdempotencyKey(keyed);
    for (const draft of keyed) {
      const first = earlier.find((row) => row.client === draft.client && row.idempotencyKey === draft.idempotencyKey);
      if (!first) continue;
      const request = first.bodyHash === bodyHash(draft) ? await this.get(first.id) : null; // guard: same-key-same-body
      answers.set(draft, request ? { outcome: 'replayed', request } : { outcome: 'mismatch' });
    }

    const deduplicated = drafts.filter(isDeduplicated);
    const open = deduplicated.length === 0 ? [] : await this.openJobs(deduplicated);
    for (const draft of deduplicated) {
      const same = draft.types.flatMap(
        ({ type }) => open.find((job) => job.naturalKey === naturalKey(draft, type)) ?? [],
      );
      const requestIds = new Set(same.map((job) => job.requestId));
      const [requestId] = requestIds;
      if (same.length === draft.types.length && requestIds.size === 1 && requestId) {
        const request = await this.get(requestId);
        if (request) answers.set(draft, { outcome: 'deduplicated', request });
      }
      draft.shared = same;
    }
  }

  private byIdempotencyKey(
    drafts: Draft[],
  ): Promise<{ id: string; client: string; idempotencyKey: string; bodyHash: string }[]> {
    return this.db.query(
      `/* find by key */ select id, client, idempotency_key as "idempotencyKey", body_hash as "bodyHash"
         from request
        where (client, idempotency_key) in (select client, key from jsonb_to_recordset($1::jsonb) as k(client text, key text))`,
      [toJson(drafts.map((draft) => ({ client: draft.client, key: draft.idempotencyKey })))],
    );
  }

  private openJobs(drafts: Draft[]): Promise<OpenJob[]> {
    const keys = drafts.flatMap((draft) => draft.types.map(({ type }) => naturalKey(draft, type)));
    return this.db.query(
      `/* find open */ select distinct on (natural_key) natural_key as "naturalKey", id, type, state, request_id as "requestId"
         from job
        where natural_key = any($1::text[]) and settled_at is null
        order by natural_key, id`,
      [keys],
    );
  }

  /** Request, jobs and the first line of their history in one statement, and the wake-ups. */
  private async insert(fresh: Fresh[]): Promise<void> {
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
    await this.db.query(
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
       ), told as (
         insert into history (job_id, version, at, event, from_state, to_state, attempt, actor, detail)
         select id, version, "createdAt", 'created', null, state, 0, client, detail
           from jsonb_to_recordset($2::jsonb) as h(id uuid, version integer, "createdAt" timestamptz, state text,
                client text, detail jsonb)
       )
       select pg_notify(channel, '') from unnest($3::text[]) as channel`,
      [
        toJson(
          fresh.map(({ draft, shared }) => ({
            ...draft,
            bodyHash: bodyHash(draft),
            priority: priorities.indexOf(draft.priority),
            sharedJobIds: shared.map((job) => job.id),
          })),
        ),
        toJson(jobs),
        [channels.jobDue, channels.jobChanged],
      ],
    );
  }

  private async getAll(ids: string[]): Promise<Map<string, StoredRequest>> {
    const rows = await this.db.query<(Omit<StoredRequest, 'priority'> & { priority: number })[]>(
      `select request.id, request.media_id as "mediaId", request.region, request.priority, request.labels, request.client,
              request.extend, request.created_at as "createdAt",
              (select coalesce(jsonb_agg(jsonb_build_object('id', job.id, 'type', job.type, 'state', job.state) order by job.id), '[]')
                 from job
                where job.request_id = request.id or job.id = any(request.shared_job_ids)) as jobs
         from request
        where request.id = any($1::uuid[])`,
      [ids],
    );
    return new Map(rows.map((row) => [row.id, { ...row, priority: priorities[row.priority] ?? 'normal' }]));
  }
}

interface OpenJob {
  naturalKey: string;
  id: string;
  type: JobType;
  state: JobState;
  requestId: string;
}

interface Fresh {
  draft: Draft;
  /** Open jobs of other requests that serve some of its types. */
  shared: OpenJob[];
}

/** A client that sends a key, or says `force`, has said what it means by "the same"; others get the natural key. */
function isDeduplicated(draft: Draft): boolean {
  return draft.idempotencyKey === null && !draft.force;
}

/** Two of a kind in one batch would collide with each other: the second waits a round and then finds the first. */
function firstOfEachKind(drafts: (Draft & { shared?: OpenJob[] })[]): Fresh[] {
  const seen = new Set<string>();
  return drafts.flatMap((draft) => {
    const kinds = isDeduplicated(draft)
      ? draft.types.map(({ type }) => naturalKey(draft, type))
      : [`${draft.client}\n${draft.idempotencyKey ?? draft.id}`];
    if (kinds.some((kind) => seen.has(kind))) return [];
    kinds.forEach((kind) => seen.add(kind));
    return [{ draft, shared: draft.shared ?? [] }];
  });
}

function lostRace(error: unknown): boolean {
  return ['request_idempotency_key', 'job_open_natural_key'].includes(violatedConstraint(error) ?? '');
}

/** What makes two jobs the same to one client: where, which media, which type, which configuration of that type. */
function naturalKey(draft: Draft, type: JobType): string {
  return sha256(canonical([draft.client, draft.region, draft.mediaId, type, draft.config[type] ?? null]));
}

/** Equal for bodies that mean the same: the order of keys and of types says nothing. */
function bodyHash({ mediaId, region, types, config, priority, labels, extend, force }: Draft): string {
  return sha256(
    canonical([mediaId, region, types.map(({ type }) => type).toSorted(), config, priority, labels, extend, force]),
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
