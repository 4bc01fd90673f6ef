import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@app/testing';
import { signCallback } from '@app/vod/callback';
import { freePort } from '../apps/local/src/embedded-postgres';
import { keys, Stack } from './support/stack';

/** The file that docs/deployment.md hands out, before a real stack. */
const hasNginx = spawnSync('nginx', ['-v']).status === 0;
if (!hasNginx && process.env['CI'] === 'true') throw new Error('no nginx on the PATH');
const describeWithNginx: typeof describe = hasNginx ? describe : describe.skip;

describeWithNginx('deploy/nginx.conf', () => {
  let folder: string;
  let nginx: ChildProcess;
  let stack: Stack;
  let inside: string;
  let outside: string;

  beforeAll(async () => {
    const [insidePort, outsidePort] = [await freePort(), await freePort()];
    [inside, outside] = [`http://127.0.0.1:${insidePort}/vod-ai`, `http://127.0.0.1:${outsidePort}`];
    stack = await Stack.start({ env: { VOD_CALLBACK_URL: `${outside}/vod/events` } });
    folder = mkdtempSync(join(tmpdir(), 'vodai-nginx-'));
    mkdirSync(join(folder, 'temp'));
    const addresses = { api: hostOf(stack.api.url), webhook: hostOf(stack.webhooks[0]?.url ?? '') };
    writeFileSync(join(folder, 'nginx.conf'), configuration(folder, addresses, [insidePort, outsidePort]));
    nginx = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')]);
    await eventually('nginx listens', () => fetch(outside).then(Boolean, () => false));
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => nginx.once('exit', resolve));
    nginx.kill('SIGTERM');
    await ended;
    await stack.stop();
    rmSync(folder, { recursive: true });
  });

  function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${inside}${path}`, { headers: { authorization: `Bearer ${keys.operator}`, ...headers } });
  }

  it('serves the api under its prefix, and takes a job whose event comes back through the public side', async () => {
    const answer = await fetch(`${inside}/v1/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.operator}`, 'content-type': 'application/json' },
      body: JSON.stringify({ mediaId: 'behind-nginx', types: ['AIVideoTag'] }),
    });
    const { jobs } = (await answer.json()) as { jobs: { id: string }[] };
    const over = await get(`/v1/jobs/${jobs[0]?.id}?wait=60s`);
    expect(await over.json()).toMatchObject({ state: 'succeeded' });
    expect(await stack.query(`select verdict, signature from event`)).toEqual([
      { verdict: 'matched', signature: 'valid' },
    ]);
  });

  it('passes changes on as they happen', async () => {
    const stream = await get('/v1/stream', { accept: 'text/event-stream' });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (wanted: string) => {
      while (!text.includes(wanted)) text += (await reader?.read())?.value ?? '';
    };
    await until('event: ready');
    await stack.enqueue('seen-in-the-stream');
    await until('seen-in-the-stream');
    await reader?.cancel();
  });

  it('shows strangers the callback and nothing else', async () => {
    for (const path of ['/', '/metrics', '/readyz', '/healthz', '/v1/jobs', '/vod/eventsx']) {
      expect([path, (await fetch(`${outside}${path}`)).status]).toEqual([path, 404]);
    }
    for (const path of ['/metrics', '/readyz']) expect([path, (await get(path)).status]).toEqual([path, 404]);
    const unsigned = await fetch(`${outside}/vod/events`, { method: 'POST', body: '{}' });
    expect([unsigned.status, await unsigned.json()]).toMatchObject([401, { code: 'signature_missing' }]);
  });

  it('lets an event of more than a megabyte through', async () => {
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const signature = signCallback(`${outside}/vod/events`, timestamp, keys.callback);
    const headers = { 'x-vod-timestamp': timestamp, 'x-vod-signature': signature };
    // Signed: the webhook hangs up on a stranger in the middle of such a body, and nginx may see that before the answer.
    const body = 'x'.repeat(3 * 1024 * 1024);
    expect((await fetch(`${outside}/vod/events`, { method: 'POST', body, headers })).status).toBe(200);
    expect(await stack.query('select body_size from event where body_size > 1000000')).toEqual([
      { body_size: body.length },
    ]);
  });
});

function hostOf(url: string): string {
  return new URL(url).host;
}

/** Its own addresses and no certificates; all the rest as it is handed out. */
function configuration(folder: string, { api, webhook }: Record<'api' | 'webhook', string>, ports: number[]): string {
  const [insidePort, outsidePort] = ports;
  const handedOut = readFileSync(join(__dirname, '../deploy/nginx.conf'), 'utf8')
    .replace('127.0.0.1:3000', api)
    .replace(/server 127\.0\.0\.1:3001;.* backup;/, `server ${webhook};`)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${insidePort};`)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${outsidePort};`)
    .replace(/^ *ssl_certificate.*$/gm, '');
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, 'temp', kind)};`,
  );
  return `daemon off;
pid ${join(folder, 'pid')};
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http {
access_log off;
${temp.join('\n')}
${handedOut}
}
`;
}
