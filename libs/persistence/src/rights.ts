import { StartError } from '@app/observability';
import type { DataSource } from 'typeorm';

export const processes = ['api', 'worker', 'webhook'] as const;
export type Process = (typeof processes)[number];

/** The group role of a process, which has all that the process needs. A login for the process is a member of it. */
export function roleOf(process: Process): string {
  return `vodai_${process}`;
}

/**
 * What each process does to each table itself, as GRANT takes it. An identity column needs no right on its sequence;
 * `for update` needs `update`. The webhook has nothing but functions: whoever takes it over meets no table.
 */
const tableRights: Record<Process, Record<string, readonly string[]>> = {
  api: {
    migration: ['select'],
    request: ['select', 'insert'],
    dropped_job: ['select'],
    retention: ['select'],
    // As a new job is stored: nobody but a worker says what VOD knows of it. The trigger only_workers_claim has the states.
    job: [
      'select',
      `insert (id, request_id, type, state, version, due_at, client, region, media_id, priority, labels, natural_key,
               holds_natural_key, created_at)`,
      // As the door writes it. Whose job it is, and of which media, stays.
      `update (state, version, due_at, attempt, attempts, tries, misses, vod_job_id, event_status, error_phase, error_code,
               error_message, submitted_at, last_read_at, finished_at, settled_at, holds_natural_key)`,
    ],
    job_label: ['select', 'insert'], // by the trigger on job
    submission: ['select'],
    history: ['select', 'insert'],
    result: ['select'],
    event: ['select', 'update (verdict, job_id, reason)'], // of the job that a person names for a JobId
    circuit: ['select'],
    closed_queue: ['select'],
    process: ['select'],
    // Whose an endpoint is stays, and what it was told. Its secrets are written and never read.
    endpoint: [
      'select',
      'insert',
      'update (url, events, types, labels, include_result, paused_at, pause_reason, failing_since, rest_until, deleted_at)',
    ],
    endpoint_secret: ['select (endpoint_id, created_at, expires_at)', 'insert', 'update (expires_at)'],
    delivery: ['select', 'insert', 'update (state, due_at, tries, tried_since, settled_at)'],
    delivery_attempt: ['select'],
    reader: ['select', 'insert', 'update (position, updated_at)'],
  },
  worker: {
    migration: ['select'],
    installation: ['select'],
    // It drops what has been kept for long enough.
    request: ['select', 'update', 'delete'],
    job: ['select', 'update', 'delete'],
    job_label: ['select', 'delete'],
    submission: ['select', 'insert', 'update', 'delete'],
    history: ['select', 'insert', 'delete'],
    result: ['select', 'insert', 'update', 'delete'],
    event: ['select', 'update', 'delete'],
    dropped_job: ['select', 'insert', 'delete'],
    retention: ['select', 'update'],
    circuit: ['select', 'insert', 'update', 'delete'],
    closed_queue: ['select', 'insert', 'update'],
    pace: ['select', 'insert', 'update'],
    process: ['select'],
    endpoint: [
      'select',
      'update (since, paused_at, pause_reason, failing_since, rest_until)',
      'delete', // with the last of its deliveries
    ],
    endpoint_secret: ['select', 'delete'],
    delivery: ['select', 'insert', 'update', 'delete'],
    delivery_attempt: ['select', 'insert', 'delete'],
    reader: ['select', 'update'],
  },
  webhook: {
    migration: ['select'],
  },
};

/** Functions that do what only the owner of the tables may. */
const functionRights: Record<Process, readonly string[]> = {
  api: heartbeatOf('api'),
  worker: [
    ...heartbeatOf('worker'),
    'make_months(timestamp with time zone, integer)',
    'drop_month(text, text)',
    'keep_events(jsonb)', // those that it takes from the queue
  ],
  webhook: [
    ...heartbeatOf('webhook'),
    'keep_events(jsonb)',
    'keep_known_events(jsonb, text)',
    'count_strangers(uuid, uuid, integer)',
  ],
};

/** Each says of itself that it runs, and nobody of anybody else. */
function heartbeatOf(process: Process): string[] {
  return [`beat_${process}(uuid, text, text, text[], integer, integer, integer)`, `leave_${process}(uuid)`];
}

