import { StartError } from '@app/observability';
import { LATEST_SCHEMA_VERSION } from 'bullmq';
import type { ClientBase, Pool } from 'pg';

/** BullMQ's schema in Postgres: made by `npm run migrate`. */
export const SCHEMA = 'bullmq';

/** The role of those who work the queues (persistence makes it). */
const WORKERS = 'vodai_worker';

interface Found {
  role: string;
  database: string;
  exists: boolean;
  schema: boolean;
  tables: boolean;
  sequences: boolean;
  temporary: boolean;
}

type Query = <Rows>(text: string, parameters: unknown[]) => Promise<Rows>;

/**
 * The statements that `role`, a group or a login, lacks to use BullMQ, which makes a sequence for every queue, and temporary
 * tables. Null when its schema isn't there.
 */
export async function missingQueueGrants(query: Query, role: string): Promise<string[] | null> {
  const [found] = await query<[Found]>(
    `select quote_ident($2::text) as role, quote_ident(current_database()) as database,
            namespace.oid is not null as exists,
            has_schema_privilege($2, namespace.oid, 'usage') and has_schema_privilege($2, namespace.oid, 'create') as schema,
            -- In a case, because Postgres may else ask for the rights to a sequence that is none.
            not exists (select from pg_class, unnest(array['select', 'insert', 'update', 'delete']) as privilege
                         where relnamespace = namespace.oid
                           and case relkind when 'r' then not has_table_privilege($2, pg_class.oid, privilege) end) as tables,
            not exists (select from pg_class
                         where relnamespace = namespace.oid
                           and case relkind when 'S' then not has_sequence_privilege($2, pg_class.oid, 'usage') end) as sequences,
            has_database_privilege($2, current_database(), 'temporary') as temporary
       from (select) as one left join pg_namespace as namespace on nspname = $1`,
    [SCHEMA, role],
  );
  if (!found.exists) return null;
  return [
    ...(found.schema ? [] : [`grant usage, create on schema ${SCHEMA} to ${found.role};`]),
    ...(found.tables
      ? []
      : [`grant select, insert, update, delete on all tables in schema ${SCHEMA} to ${found.role};`]),
    ...(found.sequences ? [] : [`grant usage on all sequences in schema ${SCHEMA} to ${found.role};`]),
    ...(found.temporary ? [] : [`grant temporary on database ${found.database} to ${found.role};`]),
  ];
}

/** Without them BullMQ starts, is ready, and fails at the first entry. */
export async function assertQueueRights(server: Pool | ClientBase): Promise<void> {
  const query: Query = async <Rows>(text: string, parameters: unknown[]) =>
    (await server.query(text, parameters)).rows as Rows;
  const [{ login, member }] = await query<[{ login: string; member: boolean | null }]>(
    `select current_user as login, pg_has_role(to_regrole($1), 'usage') as member`,
    [WORKERS],
  );
  const missing = await missingQueueGrants(query, login);
  if (missing === null) throw new StartError(`the database lacks BullMQ's schema; run: npm run migrate`);
  if (missing.length > 0) {
    const statements = member ? await missingQueueGrants(query, WORKERS) : missing;
    throw new StartError(
      `the login of DATABASE_URL lacks rights for BullMQ; somebody who may grant them has to run:\n${statements?.join('\n')}`,
    );
  }
  if (member !== null) await shareSequences(server);
}

/** The sequences that this login is going to make are for all who work the queues: another login may take its place. */
async function shareSequences(server: Pool | ClientBase): Promise<void> {
  await server.query(`
    do $$ begin
      perform pg_advisory_xact_lock(hashtext('vodai queue sequences'));
      if not exists (select from pg_default_acl
                      where defaclrole = current_user::regrole and defaclnamespace = '${SCHEMA}'::regnamespace
                        and defaclobjtype = 'S') then
        alter default privileges in schema ${SCHEMA} grant usage on sequences to ${WORKERS};
      end if;
    end $$`);
}

/** Whether BullMQ's tables are there and as new as this version of it. Needs to read one table. */
export async function isQueueSchemaCurrent(server: Pool | ClientBase): Promise<boolean> {
  const { rows } = await server.query<{ exists: boolean; readable: boolean; login: string }>(
    `select quote_ident(current_user) as login, has_schema_privilege(relnamespace, 'usage') and has_table_privilege(oid, 'select') as readable
       from pg_class where relname = 'migration' and relnamespace = (select oid from pg_namespace where nspname = $1)`,
    [SCHEMA],
  );
  const [ledger] = rows;
  if (!ledger) return false;
  if (!ledger.readable) {
    throw new StartError(
      `the login of DATABASE_URL lacks rights; somebody who may grant them has to run:\n` +
        `grant usage on schema ${SCHEMA} to ${ledger.login};\ngrant select on ${SCHEMA}.migration to ${ledger.login};`,
    );
  }
  const newest = await server.query<{ version: number }>(
    `select coalesce(max(version), 0)::int as version from ${SCHEMA}.migration`,
  );
  return (newest.rows[0]?.version ?? 0) >= LATEST_SCHEMA_VERSION;
}

/**
 * BullMQ makes its schema, or changes what is in it. It says "create schema if not exists" each time, for which Postgres wants
 * the right to make one although it is there; to change a table or a function one has to own it.
 */
export async function assertMayMigrateQueue(server: Pool | ClientBase): Promise<void> {
  const { rows } = await server.query<{ statement: string }>(
    `with namespace as (
       select oid from pg_namespace where nspname = $1
     ), owned as (
       select relowner as owner from pg_class join namespace on relnamespace = namespace.oid where relkind = 'r'
       union
       select proowner from pg_proc join namespace on pronamespace = namespace.oid
     )
     select format('grant create on database %I to %I;', current_database(), current_user) as statement
      where not has_database_privilege(current_database(), 'create')
     union all
     select format('grant usage, create on schema %I to %I;', $1, current_user)
       from namespace
      where not (has_schema_privilege(oid, 'usage') and has_schema_privilege(oid, 'create'))
     union all
     select format('grant %s to %I;', owner::regrole, current_user)
       from owned
      where not pg_has_role(owner, 'usage')`,
    [SCHEMA],
  );
  if (rows.length > 0) {
    const statements = rows.map(({ statement }) => statement).join('\n');
    throw new StartError(
      `the login of DATABASE_URL may not make BullMQ's tables; somebody who may grant that has to run:\n${statements}`,
    );
  }
}
