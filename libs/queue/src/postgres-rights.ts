import { StartError } from '@app/observability';
import { LATEST_SCHEMA_VERSION } from 'bullmq';
import type { ClientBase, Pool } from 'pg';

/** BullMQ's schema in Postgres: made by `npm run migrate`. */
export const SCHEMA = 'bullmq';

/** The statements that give a login what BullMQ needs. It makes a sequence for every queue, and temporary tables. */
export function queueGrants(login: string, database: string): string[] {
  return [
    `grant usage, create on schema ${SCHEMA} to ${login};`,
    `grant select, insert, update, delete on all tables in schema ${SCHEMA} to ${login};`,
    `grant usage on all sequences in schema ${SCHEMA} to ${login};`,
    `grant temporary on database ${database} to ${login};`,
  ];
}

interface Found {
  login: string;
  database: string;
  exists: boolean;
  schema: boolean;
  tables: boolean;
  sequences: boolean;
  temporary: boolean;
}

/** Without them BullMQ starts, is ready, and fails at the first entry. */
export async function assertQueueRights(server: Pool | ClientBase): Promise<void> {
  const { rows } = await server.query<Found>(
    `select quote_ident(current_user) as login, quote_ident(current_database()) as database,
            namespace.oid is not null as exists,
            has_schema_privilege(namespace.oid, 'usage') and has_schema_privilege(namespace.oid, 'create') as schema,
            -- In a case, because Postgres may else ask for the rights to a sequence that is none.
            not exists (select from pg_class, unnest(array['select', 'insert', 'update', 'delete']) as privilege
                         where relnamespace = namespace.oid
                           and case relkind when 'r' then not has_table_privilege(pg_class.oid, privilege) end) as tables,
            not exists (select from pg_class
                         where relnamespace = namespace.oid
                           and case relkind when 'S' then not has_sequence_privilege(pg_class.oid, 'usage') end) as sequences,
            has_database_privilege(current_database(), 'temporary') as temporary
       from (select) as one left join pg_namespace as namespace on nspname = $1`,
    [SCHEMA],
  );
  const [found] = rows;
  if (!found?.exists) throw new StartError(`the database lacks BullMQ's schema; run: npm run migrate`);
  const has = [found.schema, found.tables, found.sequences, found.temporary];
  const missing = queueGrants(found.login, found.database).filter((_, i) => !has[i]);
  if (missing.length > 0) {
    throw new StartError(
      `the login of DATABASE_URL lacks rights for BullMQ; somebody who may grant them has to run:\n${missing.join('\n')}`,
    );
  }
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