/** The statements that `role`, a group or a login, lacks to work as this process with what there is in the database. */
export async function missingGrants(db: DataSource, process: Process, role: string): Promise<string[]> {
  const asked = Object.entries(tableRights[process]).flatMap(([table, rights]) =>
    rights.flatMap((right) => {
      const [, privilege = '', columns] = /^(\w+)(?: \(([^)]*)\))?$/.exec(right) ?? [];
      return (columns?.split(/,\s*/) ?? [null]).map((column) => ({ table, right, privilege, column }));
    }),
  );
  const [found] = await db.query<[{ role: string; usage: boolean; missing: Missing[] }]>(
    `select quote_ident($2::text) as role,
            has_schema_privilege($2, 'public', 'usage') as usage,
            coalesce(jsonb_agg(distinct jsonb_build_object('table', asked."table", 'right', asked."right"))
                     filter (where not case when asked."column" is null then has_table_privilege($2, pg_class.oid, privilege)
                                            else has_column_privilege($2, pg_class.oid, attnum, privilege) end), '[]') as missing
       from jsonb_to_recordset($1::jsonb) as asked("table" text, "right" text, privilege text, "column" text)
       join pg_class on relname = asked."table" and relnamespace = 'public'::regnamespace
       left join pg_attribute on attrelid = pg_class.oid and attname = asked."column"`,
    [JSON.stringify(asked), role],
  );
  const functions = await db.query<{ name: string }[]>(
    `select name from unnest($1::text[]) as name where not has_function_privilege($2, to_regprocedure('public.' || name), 'execute')`,
    [functionRights[process], role],
  );
  const grant = (rights: string, on: string) => `grant ${rights} on ${on} to ${found.role};`;
  return [
    ...(found.usage ? [] : [grant('usage', 'schema public')]),
    ...Object.keys(tableRights[process]).flatMap((table) => {
      const rights = found.missing
        .filter((each) => each.table === table)
        .map(({ right }) => right.replaceAll(/\s+/g, ' '));
      return rights.length > 0 ? [grant(rights.join(', '), `public.${table}`)] : [];
    }),
    ...functions.map(({ name }) => grant('execute', `function public.${name}`)),
  ];
}

interface Missing {
  table: string;
  right: string;
}

/**
 * What `role` may do beside that. It was granted by hand, for a version that needed it. To revoke a right of a table takes those of
 * its columns along: a migration grants them again.
 */
export async function surplusGrants(db: DataSource, process: Process, role: string): Promise<string[]> {
  const wanted = Object.entries(tableRights[process]).flatMap(([table, rights]) =>
    rights.map((right) => `${table} ${right}`),
  );
  const rows = await db.query<{ statement: string }[]>(
    `select format('revoke %s on public.%I from %I;', string_agg(lower(privilege_type), ', ' order by privilege_type), relname, $2::text) as statement
       from pg_class
       cross join lateral aclexplode(relacl)
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
        and grantee = $2::regrole and relowner <> grantee
        and relname || ' ' || lower(privilege_type) <> all($1::text[])
      group by relname
      order by relname`,
    [wanted, role],
  );
  return rows.map(({ statement }) => statement);
}

/** A right that is missing. The message has the statements that give it. */
export class RightsError extends StartError {
  constructor(grants: string[]) {
    super(`the login of DATABASE_URL lacks rights; somebody who may grant them has to run:\n${grants.join('\n')}`);
  }
}

/** Asked at the start: else it would show hours later, as one statement after another that fails. */
export async function assertRights(db: DataSource, process: Process): Promise<void> {
  const role = roleOf(process);
  const [{ login, member }] = await db.query<[{ login: string; member: boolean | null }]>(
    `select current_user as login, pg_has_role(to_regrole($1), 'usage') as member`,
    [role],
  );
  const missing = await missingGrants(db, process, login);
  if (missing.length === 0) return;
  if (member === null) throw new RightsError(missing);
  const short = await missingGrants(db, process, role);
  throw new RightsError([...short, ...(member ? [] : [`grant ${role} to ${await quoted(db, login)};`])]);
}

async function quoted(db: DataSource, name: string): Promise<string> {
  const [{ identifier }] = await db.query<[{ identifier: string }]>(`select quote_ident($1) as identifier`, [name]);
  return identifier;
}

/** What a migration needs is to own the tables, and to make others beside them. */
export async function assertMayMigrate(db: DataSource): Promise<void> {
  const [found] = await db.query<[{ login: string; create: boolean; foreign: { table: string; owner: string }[] }]>(
    `select quote_ident(current_user) as login, has_schema_privilege('public', 'create') as create,
            (select coalesce(jsonb_agg(jsonb_build_object('table', relname, 'owner', relowner::regrole::text) order by relname), '[]')
               from pg_class
              where relname = any($1) and relnamespace = 'public'::regnamespace and not pg_has_role(relowner, 'usage')) as foreign`,
    [[...new Set(Object.values(tableRights).flatMap(Object.keys))]],
  );
  const { login, create, foreign } = found;
  const grants = [...new Set(foreign.map(({ owner }) => owner))].map((owner) => `grant ${owner} to ${login};`);
  if (!create) grants.unshift(`grant usage, create on schema public to ${login};`);
  if (grants.length > 0) throw new RightsError(grants);
}
