/**
 * Completes package-lock.json for the platforms other than this one. Some registries and mirrors carry the binaries of
 * one platform only; npm then leaves the others out of the lockfile, and `npm ci` refuses a lockfile that leaves
 * something out. An entry with its platform and without a hash is enough: it is fetched only where it fits.
 *
 * Run after every `npm install` that changes the lockfile: npm run lockfile
 */
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

let added = 0;
for (const { dev, optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const path = `node_modules/${name}`;
    if (lock.packages[path] || !/^\d/.test(version)) continue;
    const parts = name.split(/[-/]/);
    const os = systems.filter((system) => parts.includes(system));
    const cpu = processors.filter((processor) => parts.includes(processor));
    if (cpu.length === 0) throw new Error(`cannot tell the platform of ${name} from its name`);
    lock.packages[path] = { version, cpu, ...(dev && { dev }), optional: true, ...(os.length > 0 && { os }) };
    added += 1;
  }
}

const paths = Object.keys(lock.packages).toSorted((a, b) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries(paths.map((path) => [path, lock.packages[path]]));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} entries added to package-lock.json\n`);
