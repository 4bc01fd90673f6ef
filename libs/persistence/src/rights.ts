import { StartError } from '@app/observability';
import type { DataSource } from 'typeorm';

export type Process = 'api' | 'worker' | 'webhook';

type Privilege = 'select' | 'insert' | 'update' | 'delete';

/**
 * What each process does to each table. The guide prints it as GRANTs, and a test runs the product with logins that may do
 * just this. An identity column needs no right on its sequence; `for update` needs `update`.
 */
const tableRights: Record<Process, Record<string, readonly Privilege[]>> = {
  api: {
    migration: ['select'],
    request: ['select', 'insert'],
    dropped_job: ['select'],
    retention: ['select'],
    job: ['select', 'insert', 'update'],
    job_label: ['select', 'insert'], // by the trigger on job
    // What a person does goes through the same door as everything else, in one statement that may touch all of these.
    submission: ['select', 'insert', 'update'],
    history: ['select', 'insert'],
    result: ['select', 'insert', 'update'],
    event: ['select', 'update'],
    circuit: ['select'],
    closed_queue: ['select'],
    process: ['select', 'insert', 'update', 'delete'],
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
    process: ['select', 'insert', 'update', 'delete'],
  },
  webhook: {
    migration: ['select'],
    job: ['select'],
    event: ['select', 'insert', 'update'],
    process: ['select', 'insert', 'update', 'delete'],
  },
};

/** Functions that do what only the owner of the tables may. */
const functionRights: Partial<Record<Process, readonly string[]>> = {
  worker: ['make_months(timestamp with time zone, integer)', 'drop_month(text, text)'],
};

/** What a process can do without: a webhook that nobody sees among the others takes events all the same. */
const spare: Partial<Record<Process, readonly string[]>> = { webhook: ['process'] };

/** The statements that give a login what a process needs, beyond CONNECT on the database. */
export function grantsFor(process: Process, login: string): string[] {
  return [
    `grant usage on schema public to ${login};`,
    ...Object.entries(tableRights[process]).map(([table, rights]) => grant(rights, `public.${table}`, login)),
    ...(functionRights[process] ?? []).map((name) => grantFunction(name, login)),
  ];
}

function grant(rights: readonly string[], on: string, login: string): string {
  return `grant ${rights.join(', ')} on ${on} to ${login};`;
}

function grantFunction(name: string, login: string): string {
  return grant(['execute'], `function public.${name}`, login);
}

/** A right that is missing. The message has the statements that give it. */
export class RightsError extends StartError {
  constructor(grants: string[]) {
    super(`the login of DATABASE_URL lacks rights; somebody who may grant them has to run:\n${grants.join('\n')}`);
  }
}

/** Asked at the start: else it would show hours later, as one statement after another that fails. */
export async function assertRights(db: DataSource, process: Process): Promise<void> {
  const asked = Object.entries(tableRights[process])
    .filter(([table]) => !spare[process]?.includes(table))
    .flatMap(([table, rights]) => rights.map((right) => ({ table, right })));
  const [found] = await db.query<[{ login: string; usage: boolean; missing: { table: string; right: string }[] }]>(
    `select quote_ident(current_user) as login, has_schema_privilege('public', 'usage') as usage,
            coalesce(jsonb_agg(asked) filter (where not has_table_privilege(pg_class.oid, asked."right")), '[]') as missing
       from jsonb_to_recordset($1::jsonb) as asked("table" text, "right" text)
       join pg_class on relname = asked."table" and relnamespace = 'public'::regnamespace`,
    [JSON.stringify(asked)],
  );
  const { login, usage, missing } = found;
  const grants = [...new Set(missing.map(({ table }) => table))].map((table) =>
    grant(
      missing.filter((each) => each.table === table).map(({ right }) => right),
      `public.${table}`,
      login,
    ),
  );
  if (!usage) grants.unshift(`grant usage on schema public to ${login};`);
  else grants.push(...(await missingFunctions(db, process)).map((name) => grantFunction(name, login)));
  if (grants.length > 0) throw new RightsError(grants);
}

async function missingFunctions(db: DataSource, process: Process): Promise<string[]> {
  const rows = await db.query<{ name: string }[]>(
    `select name from unnest($1::text[]) as name where not has_function_privilege('public.' || name, 'execute')`,
    [functionRights[process] ?? []],
  );
  return rows.map(({ name }) => name);
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
