import { inWords } from './trouble';

/**
 * Raises what a write would raise, without writing: a standby after a failover and a server that was closed for writes answer
 * every `select 1`. Raised on the server, so that a pool gives such a connection up as after a write.
 */
const question = `
  do $$ begin
    if pg_is_in_recovery() then
      raise read_only_sql_transaction using message = 'the server is a standby and takes no writes';
    elsif current_setting('transaction_read_only')::boolean then
      raise read_only_sql_transaction using message = 'the server takes no writes: default_transaction_read_only is on';
    end if;
  end $$`;

/** Whether the server takes what there is to store, which is more than that it answers. */
export async function assertWritable(server: { query(sql: string): Promise<unknown> }): Promise<void> {
  try {
    await server.query(question);
  } catch (error) {
    throw new Error(inWords(error), { cause: error });
  }
}
