import type { Problem } from './problems';

/**
 * A misspelt variable would silently leave its default in place. Only names that begin like ours and nearly are ours
 * count: the environment is full of other people's variables.
 */
export function misspellings(env: NodeJS.ProcessEnv, ours: readonly string[]): Problem[] {
  const known = new Set(ours);
  return Object.keys(env)
    .filter((name) => !known.has(name))
    .flatMap((name) => {
      const meant = ours.find((one) => name.startsWith(`${prefix(one)}_`) && isNear(name, one));
      return meant
        ? [{ variable: name, expected: `a variable that exists (did you mean ${meant}?)`, got: 'an unknown one' }]
        : [];
    });
}

/** HOST and LEASE have none: too short to guess at. */
function prefix(name: string): string {
  return name.includes('_') ? name.slice(0, name.indexOf('_')) : name;
}

/** Two slips in a long name, one in a short one: API_HOST is two letters from API_PORT and yet no slip. */
function isNear(name: string, ours: string): boolean {
  return slips(name, ours) <= (ours.length > 10 ? 2 : 1);
}

/** Letters added, left out, replaced or swapped with their neighbour (optimal string alignment distance). */
function slips(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + (same ? 0 : 1),
          swapped ? at(i - 2, j - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(a.length, b.length);
}
