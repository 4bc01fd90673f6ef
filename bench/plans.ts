import type { DataSource } from 'typeorm';

/** One step of a plan, as `explain (analyze, format json)` prints it. */
export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Plan Rows': number;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

/** A database that says how it reads what it is asked for, besides answering it. */
export function explaining(
  db: DataSource,
  tell: (statement: string, parameters: unknown[]) => Promise<void>,
): DataSource {
  const query = async (statement: string, parameters: unknown[] = []) => {
    await tell(statement, parameters);
    return db.query<unknown>(statement, parameters);
  };
  return Object.assign(Object.create(db) as DataSource, { query });
}

export async function explainedAsText(db: DataSource, statement: string, parameters: unknown[]): Promise<string> {
  const lines = await db.query<{ 'QUERY PLAN': string }[]>(`explain (analyze, buffers) ${statement}`, parameters);
  return lines.map((line) => line['QUERY PLAN']).join('\n');
}

/** All steps of a statement's plan, after it ran. */
export async function explainedAsNodes(db: DataSource, statement: string, parameters: unknown[]): Promise<PlanNode[]> {
  const [row] = await db.query<[{ 'QUERY PLAN': [{ Plan: PlanNode }] }]>(
    `explain (analyze, format json) ${statement}`,
    parameters,
  );
  const all = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(all)];
  return all(row['QUERY PLAN'][0].Plan);
}
