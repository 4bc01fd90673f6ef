import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, Result } from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** Debian's; CHROMIUM names another one. Nothing is ever downloaded. */
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** A page that looks outside, or for updates, waits for what is not there. */
const ALONE = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Skipped where there is no browser, and says so; in CI there is one. */
export const describeWithBrowser: typeof describe =
  existsSync(executablePath) || process.env['CI'] === 'true' ? describe : describe.skip;

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ALONE });
}

/**
 * What went wrong in a page without anybody looking: errors, refusals of the content security policy. An answer that is not 200
 * is none: the page shows it, and the test says where it has to.
 */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(`console: ${message.text()}`);
  });
  return complaints;
}

/** A page of its own context: no key, no language and no column is remembered from another test. */
export async function freshPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  return context.newPage();
}

const axeSource = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

/** Violations of WCAG 2.1 AA that axe calls serious or critical, each as a sentence that names the place. */
export async function barriers(page: Page): Promise<string[]> {
  // Evaluated by the browser's own tools, so that the page's content security policy stays as it is.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })`,
  );
  return violations.filter(isSerious).flatMap(({ id, help, nodes }) => {
    return nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(' ')}: ${failureSummary}`);
  });
}

function isSerious({ impact }: Result): boolean {
  return impact === 'serious' || impact === 'critical';
}
