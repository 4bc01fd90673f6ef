import { getMetadataArgsStorage } from 'typeorm';

/**
 * The columns of an entity as a select list under the names of its properties: `job.due_at as "dueAt", …`. Statements and
 * TypeORM's repositories then read the same rows, and a column is named in one place.
 */
export function columnsOf(entity: new () => object): string {
  const { columns, tables } = getMetadataArgsStorage();
  const table = tables.find(({ target }) => target === entity)?.name;
  if (table === undefined) throw new Error(`${entity.name} is no entity`);
  return columns
    .filter(({ target, options }) => target === entity && options.select !== false)
    .map(({ propertyName, options }) => `${table}.${options.name ?? propertyName} as "${propertyName}"`)
    .join(', ');
}
