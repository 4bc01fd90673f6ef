import type { Client } from 'pg';
import { functions } from './fill';

/** Jobs of one kind that all wait. */
export interface Waiting {
  jobs: number;
  /** `processing`: VOD has them, is silent, and nobody asks before half a day is over. */
  state: 'queued' | 'processing';
  priority: 'normal' | 'low';
}

/** A backlog as the api would have written it in the last hour: one job a request, each of a media of its own. */
export async function fillWaiting(sql: Client, waiting: Waiting): Promise<void> {
  // As in fill.ts: checking that these rows refer to each other rightly would take longer than writing them.
  await sql.query(`set session_replication_role = replica; set synchronous_commit = off`);
  await sql.query(functions(1));
  for (const statement of statements(waiting)) await sql.query(statement);
  await sql.query(`reset session_replication_role; reset synchronous_commit`);
}

const statements = ({ jobs, state, priority }: Waiting) => {
  const atVod = state === 'processing';
  const now = new Date().toISOString(); // the same for all statements: the ids are made of it
  const rank = { normal: 1, low: 2 }[priority];
  // The oldest first, as they come in: what is appended to an index costs less to read than what is strewn over it.
  const row = `
    (select i, at, '${state}' || i as media_id,
            pg_temp.id(at, i, '${state} request') as request_id, pg_temp.id(at, i, '${state} job') as job_id
       from (select i, '${now}'::timestamptz - (1 - i::float8 / ${jobs}) * interval '1 hour' as at
               from generate_series(1, ${jobs}::bigint) as i) as numbered) as waiting`;
  return [
    `insert into request (id, client, body_hash, media_id, region, priority, created_at)
     select request_id, 'backlog', md5(media_id), media_id, 'cn-shanghai', ${rank}, at from ${row}`,

    `insert into job (id, request_id, type, state, version, due_at, attempt, attempts, vod_job_id, client, region,
                      media_id, priority, natural_key, holds_natural_key, created_at, submitted_at)
     select job_id, request_id, 'AIVideoTag', '${state}',
            ${atVod ? `3, now() + interval '12 hours', 1, 1, md5('vod' || media_id)` : `1, at, 0, 0, null`},
            'backlog', 'cn-shanghai', media_id, ${rank}, md5('natural' || media_id), true, at, ${atVod ? 'at' : 'null'}
       from ${row}`,

    `insert into history (job_id, version, at, event, from_state, to_state, attempt, actor)
     select job_id, 1, at, 'created', null, 'queued', 0, 'backlog' from ${row}`,

    ...(atVod ? [submissions(row), linesAtVod(row)] : []),
    `vacuum analyze`,
  ];
};

const submissions = (row: string) => `
  insert into submission (request_id, number, types, nonce, signed_at, sent_at, answered_at, outcome, vod_request_id, signer)
  select request_id, 1, array['AIVideoTag'], gen_random_uuid(), at, at, at, 'accepted', upper(md5(media_id)), 'key' from ${row}`;

const linesAtVod = (row: string) => `
  insert into history (job_id, version, at, event, from_state, to_state, attempt)
  select job_id, line.version, at, line.event, line.from_state, line.to_state, 1
    from ${row}
    cross join (values (2, 'claimed', 'queued', 'submitting'),
                       (3, 'accepted', 'submitting', 'processing')) as line(version, event, from_state, to_state)`;
