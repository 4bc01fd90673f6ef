// `npm run smoke -- 26.10.0`: start, one job, stop, on that version of Node (by npm's package `node`); without a version on
// this one. The tests run on the oldest Node that is supported, and this says that the one in the images works as well.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';

const PATIENCE_MS = 120_000;

const [version] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'vodai-smoke-'));
chmodSync(folder, 0o755); // Postgres has to get in with a user of its own when this is root
try {
  await build();
  await smoke(version ? install(version) : process.execPath);
} catch (error) {
  console.error(`smoke: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function smoke(node) {
  const ports = { API_PORT: '0', WEBHOOK_PORT: '0', WORKER_PORT: '0', EMULATOR_PORT: '0', EMULATOR_JOB_TIME: '100ms' };
  const main = join(import.meta.dirname, '../dist/apps/local/src/main.js');
  const env = { PATH: process.env.PATH, LOG_FORMAT: 'json', ...ports };
  const child = spawn(node, [main], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const late = setTimeout(() => child.kill('SIGTERM'), PATIENCE_MS);
  try {
    await listening(child, ended);
    const { state, id } = await oneJob();
    if (state !== 'succeeded') throw new Error(`job ${id} is ${state}, expected it to be succeeded`);
  } finally {
    child.kill('SIGTERM');
  }
  const exit = await ended;
  clearTimeout(late);
  if (exit !== 0) throw new Error(`it ended with ${exit}, expected 0`);
  console.log(
    `smoke: started, did a job and stopped on Node ${execFileSync(node, ['--version'], { encoding: 'utf8' })}`,
  );
}

/** Until it says how to try it. */
async function listening(child, ended) {
  const said = new Promise((resolve) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text).includes('Try it:') && resolve('ready'));
  });
  const first = await Promise.race([said, ended]);
  if (first !== 'ready') throw new Error(`it ended with ${first} before it listened`);
}

async function oneJob() {
  const [url, key] = ['api-url', 'api-key'].map((name) => readFileSync(join(folder, '.data', name), 'utf8').trim());
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ mediaId: '3d3d12340d92c641401fab46a0b847f1', types: ['AIVideoTag'] });
  const { jobs } = await answerOf(fetch(`${url}/v1/jobs`, { method: 'POST', headers, body }));
  return answerOf(fetch(`${url}/v1/jobs/${jobs[0].id}?wait=60s`, { headers }));
}

async function answerOf(call) {
  const answer = await call;
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** Where its `node` is. Its install script only fetches the package of this platform. */
function install(wanted) {
  execFileSync('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `node@${wanted}`], {
    stdio: 'inherit',
  });
  return join(folder, 'node_modules/node/bin/node');
}
