// `npm run build`: the processes with swc, the dashboard with Vite, each only when its sources have changed.
// Types are not looked at here: `npm run check` does that.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const lock = join(root, 'node_modules/.cache/vodai-build/pid');

/** What is built from what. `by` compiles it, and `into` is where the stamp of its sources lies. */
const parts = [
  {
    name: 'api, worker, webhook and the others',
    by: compileProcesses,
    stamp: join(dist, '.processes-built-from'),
    made: join(dist, 'apps/api/src/main.js'),
    sources: ['apps', 'libs', 'migrations', 'bench'],
    isSource: (file) => isOfProcesses(file),
    settings: ['.swcrc', 'tsconfig.json', 'package-lock.json', 'tools/build.mjs'],
  },
  {
    name: 'dashboard',
    by: bundleDashboard,
    stamp: join(dist, '.dashboard-built-from'),
    made: join(dist, 'apps/dashboard/index.html'),
    sources: ['apps/dashboard', 'libs'],
    isSource: (file) => /\.(m?ts|tsx|css|html|svg|json)$/.test(file) && !isTest(file),
    settings: ['tsconfig.json', 'package-lock.json', 'tools/build.mjs'],
  },
];

/** Answers when everything is built; says what it built and how long that took. Two at the same time wait for each other. */
export async function build(say = console.log) {
  if (parts.every(isFresh)) return;
  const release = await takeLock(say);
  try {
    await Promise.all(parts.filter((part) => !isFresh(part)).map((part) => make(part, say)));
  } finally {
    release();
  }
}

async function make({ name, by, stamp, ...part }, say) {
  const started = performance.now();
  const sources = fingerprint(part); // before: what is saved meanwhile counts as changed
  rmSync(stamp, { force: true });
  await by();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, sources);
  say(`built ${name} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

function isFresh(part) {
  return statSync(part.made, { throwIfNoEntry: false }) !== undefined && textOf(part.stamp) === fingerprint(part);
}

/** Names, sizes and times of all sources: quick to read, and different after every change, also of a file that is gone. */
function fingerprint({ sources, isSource, settings }) {
  const files = [...sources.flatMap((folder) => filesIn(folder).filter(isSource)), ...settings];
  const hash = createHash('sha256');
  for (const file of files.toSorted((a, b) => (a < b ? -1 : 1))) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

async function compileProcesses() {
  const [{ transformFile }, { default: typescript }] = await Promise.all([import('@swc/core'), import('typescript')]);
  const { paths } = typescript.readConfigFile(join(root, 'tsconfig.json'), (file) => readFileSync(file, 'utf8')).config
    .compilerOptions;
  const sources = ['apps', 'libs', 'migrations', 'bench'].flatMap(filesIn).filter(isOfProcesses);
  const outputs = await Promise.all(
    sources.map(async (source) => {
      const output = join('dist', source.replace(/\.ts$/, '.js'));
      const { code, map } = await transformFile(join(root, source), {
        cwd: root,
        jsc: { baseUrl: root, paths },
        sourceMaps: true,
      });
      const mapFile = `${output}.map`;
      writeChanged(output, `${code}//# sourceMappingURL=${mapFile.slice(dirname(output).length + 1)}\n`);
      writeChanged(mapFile, withSource(map, relative(dirname(output), source)));
      return [output, mapFile];
    }),
  );
  removeOthers(new Set(outputs.flat()));
  chmodSync(join(dist, 'apps/cli/src/main.js'), 0o755);
}

async function bundleDashboard() {
  // Jest says `test`, and React would be built for its developers.
  process.env['NODE_ENV'] = 'production';
  const { build: bundle } = await import('vite');
  const folder = join(root, 'apps/dashboard');
  await bundle({ root: folder, configFile: join(folder, 'vite.config.mts'), logLevel: 'warn' });
}

/** Processes may run from this folder while it is built: what has not changed stays as it is, and nothing is emptied first. */
function writeChanged(file, text) {
  const path = join(root, file);
  if (textOf(path) === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** What was compiled from a source that is gone. */
function removeOthers(outputs) {
  for (const file of filesIn('dist')) {
    if (/\.js(\.map)?$/.test(file) && !file.startsWith(join('dist', 'apps/dashboard/')) && !outputs.has(file)) {
      rmSync(join(root, file), { force: true });
    }
  }
}

function withSource(map, source) {
  return JSON.stringify({ ...JSON.parse(map), sources: [source], sourcesContent: undefined });
}

function isOfProcesses(file) {
  return (
    file.endsWith('.ts') && !file.endsWith('.d.ts') && !isTest(file) && !/^(apps\/dashboard|libs\/testing)\//.test(file)
  );
}

function isTest(file) {
  return file.endsWith('spec.ts') || /^libs\/[^/]+\/test\//.test(file);
}

/** Paths below the root, in the shape in which they are written here: `libs/domain/src/job.ts`. */
function filesIn(folder) {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  } catch {
    return []; // an image is built without some of the folders
  }
}

/** Exclusive creation decides; the lock of a process that was killed is nobody's. */
async function takeLock(say) {
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; ; await delay(100)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return () => rmSync(lock, { force: true });
    } catch {
      const holder = Number(textOf(lock));
      if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
      else if (!told) say(`waiting for process ${holder}, which builds`);
      told = true;
    }
  }
}

/** As in apps/local, which isn't built yet. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** What keeps it from being built, for the person who can mend it. */
export function explain(error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') return error;
  return 'cannot build: the development packages are not installed (NODE_ENV=production leaves them out). Run: npm ci --include=dev';
}

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? '')).href) {
  try {
    await build();
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
  }
}
