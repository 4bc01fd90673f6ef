import { sqlState } from '@app/postgres';
import type { DataSource, QueryRunner } from 'typeorm';
import { missingGrants, processes, roleOf, surplusGrants, type Process } from './rights';

/** What a role needs beside our tables. */
export type Beside = Partial<Record<Process, (role: string) => Promise<string[] | null>>>;

/**
 * Gives each process's role what its process needs now. Roles belong to the server and not to one of its databases, a backup has
 * none of them, and somebody else may have to make them: so it looks each time, and does what is left to do. What this login
 * may not do it says, and goes on.
 */
export async function grantRoles(db: DataSource, beside: Beside, say: (line: string) => void): Promise<void> {
  const missing = async (process: Process) => [
    ...(await missingGrants(db, process, roleOf(process))),
    ...((await beside[process]?.(roleOf(process))) ?? []),
  ];
  const left: string[] = [];
  for (const process of processes) {
    if (!(await makeRole(db, process))) {
      left.push(`create role ${roleOf(process)};`);
      continue;
    }
    const grants = await missing(process);
    if (grants.length > 0) await oneAtATime(db, (runner) => grantAll(runner, grants));
    left.push(...(grants.length > 0 ? await missing(process) : []), ...(await excess(db, process)));
    const surplus = await surplusGrants(db, process, roleOf(process));
    if (surplus.length > 0) {
      say(
        `${roleOf(process)} may do more than its process needs. When no process of an older version runs any more, ` +
          `somebody has to run this, and then npm run migrate:\n${surplus.join('\n')}`,
      );
    }
  }
  if (left.length > 0) {
    say(
      'a role for each process takes statements that this login may not run. With one login for all processes nothing is ' +
        `missing; for a login each somebody who may has to run them, and then npm run migrate:\n${left.join('\n')}`,
    );
  }
}

/** Answers whether there is one now. */
async function makeRole(db: DataSource, process: Process): Promise<boolean> {
  const role = roleOf(process);
  try {
    // Migrations of several databases of one server make them at the same moment.
    await db.query(`
      do $$ begin
        if to_regrole('${role}') is null then create role ${role}; end if;
      exception when duplicate_object or unique_violation then null;
      end $$`);
    return true;
  } catch (error) {
    if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    return false;
  }
}

/** Two that grant rights on one table at the same moment are an error of Postgres's. */
async function oneAtATime(db: DataSource, work: (runner: QueryRunner) => Promise<void>): Promise<void> {
  const runner = db.createQueryRunner();
  try {
    await runner.query(`select pg_advisory_lock(hashtext('vodai roles'))`);
    await work(runner);
  } finally {
    await runner.query(`select pg_advisory_unlock(hashtext('vodai roles'))`).catch(() => undefined);
    await runner.release();
  }
}

/** One that is refused is left: whether it was, the next look tells. */
async function grantAll(runner: QueryRunner, grants: readonly string[]): Promise<void> {
  for (const statement of grants) {
    await runner.query(statement).catch((error: unknown) => {
      if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    });
  }
}

/** What no process may: to be asked for nothing at all, or to make roles of its own. */
async function excess(db: DataSource, process: Process): Promise<string[]> {
  const role = roleOf(process);
  const rows = await db.query<unknown[]>(
    `select from pg_roles where rolname = $1 and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls)`,
    [role],
  );
  return [
    ...(rows.length > 0 ? [`alter role ${role} nosuperuser nocreaterole nocreatedb nobypassrls;`] : []),
    ...((await mayCreate(db, role)) ? [`revoke create on schema public from public, ${role};`] : []),
  ];
}

/** Before Postgres 15 everybody might. */
async function mayCreate(db: DataSource, role: string): Promise<boolean> {
  const [{ may }] = await db.query<[{ may: boolean }]>(`select has_schema_privilege($1, 'public', 'create') as may`, [
    role,
  ]);
  return may;
}

const INSUFFICIENT_PRIVILEGE = '42501';
