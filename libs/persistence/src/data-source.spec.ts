import { createEmptyDatabase, type TestDatabase } from '@app/testing';
import type { DataSource } from 'typeorm';
import { assertSchema, createDataSource, migrate, SchemaTooOldError } from './index';

describe('The schema of a database', () => {
  let database: TestDatabase;
  let both: [DataSource, DataSource];
  beforeAll(async () => {
    database = await createEmptyDatabase();
    const open = () => createDataSource({ url: database.url, application: 'vodai-test', poolSize: 2 }).initialize();
    both = [await open(), await open()];
  });
  afterAll(async () => {
    for (const db of both) await db.destroy();
    await database.drop();
  });

  it('that is too old stops a process, with the command that brings it up to date', async () => {
    const refused = assertSchema(both[0]);
    await expect(refused).rejects.toBeInstanceOf(SchemaTooOldError);
    await expect(refused).rejects.toThrow(/^the database lacks \d+ migration\(s\) .*; run: npm run migrate$/);
  });

  it('is brought up to date once, though two processes do it at the same moment', async () => {
    const ran = await Promise.all(both.map((db) => migrate(db)));
    expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
    await expect(assertSchema(both[0])).resolves.toBeUndefined();
    expect(await migrate(both[1])).toEqual([]);
  });
});
