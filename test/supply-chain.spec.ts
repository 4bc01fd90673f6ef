import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What is installed is what was meant, and nothing of it is known to be broken: npm itself, against a registry on loopback. */

const root = join(__dirname, '..');
const HASH = `sha512-${'A'.repeat(86)}==`;

let registry: Server;
let url: string;
let folder: string;
/** What the registry says to a question for advisories. */
let advisories: (answer: ServerResponse) => void;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'supply-'));
  registry = createServer(answer);
  await new Promise<void>((listening) => registry.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  await new Promise((closed) => registry.close(closed));
  rmSync(folder, { recursive: true });
});

const packages: Record<string, object> = {
  frame: { optionalDependencies: { 'frame-linux': '1.0.0', 'frame-moon': '1.0.0' } },
  'frame-linux': { os: ['linux'], cpu: ['x64'] },
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const name = request.url?.slice(1) ?? '';
  if (request.method === 'POST') return advisories(response);
  const known = packages[name];
  if (!known) return void response.writeHead(404).end('{}');
  const version = { name, version: '1.0.0', ...known, dist: { tarball: `${url}${name}.tgz`, integrity: HASH } };
  response.end(JSON.stringify({ name, 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } }));
}

interface Entry {
  version: string;
  integrity?: string;
  resolved?: string;
}

/** A project with what a mirror of one platform left of its lockfile: an entry without a hash, and one for another platform. */
function project(entries: Record<string, Partial<Entry> & Record<string, unknown>>): void {
  const self = { name: 'project', version: '1.0.0', dependencies: { frame: '1.0.0' } };
  writeFileSync(join(folder, '.npmrc'), readFileSync(join(root, '.npmrc')));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(self));
  const lock = { ...self, lockfileVersion: 3, requires: true, packages: { '': self, ...entries } };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
}

const frame = { version: '1.0.0', integrity: HASH, ...packages['frame'] };
const locked = () =>
  JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages as Record<string, Entry>;

async function tool(name: string, args: string[], registryUrl = url): Promise<{ code: number; said: string }> {
  const env = { ...process.env, npm_config_registry: registryUrl, npm_config_cache: join(folder, 'cache') };
  return promisify(execFile)(process.execPath, [join(root, 'tools', name), ...args], { env }).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stdout, stderr }) => ({ code, said: `${stdout}${stderr}` }),
  );
}

describe('The lockfile', () => {
  it('has the hash of every package that comes from a registry, for all platforms', async () => {
    expect(await tool('lockfile.mjs', ['--check'])).toEqual({ code: 0, said: '' });
  });

  it('fails the check when a hash is missing, or a package', async () => {
    project({ 'node_modules/frame': frame, 'node_modules/frame-linux': { version: '1.0.0', optional: true } });
    const { code, said } = await tool('lockfile.mjs', ['--check', folder]);
    expect(code).toBe(1);
    expect(said).toContain('without integrity: frame-linux@1.0.0');
    expect(said).toContain('left out, the registry does not know it: frame-moon@1.0.0');
    expect(locked()['node_modules/frame-linux']).toEqual({ version: '1.0.0', optional: true });
  });

  it("is completed from the registry's own metadata, without its address; what it does not know is left out, and said", async () => {
    project({
      'node_modules/frame': frame,
      'node_modules/frame-linux': { version: '1.0.0', optional: true },
      'node_modules/frame-moon': { version: '1.0.0', optional: true },
    });
    const { code, said } = await tool('lockfile.mjs', [folder]);
    expect(said).toContain('1 entries completed');
    expect(said).toContain('left out, the registry does not know it: frame-moon@1.0.0');
    expect(code).toBe(1);
    expect(locked()['node_modules/frame-linux']).toMatchObject({ integrity: HASH, os: ['linux'], cpu: ['x64'] });
    expect(Object.keys(locked())).toEqual(['', 'node_modules/frame', 'node_modules/frame-linux']);
    expect(JSON.stringify(locked())).not.toContain('127.0.0.1');
  });
});

describe('The scan for known vulnerabilities', () => {
  /** npm remembers what it knows of one. */
  let advisory = 0;
  const found = (severity: string) => (response: ServerResponse) =>
    response.end(
      JSON.stringify({
        frame: [
          {
            id: (advisory += 1),
            url: 'https://example.com/1',
            title: 'falls over',
            severity,
            vulnerable_versions: '<2',
          },
        ],
      }),
    );
  beforeAll(() => project({ 'node_modules/frame': { version: '1.0.0', integrity: HASH } }));

  it.each(['high', 'critical'])('fails for a %s one in production', async (severity) => {
    advisories = found(severity);
    const { code, said } = await tool('audit.mjs', [folder]);
    expect(said).toMatch(new RegExp(`^${severity}: frame .*falls over`, 'm'));
    expect(code).toBe(1);
  });

  it('is content with lesser ones, and says how many', async () => {
    advisories = found('moderate');
    expect(await tool('audit.mjs', [folder])).toEqual({ code: 0, said: '0 high or critical, 1 lesser ones\n' });
  });

  it.each([404, 405, 501])('says so where the registry offers none (%d)', async (status) => {
    advisories = (response) => response.writeHead(status).end();
    expect(await tool('audit.mjs', [folder])).toEqual({
      code: 0,
      said: `not scanned: the registry offers no scan (it answered ${status})\n`,
    });
  });

  it('says so where no registry can be reached', async () => {
    expect(await tool('audit.mjs', [folder], 'http://127.0.0.1:9/')).toEqual({
      code: 0,
      said: 'not scanned: the registry cannot be reached\n',
    });
  });

  it('is part of the check', () => {
    const check = readFileSync(join(root, 'tools/check.mjs'), 'utf8');
    for (const step of ['lockfile.mjs', 'audit.mjs']) expect(check).toContain(step);
  });
});
