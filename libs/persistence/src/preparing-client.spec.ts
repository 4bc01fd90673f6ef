import { createTestDatabase, type TestDatabase } from '@app/testing';
import { PreparingClient } from './preparing-client';

describe('A statement that carries a name', () => {
  let database: TestDatabase;
  let client: PreparingClient;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new PreparingClient({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const prepared = async (): Promise<string[]> => {
    const { rows } = await client.query<{ name: string }>('select name from pg_prepared_statements order by name');
    return rows.map(({ name }) => name);
  };

  it('is prepared once, however often it runs', async () => {
    for (const n of [1, 2, 3]) {
      const { rows } = await client.query('/* double it */ select $1::int * 2 as n', [n]);
      expect(rows).toEqual([{ n: n * 2 }]);
    }
    expect(await prepared()).toEqual([expect.stringMatching(/^double it [0-9a-f]{12}$/)]);
  });

  it('is another one when its text is another', async () => {
    await client.query('/* double it */ select $1::int + $1::int as n', [1]);
    expect(await prepared()).toHaveLength(2);
  });

  it('and one without a name is sent as it is', async () => {
    const { rows } = await client.query('select $1::int as n', [7]);
    expect(rows).toEqual([{ n: 7 }]);
    expect(await prepared()).toHaveLength(2);
  });

  it('fails like any other, and the connection goes on', async () => {
    await expect(client.query('/* wrong */ select $1::int / 0', [1])).rejects.toMatchObject({ code: '22012' });
    expect((await client.query('/* double it */ select $1::int * 2 as n', [21])).rows).toEqual([{ n: 42 }]);
  });
});
