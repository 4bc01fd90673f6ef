import { createHash } from 'node:crypto';
import { fastify } from 'fastify';
import { Pool } from 'pg';

/**
 * What somebody would write by hand to take VOD's events: a route that checks the signature and inserts a row, and for comparison
 * one that answers and does nothing. A process of its own, see intake.ts.
 */

/** What it is told by the one who starts it. */
export interface RoutesOrder {
  databaseUrl: string;
  callbackUrl: string;
  callbackKey: string;
}

export const ROUTES = { empty: '/empty', insert: '/insert' };

const CONNECTIONS = 20;

async function serve({ databaseUrl, callbackUrl, callbackKey }: RoutesOrder): Promise<void> {
  const pool = new Pool({ connectionString: databaseUrl, max: CONNECTIONS });
  await pool.query(
    `create table event (
       id bigint generated always as identity primary key, received_at timestamptz not null default now(), vod_job_id text, body jsonb
     )`,
  );
  const app = fastify({ logger: false });
  app.post(ROUTES.empty, async () => ({ ok: true }));
  app.post<{ Body: { JobId: string } }>(ROUTES.insert, async ({ headers, body }, reply) => {
    const signed = `${callbackUrl}|${String(headers['x-vod-timestamp'])}|${callbackKey}`;
    if (createHash('md5').update(signed).digest('hex') !== headers['x-vod-signature']) return reply.code(401).send();
    await pool.query('insert into event (vod_job_id, body) values ($1, $2)', [body.JobId, body]);
    return { ok: true };
  });
  process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }));
}

process.once('message', (order: RoutesOrder) => void serve(order));
process.once('disconnect', () => process.exit());
