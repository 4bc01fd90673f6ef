import http from 'node:http';
import { closeAll, startEmulator, startReceiver, submit, until } from '../test/support';
import { Emulator } from './emulator';

/** What pages on the internet can have a browser send to the emulator, which asks nobody for a key. */

afterEach(closeAll);

/** `now`: with what browsers say since 2023, and to addresses that they trust. */
const foreign = {
  'another origin': { origin: 'https://evil.example' },
  'another origin, now': {
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'no-cors',
  },
  // Another server on this machine: to the browser the same site.
  'another port': { origin: 'http://127.0.0.1:9999', 'sec-fetch-site': 'same-site' },
};

/** evil.example has been made to point at this machine, so to the browser all of it is one origin. */
const rebound = {
  'a name of its own': { host: 'evil.example:3002', origin: 'http://evil.example:3002' },
  'a name of its own, now': { host: 'evil.example:3002', 'sec-fetch-site': 'same-origin' },
};

const pages: [string, http.OutgoingHttpHeaders][] = Object.entries({ ...foreign, ...rebound });

interface Sent {
  method?: string;
  headers?: http.OutgoingHttpHeaders;
  body?: string;
}

/** With headers that fetch does not allow. */
function send(
  url: string,
  { method = 'GET', headers = {}, body }: Sent = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject).end(body);
  });
}

async function onAllAddresses(): Promise<{ url: string; emulator: Emulator; close: () => Promise<void> }> {
  const emulator = new Emulator({ accessKeys: [] });
  const { port } = await emulator.listen({ host: '0.0.0.0', port: 0 });
  return { url: `http://127.0.0.1:${port}`, emulator, close: () => emulator.close() };
}

describe('A page', () => {
  it.each(pages)(
    'under %s neither resets the emulator, nor points its events elsewhere, nor reads the ledger',
    async (_name, headers) => {
      const receiver = await startReceiver();
      const { url, ask, emulator } = await startEmulator({ callback: { url: receiver.url, key: 'canary-key' } });
      await submit(ask, 'm');
      await until(() => emulator.overview().callbacks.delivered === 1);

      // Both go without a preflight: a form, or text that happens to be JSON.
      const settings = JSON.stringify({ callback: { url: 'http://evil.example/' } });
      const asked: [string, string, string][] = [
        ['POST', '/_emulator/reset', 'text/plain'],
        ['POST', '/_emulator/reset', 'application/x-www-form-urlencoded'],
        ['PUT', '/_emulator/settings', 'application/json'],
        ['PUT', '/_emulator/settings', 'text/plain'],
        ['POST', `/_emulator/jobs/${emulator.jobs()[0]?.jobId}/callback`, 'text/plain'],
        ['OPTIONS', '/_emulator/settings', 'text/plain'],
      ];
      for (const [method, path, type] of asked) {
        const { status, text } = await send(`${url}${path}`, {
          method,
          headers: { ...headers, 'content-type': type },
          body: settings,
        });
        expect({ path, status, text }).toEqual({ path, status: 403, text: expect.stringContaining('foreign_origin') });
      }
      const read = await send(`${url}/_emulator/ledger`, { headers });
      expect(read).toEqual({ status: 403, text: expect.not.stringContaining('billed') });

      expect(emulator.overview()).toMatchObject({ billed: 1, callbacks: { attempts: 1 } });
      expect(emulator.settings().callback.url).toBe(receiver.url);
    },
  );

  it.each(pages)(
    'under %s changes nothing either where the emulator listens on all addresses',
    async (_name, headers) => {
      const { url, emulator, close } = await onAllAddresses();
      try {
        emulator.configure({ failShare: 1 });
        expect((await send(`${url}/_emulator/reset`, { method: 'POST', headers })).status).toBe(403);
        expect(emulator.settings().failShare).toBe(1);
      } finally {
        await close();
      }
    },
  );
});

describe('Whoever is meant to is served', () => {
  it("VOD's SDK and programs, also under the name that Compose gives the emulator", async () => {
    const { ask } = await startEmulator();
    expect(await submit(ask, 'm')).toMatch(/^[0-9a-f]{32}$/);
    const { url, close } = await onAllAddresses();
    try {
      for (const host of ['emulator:3002', 'vod.example.internal', '10.0.0.7:3002', 'localhost:3002']) {
        expect((await send(`${url}/_emulator/reset`, { method: 'POST', headers: { host } })).status).toBe(200);
        expect((await send(`${url}/cn-shanghai`, { method: 'POST', headers: { host } })).text).toContain('HostId');
      }
    } finally {
      await close();
    }
  });

  it('a person who looks at the ledger in a browser, also by a link', async () => {
    const { url } = await startEmulator();
    const looks = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    for (const site of ['none', 'cross-site', 'same-origin']) {
      const { status } = await send(`${url}/_emulator/ledger`, { headers: { ...looks, 'sec-fetch-site': site } });
      expect({ site, status }).toEqual({ site, status: 200 });
    }
  });
});
