import { transformFileSync } from '@swc/core';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** Signals are sent to real processes, which run the code that the build would make of it. */
const built = mkdtempSync(join(tmpdir(), 'run-'));
const children: ChildProcess[] = [];

beforeAll(() => {
  const text = join(built, 'node_modules/@app/text');
  mkdirSync(text, { recursive: true });
  for (const name of ['run', 'complain', 'errors', 'redact', 'start-error']) compile(join(__dirname, name), built);
  for (const name of ['index', 'formula', 'printable']) compile(join(__dirname, '../../text/src', name), text);
});
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));
afterAll(() => rmSync(built, { recursive: true }));

function compile(file: string, into: string): void {
  const { code } = transformFileSync(`${file}.ts`, {
    module: { type: 'commonjs' },
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  });
  writeFileSync(join(into, `${basename(file)}.js`), code);
}

/** `body` is the script of a process: it sees runUntilSignal, StartError, say (a line on stdout) and `forever`. */
function run(body: string) {
  const script = `
    const { runUntilSignal } = require('./run.js');
    const { StartError } = require('./start-error.js');
    const say = (line) => process.stdout.write(line + '\\n');
    const forever = new Promise(() => {});
    setInterval(() => {}, 60_000); // a process with a server doesn't end by itself
    ${body}`;
  const child = spawn(process.execPath, ['-e', script], { cwd: built, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const closed = once(child, 'close');
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    said: async (line: string) => {
      while (!stdout.includes(line)) await once(child.stdout, 'data');
    },
    ended: async () => {
      const [code] = await closed;
      return { code: code as number | null, stdout: stdout.trim().split('\n'), stderr };
    },
  };
}

const finishesItsWork = `async () => { say('stopping'); await new Promise((r) => setTimeout(r, 50)); say('stopped'); }`;

describe('a running process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('finishes what is under way on %s and exits 0', async (signal) => {
    const child = run(`runUntilSignal(async () => { say('ready'); return { stop: ${finishesItsWork} }; })`);
    await child.said('ready');
    child.kill(signal);
    expect(await child.ended()).toEqual({ code: 0, stdout: ['ready', 'stopping', 'stopped'], stderr: '' });
  });

  it('exits 1 at once on a second signal', async () => {
    const child = run(
      `runUntilSignal(async () => { say('ready'); return { stop: () => { say('stopping'); return forever; } }; })`,
    );
    await child.said('ready');
    child.kill('SIGTERM');
    await child.said('stopping');
    child.kill('SIGTERM');
    expect((await child.ended()).code).toBe(1);
  });

  it("takes npm's echo of a Ctrl-C for the same Ctrl-C", async () => {
    const stop = `async () => { process.kill(process.pid, 'SIGINT'); await (${finishesItsWork})(); }`;
    const child = run(`runUntilSignal(async () => { say('ready'); return { stop: ${stop} }; })`);
    await child.said('ready');
    child.kill('SIGINT');
    expect(await child.ended()).toMatchObject({ code: 0, stdout: ['ready', 'stopping', 'stopped'] });
  });

  it('exits 1 when it could not stop within the grace period', async () => {
    const child = run(
      `runUntilSignal(async () => { say('ready'); return { stop: () => forever }; }, { graceMs: 100 })`,
    );
    await child.said('ready');
    child.kill('SIGTERM');
    const { code, stderr } = await child.ended();
    expect(code).toBe(1);
    expect(stderr).toContain('not stopped after 100 ms');
  });

  it('exits 1 and says why when stopping fails', async () => {
    const child = run(
      `runUntilSignal(async () => { say('ready'); return { stop: async () => { throw new Error('stuck'); } }; })`,
    );
    await child.said('ready');
    child.kill('SIGTERM');
    const { code, stderr } = await child.ended();
    expect(code).toBe(1);
    expect(stderr).toContain('stuck');
  });

  it.each([
    ['a rejection', `Promise.reject(new Error('boom Signature=canary'))`],
    ['an exception', `setImmediate(() => { throw new Error('boom Signature=canary'); })`],
  ])('that nobody caught %s of finishes its work and exits 1', async (_what, fault) => {
    const child = run(`runUntilSignal(async () => { ${fault}; return { stop: ${finishesItsWork} }; })`);
    const { code, stdout, stderr } = await child.ended();
    expect({ code, stdout }).toEqual({ code: 1, stdout: ['stopping', 'stopped'] });
    expect(stderr).toContain('boom');
    expect(stderr).not.toContain('canary');
  });
});

describe('a starting process', () => {
  it('that is told to stop stops once it has started', async () => {
    const slowStart = `say('starting'); await new Promise((told) => process.once('SIGTERM', told)); say('ready');`;
    const child = run(`runUntilSignal(async () => { ${slowStart} return { stop: ${finishesItsWork} }; })`);
    await child.said('starting');
    child.kill('SIGTERM');
    expect(await child.ended()).toMatchObject({ code: 0, stdout: ['starting', 'ready', 'stopping', 'stopped'] });
  });

  it.each([
    ['a port in use', `new StartError('port 3000 is in use')`, 'port 3000 is in use\n'],
    [
      'a bad configuration',
      `Object.assign(new Error('API_PORT: expected x\\nHOST: expected y'), { name: 'ConfigError' })`,
      'API_PORT: expected x\nHOST: expected y\n',
    ],
  ])('says no more than the message about %s and exits 1', async (_what, error, message) => {
    const child = run(`runUntilSignal(async () => { throw ${error}; })`);
    expect(await child.ended()).toMatchObject({ code: 1, stderr: message });
  });

  it('shows the stack of what nobody expected, without secrets', async () => {
    const child = run(`runUntilSignal(async () => { throw new Error('bug at postgres://app:canary@db'); })`);
    const { code, stderr } = await child.ended();
    expect(code).toBe(1);
    expect(stderr).toMatch(/bug at postgres:\/\/\*\*\*@db\n\s+at /);
  });
});
