import type { EntityMetadata } from 'typeorm';
import { Fixture } from '../test/fixture';

describe('The entities', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await Fixture.open();
  });
  afterAll(() => fixture.close());

  it('say the same as the migrations', async () => {
    const { upQueries } = await fixture.db.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  // The comparison above takes a CHECK or an index for the same when its name is.
  it('say the same of every CHECK and every index, word for word as Postgres prints it', async () => {
    expect(fixture.db.entityMetadatas.length).toBeGreaterThan(0);
    for (const entity of fixture.db.entityMetadatas) {
      const unsaid = new Set(entity.indices.filter(({ synchronize }) => !synchronize).map(({ name }) => name));
      const migrated = (await rulesOf(entity.tableName)).filter(({ name }) => !unsaid.has(name));
      await fixture.query(`create table drift (like "${entity.tableName}")`);
      for (const sql of rulesFrom(entity)) await fixture.query(sql);
      const declared = await rulesOf('drift');
      await fixture.query('drop table drift');
      expect([entity.tableName, declared]).toEqual([entity.tableName, migrated]);
    }
  });

  /** The entity's rules, for a table beside its own. Names of indexes are unique in a schema, so these get a prefix. */
  function rulesFrom({ checks, indices }: EntityMetadata): string[] {
    return [
      ...checks.map(({ name, expression }) => `alter table drift add constraint "${name}" check (${expression})`),
      // Of one that TypeORM cannot say, it knows the name only: the comparison above finds it gone.
      ...indices
        .filter(({ synchronize }) => synchronize)
        .map(({ name, isUnique, columns, where }) => {
          const on = columns.map(({ databaseName }) => `"${databaseName}"`).join(', ');
          return `create ${isUnique ? 'unique ' : ''}index "drift ${name}" on drift (${on}) ${where ? `where ${where}` : ''}`;
        }),
    ];
  }

  /** A table's CHECKs and the indexes that are no constraint's, by name. */
  function rulesOf(table: string): Promise<{ name: string; rule: string }[]> {
    return fixture.query(
      `select conname::text as name, pg_get_constraintdef(oid) as rule
         from pg_constraint
        where conrelid = to_regclass($1) and contype = 'c'
       union all
       select replace(relname, 'drift ', ''), regexp_replace(pg_get_indexdef(indexrelid), ' INDEX .* USING', ' INDEX USING')
         from pg_index join pg_class on pg_class.oid = indexrelid
        where indrelid = to_regclass($1) and not exists (select from pg_constraint where conindid = indexrelid)
        order by name`,
      [`"${table}"`],
    );
  }
});
