/**
 * Completes package-lock.json: every package that comes from a registry is there, for all platforms, with the hash that
 * the registry's own metadata gives for it, so that `npm ci` installs what was meant and nothing else. Some mirrors carry
 * the binaries of one platform only; what npm can't find is left out, and said: run it again where all of them are known.
 *
 *   npm run lockfile                 after every `npm install` that changes the lockfile
 *   npm run lockfile -- --check      says what is missing, and changes nothing
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
const folder = resolve(positionals[0] ?? join(import.meta.dirname, '..'));
const file = join(folder, 'package-lock.json');

function read() {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Not the project itself, a folder of it, a repository, or what another package brings along within its own tarball. */
function isFromRegistry([path, { link, inBundle, resolved = '' }]) {
  return path.includes('node_modules/') && !link && !inBundle && !/^(git|file:)/.test(resolved);
}

function withoutHash({ packages }) {
  return Object.entries(packages)
    .filter((entry) => isFromRegistry(entry) && !entry[1].integrity)
    .map(([path, { version }]) => `${nameOf(path)}@${version}`);
}

/** The binaries of other platforms: without them `npm ci` refuses the lockfile there. */
function leftOut({ packages }) {
  const known = new Set(Object.entries(packages).map(([path, { version }]) => `${nameOf(path)}@${version}`));
  const named = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.entries(optionalDependencies),
  );
  const exact = named.filter(([, version]) => /^\d/.test(version)).map(([name, version]) => `${name}@${version}`);
  return [...new Set(exact)].filter((one) => !known.has(one));
}

function nameOf(path) {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** npm asks the registry for what a lockfile lacks, and believes what it has. */
function complete() {
  const lock = read();
  const unhashed = new Set(withoutHash(lock));
  const packages = Object.entries(lock.packages).filter(
    ([path, { version }]) => !unhashed.has(`${nameOf(path)}@${version}`),
  );
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--loglevel=error'];
  const { status } = spawnSync(npm, args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error('npm could not complete the lockfile; git has the one that was there');
  return [...unhashed, ...leftOut(lock)];
}

const wanted = values.check ? [] : complete();
const lock = read();
const [unhashed, absent] = [withoutHash(lock), leftOut(lock)];
const added = wanted.filter((one) => !unhashed.includes(one) && !absent.includes(one));
if (!values.check) console.log(`${added.length} entries completed in package-lock.json`);
for (const one of unhashed) console.log(`without integrity: ${one}`);
for (const one of absent) console.log(`left out, the registry does not know it: ${one}`);
process.exitCode = unhashed.length + absent.length > 0 ? 1 : 0;
