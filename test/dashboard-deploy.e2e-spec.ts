import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { loadConfig } from '@app/config';
import { createLogger, type Server } from '@app/observability';
import { createTestDatabase, type TestDatabase } from '@app/testing';
import { startApi } from '../apps/api/src';
import { launch } from '../bench/chromium';
import { collectComplaints, describeWithBrowser, freshPage } from './support/browser';
import { BUILD_TIMEOUT_MS, builtDist } from './support/build';

/** A tab that stays open while the api is restarted, or replaced by another release whose files have other names. */

const KEY = 'viewer-secret';
const logger = createLogger({ level: 'fatal', format: 'json', process: 'api' });

let browser: Browser;
let database: TestDatabase;
/** As it is built, and the same as another release: every file has another name. */
let now: string;
let next: string;
let api: Server | undefined;
let url: string;
const complaints: string[] = [];

describeWithBrowser('An open tab', () => {
  beforeAll(async () => {
    now = join(await builtDist(), 'apps/dashboard');
    next = otherRelease(now);
    browser = await launch();
    database = await createTestDatabase();
  }, BUILD_TIMEOUT_MS);
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await api?.close();
    api = undefined;
    const told = complaints.splice(0);
    if (told.length > 0) throw new Error(`a page complained:\n${told.join('\n')}`);
  });
  afterAll(async () => {
    rmSync(next, { recursive: true });
    await browser.close();
    await database.drop();
  });

  it('waits with a click for an api that is away, and goes there by itself when it is back', async () => {
    await start(now);
    const page = await open('/jobs?state=failed');
    await stop();
    await page.getByRole('link', { name: 'Held' }).click();
    await page.getByText('Server not reachable').waitFor();
    await start(now, portOf(url));
    await page.getByText('No held jobs').waitFor();
    expect(new URL(page.url()).pathname).toBe('/held');
  });

  it('goes on after a deploy: it is loaded anew once, where one wanted to go', async () => {
    await start(now);
    const page = await open('/jobs?state=failed');
    const loads = loadsOf(page);
    await stop();
    await start(next, portOf(url));
    await page.getByRole('link', { name: 'Flow' }).click();
    await page.getByRole('figure').first().waitFor();
    expect([new URL(page.url()).pathname, loads()]).toEqual(['/flow', 1]);
  });

  it('keeps its filters when it is loaded anew for a part of its page', async () => {
    await start(now);
    const page = await open('/jobs?state=failed');
    const loads = loadsOf(page);
    await stop();
    await start(next, portOf(url));
    const anew = page.waitForEvent('domcontentloaded');
    await page.getByRole('button', { name: 'Filters' }).click();
    await anew;
    await page.getByRole('button', { name: /Failed/, pressed: true }).waitFor();
    await page.waitForURL(/\/jobs\?state=failed$/);
    await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByLabel('Created from').waitFor();
    expect(loads()).toBe(1);
  });

  it('says what is wrong when the release lacks a file, instead of loading itself again and again', async () => {
    const broken = otherRelease(now);
    for (const name of readdirSync(join(broken, 'assets'))) {
      if (name.startsWith('held-page')) rmSync(join(broken, 'assets', name));
    }
    await start(broken);
    const page = await open('/jobs');
    const loads = loadsOf(page);
    await page.getByRole('link', { name: 'Held' }).click();
    await page.getByText('This page is incomplete').waitFor();
    expect(loads()).toBe(1);
    rmSync(broken, { recursive: true });
  });

  it('has loaded its other pages before anybody asks for them', async () => {
    await start(now);
    const page = await open('/jobs', { ahead: true, until: /charts-/ });
    await stop();
    await page.getByRole('link', { name: 'Events' }).click();
    await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
  });
});

async function start(dashboard: string, port = '0'): Promise<void> {
  const env = { DATABASE_URL: database.urlOf('api'), API_PORT: port, API_KEYS: `vera:viewer:${KEY}` };
  api = await startApi(loadConfig(env, 'api'), logger, { dashboard });
  url = api.url;
}

async function stop(): Promise<void> {
  await api?.close();
  api = undefined;
}

const portOf = (of: string) => new URL(of).port;

/** `ahead`: loads what it may need while it has nothing else to do; a browser that saves data leaves that. */
async function open(path: string, { ahead = false, until }: { ahead?: boolean; until?: RegExp } = {}): Promise<Page> {
  const page = await freshPage(browser);
  page.setDefaultTimeout(30_000);
  if (!ahead) {
    await page.addInitScript(`Object.defineProperty(navigator, 'connection', { value: { saveData: true } })`);
  }
  collectComplaints(page, complaints);
  const last = until && page.waitForEvent('requestfinished', (request) => until.test(request.url()));
  await page.goto(`${url}${path}`);
  await page.getByLabel('API key').fill(KEY);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor();
  await last;
  return page;
}

/** How often the whole page is loaded from now on. */
function loadsOf(page: Page): () => number {
  let loads = 0;
  page.on('domcontentloaded', () => (loads += 1));
  return () => loads;
}

function otherRelease(of: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'vodai-release-'));
  cpSync(of, folder, { recursive: true });
  const assets = join(folder, 'assets');
  const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
  const renamed = (text: string) =>
    scripts.reduce((all, name) => all.replaceAll(name, name.replace(/\.js$/, '-next.js')), text);
  for (const file of [join(folder, 'index.html'), ...scripts.map((name) => join(assets, name))]) {
    writeFileSync(file, renamed(readFileSync(file, 'utf8')));
  }
  for (const name of readdirSync(assets)) {
    if (/\.js\.(br|gz)$/.test(name)) rmSync(join(assets, name));
    if (name.endsWith('.js')) renameSync(join(assets, name), join(assets, renamed(name)));
  }
  return folder;
}
