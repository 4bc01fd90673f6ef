import { types, type CustomTypesConfig } from 'pg';

const { TIMESTAMPTZ, TIMESTAMP, DATE } = types.builtins;
type TypeId = Parameters<typeof types.getTypeParser>[0];

const times: readonly TypeId[] = [TIMESTAMPTZ, TIMESTAMP, DATE];

/** The driver makes null of a time that it can't read, and so "never" of every moment. Here that is an error. */
export const strictTypes: CustomTypesConfig = {
  getTypeParser: ((oid: TypeId, format?: 'text' | 'binary') => {
    const parse = types.getTypeParser(oid, format) as (value: string) => unknown;
    if (!times.includes(oid)) return parse;
    return (text: string) => {
      const time = parse(text);
      if (time instanceof Date && !Number.isNaN(time.getTime())) return time;
      throw new Error(`expected a time in ISO 8601 from Postgres, got ${JSON.stringify(text)}`);
    };
  }) as CustomTypesConfig['getTypeParser'],
};
