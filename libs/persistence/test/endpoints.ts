import { newsTypes, type NewsType } from '@app/domain';
import { v7 as uuidv7 } from 'uuid';

export interface TestEndpoint {
  client: string;
  url: string;
  events: readonly NewsType[];
  types: string[] | null;
  labels: Record<string, string>;
  includeResult: boolean;
  pauseReason: 'person' | 'gone' | 'failing' | null;
  secrets: string[];
}

type Query = (sql: string, parameters?: unknown[]) => Promise<unknown>;

/** `openssl rand -base64 24`, of these tests only. */
export const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

/** An endpoint as the api makes one: the first sets the reader's position to this moment. Answers its id. */
export async function addEndpoint(query: Query, endpoint: Partial<TestEndpoint> = {}): Promise<string> {
  const id = uuidv7();
  const {
    client = 'otto',
    url = 'https://shop.example/vodai',
    events = newsTypes,
    types = null,
    labels = {},
    includeResult = false,
    pauseReason = null,
    secrets = [SECRET],
  } = endpoint;
  await query(
    `insert into reader (name, position) values ('tell', pg_current_snapshot()::text) on conflict do nothing`,
  );
  await query(
    `update reader set position = pg_current_snapshot()::text
      where name = 'tell' and not exists (select from endpoint where deleted_at is null)`,
  );
  await query(
    `insert into endpoint (id, client, url, events, types, labels, include_result, paused_at, pause_reason, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, case when $8::text is not null then now() end, $8, $2)`,
    [id, client, url, events, types, JSON.stringify(labels), includeResult, pauseReason],
  );
  for (const secret of secrets) {
    await query(`insert into endpoint_secret (endpoint_id, secret, created_at) values ($1, $2, clock_timestamp())`, [
      id,
      secret,
    ]);
  }
  return id;
}

interface TestDelivery {
  endpointId: string;
  jobId: string | null;
  historyId: number | null;
  type: string;
  client: string;
  /** In how many seconds it is due; negative: since how many. */
  dueInS: number;
}

/** A delivery that waits, as telling makes one. Answers its id. */
export async function addDelivery(
  query: Query,
  delivery: Partial<TestDelivery> & { endpointId: string },
): Promise<string> {
  const id = uuidv7();
  const {
    endpointId,
    jobId = uuidv7(),
    historyId = null,
    type = 'job.succeeded',
    client = 'otto',
    dueInS = -1,
  } = delivery;
  await query(
    `insert into delivery (id, endpoint_id, job_id, history_id, type, client, happened_at, job, due_at)
     values ($1, $2, $3, $4, $5, $6, now(), $7, now() + make_interval(secs => $8))`,
    [id, endpointId, jobId, historyId, type, client, jobId === null ? null : JSON.stringify({ id: jobId }), dueInS],
  );
  return id;
}
