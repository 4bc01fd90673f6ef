import { readFileSync } from 'node:fs';
import { ConfigError, type Problem } from './problems';
import type { VariableName } from './variables';

/** Each may come as `<NAME>_FILE`, the path of a file that holds the value, as container platforms hand out secrets. */
const secrets = [
  'DATABASE_URL',
  'REDIS_URL',
  'API_KEYS',
  'ALIBABA_CLOUD_ACCESS_KEY_ID',
  'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
  'ALIBABA_CLOUD_SECURITY_TOKEN',
  'VOD_CALLBACK_KEYS',
] as const satisfies readonly VariableName[];

/** The environment with the contents of those files in it. Throws a ConfigError that names each file that is no use. */
export function withSecretFiles(env: NodeJS.ProcessEnv, wanted: readonly VariableName[] = secrets): NodeJS.ProcessEnv {
  const filled = { ...env };
  const problems: Problem[] = [];
  for (const name of secrets) {
    if (!wanted.includes(name)) continue;
    const path = env[`${name}_FILE`];
    delete filled[`${name}_FILE`];
    if (!path) continue;
    const problem = env[name] ? { expected: `only one of it and ${name}`, got: 'both' } : readInto(filled, name, path);
    if (problem) problems.push({ variable: `${name}_FILE`, ...problem });
  }
  if (problems.length > 0) throw new ConfigError(problems, env);
  return filled;
}

function readInto(env: NodeJS.ProcessEnv, name: string, path: string): Pick<Problem, 'expected' | 'got'> | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim(); // editors end a file with a line break
    if (text === '') return { expected: `a file that holds ${name}`, got: `${JSON.stringify(path)}, which is empty` };
    env[name] = text;
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { expected: `the path of a file that holds ${name}`, got: `${JSON.stringify(path)} (${code})` };
  }
}
