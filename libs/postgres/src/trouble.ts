/** The five-character SQLSTATE of a Postgres error, null for anything else. */
export function sqlState(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? code : null;
}

/**
 * A store that is away or takes nothing at this moment, as the driver, the pool, a pooler and Postgres itself name it: the same
 * call may succeed in a while. Everything else is somebody's mistake.
 */
export function isUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== null) return unavailable.test(state);
  const { code, message, name } = (error ?? {}) as { code?: unknown; message?: unknown; name?: unknown };
  if (typeof name === 'string' && released.test(name)) return true;
  if (typeof code === 'string' && /^E(CONN|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN)/.test(code)) return true;
  return typeof message === 'string' && unavailableMessages.test(message);
}

/**
 * 08 connection, 28 and 3D and 55000 a database that begins no session (another password, renamed, closed for maintenance),
 * 53 out of connections, memory or disk, 57P shutting down or starting, 58 the disk fails; 25006 a standby or a server that has
 * been closed for writes, 25P0x and 57014 a time-out, 40001, 40P01 and 55P03 others were in the way.
 */
const unavailable = /^(08|28|3D|53|57P|58|55000|25006|25P0[234]|57014|40001|40P01|55P03)/;

/** A connection that breaks between two statements of a transaction is released at once: the next one hears this from TypeORM. */
const released = /^QueryRunner(Provider)?AlreadyReleasedError$/;

/** Of the driver and of its pool. */
const unavailableMessages =
  /Connection terminated|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout/;

/** The connection leads to a server that is no use any more: one that takes no writes, or is on its way down. */
export function isWrongServer(error: unknown): boolean {
  return /^(25006|57P0\d)$/.test(sqlState(error) ?? '');
}

/** What is wrong, for somebody who can't look into the server's log. Without names of hosts and users: /readyz is open. */
export function inWords(error: unknown): string {
  const state = sqlState(error);
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (state === null) return typeof code === 'string' ? code : String(message ?? error);
  if (state === '25006') return String(message);
  const known = words[state];
  return known ? `${known} (${state})` : state;
}

const words: Record<string, string> = {
  '08P01': 'a proxy before Postgres refuses',
  '28000': 'the server refuses this user',
  '28P01': 'the server refuses the password',
  '3D000': 'there is no such database',
  '42501': 'a right is missing',
  '53100': 'the disk of the server is full',
  '53200': 'the server is out of memory',
  '53300': 'the server has too many connections',
  '57014': 'no answer in time',
  '57P01': 'the server is shutting down',
  '57P02': 'the server has crashed',
  '57P03': 'the server is starting or shutting down',
};
