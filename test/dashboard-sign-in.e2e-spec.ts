import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger, type Server } from '@app/observability';
import { loadConfig } from '@app/config';
import { createTestDatabase, type TestDatabase } from '@app/testing';
import { Emulator } from '@app/vod-emulator';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { Sessions, signInPath, startApi } from '../apps/api/src';
import { launch } from '../bench/chromium';
import { barriers, collectComplaints, describeWithBrowser, freshPage } from './support/browser';
import { BUILD_TIMEOUT_MS, builtDist } from './support/build';

/** A local instance in a real browser: the link that lets one in, and what pages of others get there. */

const ON_SCREEN = { timeout: 30_000 };
const logger = createLogger({ level: 'fatal', format: 'json', process: 'api' });

let browser: Browser;
let database: TestDatabase;
let sessions: Sessions;
let api: Server;
let emulator: { control: Emulator; url: string };
/** A server of somebody else's on this machine: to the browser another origin, and the same site. */
let other: { url: string; close: () => void };
const complaints: string[] = [];

async function start(port = '0'): Promise<void> {
  sessions = new Sessions();
  const env = { DATABASE_URL: database.url, API_PORT: port, API_KEYS: 'ada:admin:admin-secret-canary' };
  api = await startApi(loadConfig(env, 'api'), logger, { sessions });
}

const link = () => `${api.url}/${signInPath(sessions.offer({ name: 'ada', role: 'admin' }, Date.now()))}`;

