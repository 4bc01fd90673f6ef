import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEmptyDatabase, type TestDatabase } from '@app/testing';
import type { DataSource } from 'typeorm';
import { createDataSource } from './data-source';
import { migrate } from './schema';

const file = join(__dirname, '../../../migrations/schema.sql');
const HEAD = `-- The tables as the migrations leave them, read from Postgres's catalogs. Written by \`npm run schema\`, never by hand.
-- The reasons are in the migrations.
`;

describe('migrations/schema.sql', () => {
  let database: TestDatabase;
  let db: DataSource;
  beforeAll(async () => {
    database = await createEmptyDatabase();
    db = await createDataSource({ url: database.url, application: 'vodai-test', poolSize: 2 }).initialize();
    await migrate(db);
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  it('shows the schema that the migrations make (to mend it: npm run schema)', async () => {
    const schema = await dump(db);
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(file, schema);
    expect(readFileSync(file, 'utf8')).toBe(schema);
  });

  it('leaves nothing out: there are only tables with their indexes, functions and triggers', async () => {
    const others = await db.query(
      `select relkind::text as kind, relname as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind not in ('r', 'p', 'i', 'I')
          and not exists (select from pg_depend where objid = pg_class.oid and deptype in ('i', 'a')) -- of a column
       union all
       select 'type', typname from pg_type where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')`,
    );
    expect(others).toEqual([]);
  });

  it('is the same after a step back and forth', async () => {
    const before = await dump(db);
    await db.undoLastMigration({ transaction: 'each' });
    expect(await dump(db)).not.toBe(before);
    await migrate(db);
    expect(await dump(db)).toBe(before);
  });
});

/**
 * Every table with its columns in order, its constraints and its indexes by name, then what is no table, as Postgres itself prints
 * it. Of the partitions only that there are some: which ones depends on the month.
 */
async function dump(db: DataSource): Promise<string> {
  const tables = await db.query<
    { name: string; key: string | null; columns: Column[]; constraints: string[]; indexes: string[] }[]
  >(
    `select relname as name, pg_get_partkeydef(oid) as key,
            (select jsonb_agg(jsonb_build_object(
                      'name', attname,
                      'type', format_type(atttypid, atttypmod),
                      'notNull', attnotnull,
                      'default', (select pg_get_expr(adbin, adrelid) from pg_attrdef where (adrelid, adnum) = (attrelid, attnum)),
                      'identity', attidentity = 'a'
                    ) order by attnum)
               from pg_attribute
              where attrelid = pg_class.oid and attnum > 0 and not attisdropped) as columns,
            (select coalesce(jsonb_agg(format('constraint %I %s', conname, pg_get_constraintdef(oid)) order by conname), '[]')
               from pg_constraint
              where conrelid = pg_class.oid and contype <> 'n') as constraints, -- not null is told with its column
            (select coalesce(jsonb_agg(pg_get_indexdef(indexrelid) order by indexrelid::regclass::text collate "C"), '[]')
               from pg_index
              where indrelid = pg_class.oid
                and not exists (select from pg_constraint where conindid = indexrelid)) as indexes
       from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
      order by relname`,
  );
  const printed = tables.map(({ name, key, columns, constraints, indexes }) => {
    const lines = [...columns.map(printColumn), ...constraints].map((line) => `  ${line}`);
    const end = key === null ? ');' : `) partition by ${key};`;
    return [`create table ${name} (`, lines.join(',\n'), end, ...indexes.map((index) => `${index};`), ''].join('\n');
  });
  const others = await db.query<{ text: string }[]>(
    `select pg_get_functiondef(oid) as text from pg_proc where pronamespace = 'public'::regnamespace
     union all
     select pg_get_triggerdef(oid, true) from pg_trigger where not tgisinternal
      order by text`,
  );
  return [HEAD, ...printed, ...others.map(({ text }) => `${text.trimEnd()};\n`)].join('\n');
}

interface Column {
  name: string;
  type: string;
  notNull: boolean;
  default: string | null;
  identity: boolean;
}

function printColumn(column: Column): string {
  return [
    column.name.padEnd(18),
    column.type,
    column.notNull ? 'not null' : '',
    column.identity ? 'generated always as identity' : '',
    column.default === null ? '' : `default ${column.default}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}
