import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, Result } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { hasBrowser } from '../../bench/chromium';

/** Skipped where there is no browser, and says so; in CI there is one. */
export const describeWithBrowser: typeof describe =
  hasBrowser() || process.env['CI'] === 'true' ? describe : describe.skip;

/**
 * What went wrong in a page without anybody looking: errors, refusals of the content security policy. An answer that is not 200
 * is none: the page shows it, and the test says where it has to.
 */
export function collectComplaints(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(`console: ${message.text()}`);
  });
}

/** A page of its own context: no key, no language and no column is remembered from another test. */
export async function freshPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    reducedMotion: 'reduce', // without a GPU each frame of a transition is drawn by the processor
    ...options,
  });
  return context.newPage();
}

const axeSource = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

/** Violations of WCAG 2.1 AA that axe calls serious or critical, each as a sentence that names the place. */
export async function barriers(page: Page, rules: 'all' | 'of colour' = 'all'): Promise<string[]> {
  // Evaluated by the browser's own tools, so that the page's content security policy stays as it is.
  await page.evaluate(axeSource);
  const runOnly =
    rules === 'all'
      ? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']
      : ['color-contrast', 'link-in-text-block'];
  // Of what passed axe would otherwise send every element of the page.
  const options = JSON.stringify({ runOnly, resultTypes: ['violations'] });
  const violations = await page.evaluate<AxeResults['violations']>(
    `axe.run(document, ${options}).then(({ violations }) => violations)`,
  );
  return violations.filter(isSerious).flatMap(({ id, help, nodes }) => {
    return nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(' ')}: ${failureSummary}`);
  });
}

function isSerious({ impact }: Result): boolean {
  return impact === 'serious' || impact === 'critical';
}
