import type { ClientBase, QueryConfig } from 'pg';

/** A statement that takes this long waits for something that is broken; its caller has an alarm to come back. */
const STATEMENT_TIMEOUT = '30s';

/** A pooler lets a client in before it has a server for it: the first statement is what waits. */
const SETTINGS_MS = 5_000;

/**
 * What the code relies on, whatever the server, the database, the role or the one before us on a pooler's connection has as
 * its own: a `DateStyle` that the driver can't read, a time zone, `serializable` as the default of every transaction. Set with
 * the first statement rather than with the start-up message, of which PgBouncer refuses most.
 *
 * `default_transaction_read_only` is not here: it is how a full disk or a failover keeps writers out.
 */
const settings = {
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  backslash_quote: 'safe_encoding',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
  array_nulls: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  statement_timeout: STATEMENT_TIMEOUT,
  lock_timeout: '0', // statement_timeout bounds that too
  idle_in_transaction_session_timeout: STATEMENT_TIMEOUT,
  // A page of a large table is estimated dear and read in milliseconds: compiling its statement takes longer than running it.
  jit: 'off',
};

/** Newer than the oldest Postgres we take, or changed only from one value. */
const conditional = `
  select set_config('idle_session_timeout', '0', false) where current_setting('idle_session_timeout', true) is not null;
  select set_config('transaction_timeout', '0', false) where current_setting('transaction_timeout', true) is not null;
  -- What is committed just before a call to VOD has to outlive a crash just after it.
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;

/** Makes a new connection what the code takes it for. */
export async function applySettings(client: ClientBase, searchPath: string): Promise<void> {
  const sets = Object.entries({ ...settings, search_path: searchPath }).map(
    ([name, value]) => `set ${name} = '${value}'`,
  );
  sets[0] = `set datestyle = ISO, YMD`; // a list
  // The types of pg lack this option.
  await client.query({ text: [...sets, conditional].join(';\n'), query_timeout: SETTINGS_MS } as QueryConfig);
}
