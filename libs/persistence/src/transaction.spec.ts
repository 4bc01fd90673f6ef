import { createTestDatabase, eventually, type TestDatabase } from '@app/testing';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { createDataSource } from './data-source';
import { transaction } from './transaction';

let database: TestDatabase;
/** Of one connection: what one transaction leaves behind the next one meets. */
let db: DataSource;
beforeAll(async () => {
  database = await createTestDatabase();
  db = await createDataSource({ url: database.url, application: 'vodai-test', poolSize: 1 }).initialize();
  await db.query('create table kept (n integer primary key)');
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});
beforeEach(() => db.query('delete from kept'));

const kept = async () => (await db.query<{ n: number }[]>('select n from kept order by n')).map(({ n }) => n);
/** Which connection the pool has. */
const session = () => db.query<unknown>('select pg_backend_pid() as pid');
const keep = 'insert into kept values ($1) returning n';

describe('A transaction', () => {
  it('commits what was done, and answers what came of it', async () => {
    expect(await transaction(db, (tx) => tx.query(keep, [1]))).toEqual([{ n: 1 }]);
    expect(await kept()).toEqual([1]);
  });

  it('commits with its last statement, once, after all that was asked for before', async () => {
    const answers = await transaction(db, (tx) => Promise.all([tx.query(keep, [1]), tx.last(keep, [2])]));
    expect(answers).toEqual([[{ n: 1 }], [{ n: 2 }]]);
    expect(await kept()).toEqual([1, 2]);
  });

  it('asks the server nothing when nothing was asked of it, whether it ends well or not', async () => {
    const client = await (
      db.driver as unknown as { master: { connect: () => Promise<{ query: unknown; release: () => void }> } }
    ).master.connect();
    client.release();
    const same = await session();
    const query = jest.spyOn(client as { query: () => unknown }, 'query');
    expect(await transaction(db, () => Promise.resolve('nothing to do'))).toBe('nothing to do');
    await expect(transaction(db, () => Promise.reject(new Error('no reason to ask')))).rejects.toThrow('no reason');
    expect(query).not.toHaveBeenCalled();
    query.mockRestore();
    expect(await session()).toEqual(same);
  });

  it('takes back everything when the work fails, and keeps its connection', async () => {
    const same = await session();
    const work = transaction(db, async (tx) => {
      await tx.query(keep, [1]);
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await kept()).toEqual([]);
    expect(await session()).toEqual(same);
    await transaction(db, (tx) => tx.query(keep, [2]));
    expect(await kept()).toEqual([2]);
  });

  it('that a statement failed in commits nothing, and says so even to who has overlooked it', async () => {
    const work = transaction(db, async (tx) => {
      await tx.query(keep, [1]);
      await tx.query('select 1 / 0').catch(() => undefined);
    });
    await expect(work).rejects.toThrow('the transaction was not committed: ROLLBACK');
    expect(await kept()).toEqual([]);
    await transaction(db, (tx) => tx.query(keep, [2]));
    expect(await kept()).toEqual([2]);
  });

  it('whose last statement fails commits nothing, and tells what is wrong with the statement', async () => {
    const work = transaction(db, async (tx) => {
      await tx.query(keep, [1]);
      await tx.last(keep, [1]);
    });
    await expect(work).rejects.toThrow('duplicate key');
    expect(await kept()).toEqual([]);
    await transaction(db, (tx) => tx.query(keep, [2]));
    expect(await kept()).toEqual([2]);
  });

  it('whose last statement is followed by trouble has happened, and leaves a connection that is of use', async () => {
    const work = transaction(db, async (tx) => {
      await tx.last(keep, [1]);
      throw new Error('too late');
    });
    await expect(work).rejects.toThrow('too late');
    expect(await kept()).toEqual([1]);
    await transaction(db, (tx) => tx.query(keep, [2]));
    expect(await kept()).toEqual([1, 2]);
  });

  it('whose connection breaks fails, and the next one has another', async () => {
    const work = transaction(db, async (tx) => {
      await tx.query(keep, [1]);
      await tx.query('select pg_terminate_backend(pg_backend_pid())');
    });
    await expect(work).rejects.toThrow();
    await transaction(db, (tx) => tx.query(keep, [2]));
    expect(await kept()).toEqual([2]);
  });
});

describe('What follows a commit', () => {
  /** What came of statements that have or have not an answer. */
  const note = (answer: Promise<unknown>, into: unknown[]) =>
    void answer.then(
      (rows) => into.push(rows),
      (error: unknown) => into.push(error),
    );

  it('runs after it, on the same connection, and is no part of the transaction', async () => {
    const who =
      'select pg_backend_pid() as pid, pg_current_xact_id()::text as xact, (select count(*)::int from kept) as kept';
    const [inside, after] = await transaction(db, async (tx) => {
      const answer = tx.afterCommit<[{ pid: number; xact: string; kept: number }]>(who, []);
      await tx.query(keep, [1]);
      const [, [row]] = await Promise.all([
        tx.query(keep, [2]),
        tx.last<[{ pid: number; xact: string; kept: number }]>(who, []),
      ]);
      return [row, (await answer)[0]] as const;
    });
    expect(after).toEqual({ pid: inside.pid, xact: expect.any(String), kept: 2 });
    expect(after.xact).not.toBe(inside.xact);
  });

  it('runs when everybody sees what was committed, and the connection is nobody else’s until it is over', async () => {
    const other = new Client({ connectionString: database.url });
    await other.connect();
    await other.query('select pg_advisory_lock(1)');
    const said: unknown[] = [];
    const work = transaction(db, async (tx) => {
      note(tx.afterCommit('select pg_advisory_lock_shared(1)', []), said);
      await tx.last(keep, [1]);
      said.push('committed');
    }).then(() => said.push('over'));
    await eventually('it waits for the lock', async () => {
      const { rows } = await other.query('select from pg_locks where locktype = $1 and not granted', ['advisory']);
      return rows.length === 1;
    });
    expect((await other.query('select n from kept')).rows).toEqual([{ n: 1 }]);
    expect(said).toEqual(['committed']);
    await other.end();
    await work;
    expect(said).toEqual(['committed', [{ pg_advisory_lock_shared: '' }], 'over']);
    await db.query('select pg_advisory_unlock_all()');
  });

  it('runs also when the work leaves the commit to the end, and in the order in which it was asked for', async () => {
    const answers = await transaction(db, async (tx) => {
      await tx.query(keep, [1]);
      return [tx.afterCommit(keep, [2]), tx.afterCommit('select n from kept order by n', [])];
    });
    expect(await Promise.all(answers)).toEqual([[{ n: 2 }], [{ n: 1 }, { n: 2 }]]);
  });

  it('does not run when the work fails', async () => {
    const answers: unknown[] = [];
    const work = transaction(db, async (tx) => {
      note(tx.afterCommit(keep, [2]), answers);
      await tx.query(keep, [1]);
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await kept()).toEqual([]);
    expect(answers).toEqual([]);
  });

  it('does not run when nothing was begun, and has no rows then', async () => {
    const answers: unknown[] = [];
    await transaction(db, (tx) => Promise.resolve(note(tx.afterCommit(keep, [2]), answers)));
    expect(await kept()).toEqual([]);
    expect(answers).toEqual([[]]);
  });

  it('is asked for before the commit, or not at all', async () => {
    const late = transaction(db, async (tx) => {
      await tx.last(keep, [1]);
      return tx.afterCommit('select n from kept', []);
    });
    await expect(late).rejects.toThrow('asked for after the commit');
  });

  it('has no answer when the last statement failed, and nobody has to listen for that', async () => {
    const same = await session();
    const answers: unknown[] = [];
    const work = transaction(db, async (tx) => {
      note(tx.afterCommit('select n from kept', []), answers);
      void tx.afterCommit('select 1 / 0', []); // whoever asked is gone with the trouble
      await tx.query(keep, [1]);
      await tx.last(keep, [1]);
    });
    await expect(work).rejects.toThrow('duplicate key');
    expect(await kept()).toEqual([]);
    expect(answers).toEqual([]);
    expect(await session()).toEqual(same);
  });

  it('fails alone: the transaction has happened, and leaves a connection that is of use', async () => {
    const same = await session();
    const answers: unknown[] = [];
    const work = transaction(db, async (tx) => {
      note(tx.afterCommit('select 1 / 0', []), answers);
      note(tx.afterCommit('select n from kept', []), answers);
      return tx.last(keep, [1]);
    });
    expect(await work).toEqual([{ n: 1 }]);
    expect(answers).toEqual([expect.objectContaining({ code: '22012' }), [{ n: 1 }]]);
    expect(await kept()).toEqual([1]);
    expect(await session()).toEqual(same);
  });
});
