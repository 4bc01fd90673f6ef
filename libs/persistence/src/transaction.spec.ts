import { createTestDatabase, type TestDatabase } from '@app/testing';
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
