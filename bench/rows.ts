/** The row of a question that has one answer. */
export function only<T>(rows: T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('a question that always has an answer had none');
  return row;
}