describeWithBrowser('A local instance in a browser', () => {
  beforeAll(async () => {
    await builtDist();
    // What DNS rebinding does: a name of the attacker's that points here.
    // Newer browsers keep pages from elsewhere off loopback by themselves, when they know where a page came from.
    const flags = ['--host-resolver-rules=MAP evil.example 127.0.0.1', '--disable-features=LocalNetworkAccessChecks'];
    browser = await launch({ args: flags });
    database = await createTestDatabase();
    const control = new Emulator({ accessKeys: [] });
    emulator = { control, url: (await control.listen({ host: '127.0.0.1', port: 0 })).url };
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>other</title>');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    other = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => {
        server.closeAllConnections();
        server.close();
      },
    };
  }, BUILD_TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    other.close();
    await emulator.control.close();
    await database.drop();
  });

  beforeEach(() => start());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await api.close();
    const told = complaints.splice(0);
    if (told.length > 0) throw new Error(`a page complained:\n${told.join('\n')}`);
  });

  async function open(address: string): Promise<Page> {
    const page = await freshPage(browser);
    page.setDefaultTimeout(ON_SCREEN.timeout);
    collectComplaints(page, complaints);
    await page.goto(address);
    return page;
  }

  const jobsHeading = (page: Page) => page.getByRole('heading', { name: 'Jobs', level: 1 });
  const kept = (context: BrowserContext) => context.storageState().then(JSON.stringify);

  it('signs in who follows its link, for every tab, and keeps no key in the page', async () => {
    const address = link();
    const page = await open(address);
    await jobsHeading(page).waitFor();
    expect(page.url()).toBe(`${api.url}/jobs`);
    await page.getByRole('button', { name: 'Signed in as ada' }).waitFor();
    const tab = await page.context().newPage();
    await tab.goto(`${api.url}/flow`);
    await tab.getByRole('heading', { name: 'Flow', level: 1 }).waitFor(ON_SCREEN);

    const [cookie, ...more] = await page.context().cookies();
    expect(more).toEqual([]);
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', domain: '127.0.0.1' });
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await kept(page.context())).not.toContain('canary');
    // Acting with the cookie: the page may.
    expect(await post(page, `${api.url}/v1/jobs`, 'application/json')).toBe(202);
  });

  it('says that a link is used up, and shows where one wanted to go after a key', async () => {
    const address = link();
    await fetch(address, { redirect: 'manual' });
    const page = await open(address);
    await page.getByText('This link was used before').waitFor();
    await page.getByText('npx vodai open gives another').waitFor();
    expect(new URL(page.url()).hash).toBe('');
    expect(await barriers(page)).toEqual([]);
    await page.getByLabel('API key').fill('admin-secret-canary');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await jobsHeading(page).waitFor();
  });

  it('lets one out for good, and everybody when it ends', async () => {
    const page = await open(link());
    await page.getByRole('button', { name: 'Signed in as ada' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    await page.reload();
    await page.getByLabel('API key').waitFor();
    expect(await page.context().cookies()).toEqual([]);

    await page.goto(link());
    await jobsHeading(page).waitFor();
    const { port } = new URL(api.url);
    await api.close();
    await start(port);
    await page.getByRole('link', { name: 'Flow' }).click();
    await page.getByText('The session ended with the instance').waitFor();
  });

  it('is nothing to a page of another port, although the browser sends it the cookie', async () => {
    const page = await freshPage(browser); // which will complain
    await page.goto(link());
    await jobsHeading(page).waitFor(ON_SCREEN);
    emulator.control.configure({ failShare: 1 });
    await page.goto(other.url);
    let sent = '';
    page.on('request', async (request) => {
      if (request.method() === 'POST') sent += (await request.allHeaders())['cookie'] ?? '';
    });
    const targets = [`${api.url}/v1/jobs`, `${emulator.url}/_emulator/reset`, `${api.url}/v1/session/links`];
    for (const target of targets) {
      for (const type of ['text/plain', 'application/json']) await post(page, target, type);
      await submitForm(page, target);
      await page.goto(other.url);
    }
    expect(sent).toContain('vodai_session_'); // the cookie alone would have let it in
    await expectUntouched();
  });

  it('is nothing to a name that was made to point at this machine', async () => {
    emulator.control.configure({ failShare: 1 });
    // The attacker's page has no policy; it was served before the name came to point here.
    const page = await freshPage(browser, { bypassCSP: true });
    for (const { url, path } of [
      { url: api.url, path: '/v1/session/links' },
      { url: emulator.url, path: '/_emulator/reset' },
    ]) {
      const rebound = url.replace('127.0.0.1', 'evil.example');
      expect((await page.goto(rebound))?.status()).toBe(403);
      // A page of the attacker's, from before the name came to point here.
      await page.route(`${rebound}/attack`, (route) =>
        route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
      );
      await page.goto(`${rebound}/attack`);
      expect(await post(page, `${rebound}${path}`, 'text/plain')).toBe(403);
    }
    await expectUntouched();
  });

  async function expectUntouched(): Promise<void> {
    expect(emulator.control.settings().failShare).toBe(1);
    const answer = await fetch(`${api.url}/v1/jobs`, { headers: { authorization: 'Bearer admin-secret-canary' } });
    const { items } = (await answer.json()) as { items: { mediaId: string }[] };
    expect(items.filter(({ mediaId }) => mediaId === 'by-a-stranger')).toEqual([]);
  }
});

/** By a script of the page, with whatever the browser adds. Answers the status, 0 when the page may not see it. */
function post(page: Page, url: string, type: string): Promise<number> {
  const mode = type === 'text/plain' ? 'no-cors' : 'cors';
  const mediaId = new URL(page.url()).origin === new URL(url).origin && type !== 'text/plain' ? 'own' : 'by-a-stranger';
  const body = JSON.stringify({ mediaId, types: ['AIVideoTag'] });
  const init = { method: 'POST', credentials: 'include', mode, headers: { 'content-type': type }, body };
  return page.evaluate(`fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(({ status }) => status, () => 0)`);
}

async function submitForm(page: Page, url: string): Promise<void> {
  const form = `<form method="post" enctype="text/plain" action="${url}"><input name='{"mediaId":"by-a-stranger","types":["AIVideoTag"],"x":"' value='"}'></form>`;
  await page.setContent(form);
  await Promise.all([page.waitForNavigation(), page.evaluate('document.forms[0].submit()')]);
}
