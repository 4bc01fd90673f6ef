import { connectionOf } from '@app/postgres';
import type { Pool, PoolClient, QueryResult } from 'pg';
import type { DataSource } from 'typeorm';

export interface Statement {
  text: string;
  parameters: unknown[];
}

/**
 * A transaction on a connection of its own. Statements that are asked for without waiting for each other travel together, and
 * the start travels with the first: the way to the server and back costs more than most of them.
 */
export class Transaction {
  private begun: Promise<QueryResult> | null = null;
  private committed: Promise<void> | null = null;
  private readonly following: ((committed: Promise<void>) => Promise<unknown>)[] = [];
  private followed: Promise<unknown>[] = [];

  constructor(private readonly client: PoolClient) {}

  /** The rows of one statement. */
  async query<Rows>(text: string, parameters: unknown[] = []): Promise<Rows> {
    this.begun ??= this.send('start transaction');
    const [{ rows }] = await Promise.all([this.send(text, parameters), this.begun]);
    return rows as Rows;
  }

  /** The same for the last statement, with which the commit travels. One that fails commits nothing. */
  async last<Rows>(text: string, parameters: unknown[]): Promise<Rows> {
    const answer = this.query<Rows>(text, parameters);
    const committed = this.commit();
    // What is wrong with the statement says more than that it was not committed.
    committed.catch(() => undefined);
    const rows = await answer;
    await committed;
    return rows;
  }

  /**
   * A look right after the commit, with which it travels: asked for before the last statement. Nothing that writes, as it runs after a
   * rollback too; only its answer is kept back then, for ever. No rows when nothing was begun.
   */
  afterCommit<Rows>(text: string, parameters: unknown[]): Promise<Rows> {
    if (this.committed) throw new Error('asked for after the commit');
    return new Promise((resolve, reject) => {
      this.following.push((committed) => {
        if (this.begun === null) return Promise.resolve(resolve([] as Rows));
        const answer = this.send(text, parameters);
        return committed.then(
          () => answer.then(({ rows }) => resolve(rows as Rows), reject),
          () => undefined,
        );
      });
    });
  }

  /** Once, however often it is asked for. */
  commit(): Promise<void> {
    return (this.committed ??= this.sendCommit());
  }

  /** Resolves when what follows the commit is over as well: the connection is somebody else's then. */
  async over(): Promise<void> {
    await this.commit();
    await Promise.allSettled(this.followed);
  }

  /** False when the connection is of no use any more. */
  async rollBack(): Promise<boolean> {
    if (this.begun === null) return true;
    await this.committed?.catch(() => undefined);
    return this.send('rollback').then(
      () => true,
      () => false,
    );
  }

  private sendCommit(): Promise<void> {
    const committed = this.begun ? this.send('commit').then(assertCommitted) : Promise.resolve();
    this.followed = this.following.map((follow) => follow(committed));
    return committed;
  }

  /** What is sent within one turn of the event loop leaves in one piece. */
  private send(text: string, parameters?: unknown[]): Promise<QueryResult> {
    const { stream } = connectionOf(this.client);
    stream.cork();
    process.nextTick(() => stream.uncork());
    const answer = parameters ? this.client.query(text, parameters) : this.client.query(text);
    // Whoever asked hears of it. The others that travel along may fail too, and nobody waits for them then.
    answer.catch(() => undefined);
    return answer;
  }
}

/** Commits what `work` does, or nothing when it throws. */
export async function transaction<T>(db: DataSource, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await (db.driver as unknown as { master: Pool }).master.connect();
  const tx = new Transaction(client);
  let isSound = true;
  try {
    const answer = await work(tx);
    await tx.over();
    return answer;
  } catch (error) {
    isSound = await tx.rollBack();
    throw error;
  } finally {
    client.release(!isSound);
  }
}

/** After a statement that failed Postgres takes a commit for a rollback, without an error. */
function assertCommitted({ command }: QueryResult): void {
  if (command !== 'COMMIT') throw new Error(`the transaction was not committed: ${command}`);
}
