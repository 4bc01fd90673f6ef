/** One thing wrong with the environment. */
export interface Problem {
  variable: string;
  expected: string;
  /** The other variable of a relation: unreadable itself, the relation can't be judged. */
  other?: string;
  /** Said instead of the variable's value. */
  got?: string;
}

/** One line per problem: the variable, what was expected, what was got. Never a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(problems: readonly Problem[], given: Readonly<Record<string, string | undefined>>) {
    super(problems.map((problem) => line(problem, given)).join('\n'));
  }
}

function line({ variable, expected, got }: Problem, given: Readonly<Record<string, string | undefined>>): string {
  return `${variable}: expected ${expected}, got ${got ?? shown(variable, given[variable])}`;
}

const secretName = /(_SECRET|_TOKEN|_KEYS?)$/;
/** Hidden whole: in a URL too broken to parse nobody knows where the password ends. */
const mayHoldPassword = ['DATABASE_URL', 'REDIS_URL', 'HTTPS_PROXY', 'HTTP_PROXY'];

function shown(variable: string, value: string | undefined): string {
  if (value === undefined) return 'nothing';
  if (secretName.test(variable) || mayHoldPassword.includes(variable)) return '(hidden)';
  return JSON.stringify(withoutUrlSecrets(value).slice(0, 80));
}

/** A user, a password or a query in one of the other URLs can be a secret as well. */
export function withoutUrlSecrets(value: string): string {
  const [start, end] = [value.indexOf('//'), value.lastIndexOf('@')];
  const withoutUser = start < 0 || end < start ? value : `${value.slice(0, start)}//***${value.slice(end)}`;
  return withoutUser.replace(/\?.*/s, '?***');
}
