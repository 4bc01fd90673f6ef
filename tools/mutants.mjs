// `npm run mutants -- [<part> ...]`: changes the code in thousands of small ways, one at a time, and tells which of them no test
// notices. Minutes to an hour a part (tools/mutants/suites.js). Most need a Postgres and a Redis to make databases on, named by
// DATABASE_URL and REDIS_URL.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import suites from './mutants/suites.js';

const root = join(import.meta.dirname, '..');
const known = Object.keys(suites.parts);
const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !known.includes(part));
if (unknown.length > 0) fail(`no such part: ${unknown.join(', ')}; expected some of ${known.join(', ')}`);

const { DATABASE_URL, REDIS_URL, ...env } = process.env;
const parts = asked.length > 0 ? asked : known;
const served = parts.filter((part) => suites.parts[part].servers);
if (served.length > 0 && !(DATABASE_URL && REDIS_URL))
  fail(`${served.join(', ')}: set DATABASE_URL and REDIS_URL to servers that the tests may make databases on`);

// Apart from the project's own packages: it needs an older TypeScript, and nobody else needs it.
if (!existsSync(join(root, 'tools/mutants/node_modules'))) run('npm', ['ci', '--prefix', 'tools/mutants'], {});
for (const part of parts)
  run(join(root, 'tools/mutants/node_modules/.bin/stryker'), ['run', 'tools/mutants/stryker.config.mjs'], {
    MUTANTS: part,
    ...(DATABASE_URL && { TEST_POSTGRES_URL: DATABASE_URL }),
    ...(REDIS_URL && { TEST_REDIS_URL: REDIS_URL }),
  });

function run(command, args, more) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...env, ...more } });
  if (status !== 0) process.exit(status ?? 1);
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
