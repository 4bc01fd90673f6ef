import { setTimeout as pause } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { hasBrowser, launch } from './chromium';
import { onFilledTable } from './filled';
import { apiSecret, sendJson } from './http';
import { machine, markdown, median } from './report';
import { say } from './say';
import { spread } from './spread';
import { until } from './until';

const SEED = 1;
const GOAL_MS = 300;
const ROWS = 100;
/** A job is created and canceled again, so a hundred changes a second. */
const JOBS_PER_SECOND = 50;
const JOB_PAGES = 20;
const OLDER_PAGES = 100;

interface Shown {
  what: string;
  delays: number[];
}

/** A stretch of time in the browser. */
interface Smooth {
  what: string;
  /** Milliseconds between one frame and the next. */
  frames: number[];
  /** Tasks that kept the page from answering for more than 50 ms. */
  longTasks: number[];
  seconds: number;
}

/** How soon a person sees a change, and whether the page gets slower by what lies behind it or by what happens meanwhile. */
export async function benchScreen({ jobs }: { jobs: number }): Promise<void> {
  if (!hasBrowser()) throw new Error('there is no Chromium: install it, or name one with CHROMIUM=/path/to/it');
  await onFilledTable({ jobs, seed: SEED }, async ({ apiUrl, size, postgres, alsoStop }) => {
    const browser = await launch({ handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false });
    alsoStop(() => browser.close());
    try {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
      const screen = new Screen(await context.newPage(), apiUrl);
      await screen.open();
      const cdp = await context.newCDPSession(screen.page);
      const shown: Shown[] = [];
      const smooth: Smooth[] = [];

      say('the list, nothing else happens');
      shown.push({ what: 'a row of the list, nothing else happens', delays: await screen.cancelRows() });

      say('the list, while others change');
      await screen.open();
      const perSecond = await amidChanges(apiUrl, async () => {
        shown.push({ what: 'a row of the list, while others change', delays: await screen.cancelRows() });
        smooth.push(await screen.watched('rows come in at the top', () => screen.letIn(10_000)));
        smooth.push(await screen.watched('somebody scrolls, and rows wait', () => screen.scroll(10_000)));
        shown.push({ what: "the job's own page, while others change", delays: await screen.cancelOnTheirPages() });
      });

      say(`${OLDER_PAGES} pages back`);
      await screen.open();
      const before = await weight(cdp, screen.page);
      const turns: number[] = [];
      smooth.push(
        await screen.watched('somebody turns pages', async () => {
          for (let i = 0; i < OLDER_PAGES; i += 1) turns.push(await screen.older());
        }),
      );
      const after = await weight(cdp, screen.page);
      print({ shown, smooth, turns, perSecond, before, after, where: `${machine()}, Node ${process.version}, Postgres ${postgres}, Chromium ${browser.version()} without a GPU`, size }); // prettier-ignore
    } finally {
      await browser.close();
    }
  });
}

/** The dashboard in a browser. Clocks are the machine's on both sides. */
class Screen {
  private nextMedia = 0;

  constructor(
    readonly page: Page,
    private readonly apiUrl: string,
  ) {}

  /** The list with fresh jobs at its top, and the pointer on it, so that new ones wait and rows stay where they are. */
  async open(): Promise<void> {
    for (let i = 0; i < ROWS; i += 1) await enqueue(this.apiUrl, `screen${(this.nextMedia += 1)}`);
    await this.page.mouse.move(0, 0);
    await this.page.goto(this.apiUrl);
    const key = this.page.getByLabel('API key');
    await key.or(this.page.locator('tr[data-job]').first()).waitFor();
    if (await key.isVisible()) {
      await key.fill(apiSecret);
      await this.page.getByRole('button', { name: 'Sign in' }).click();
    }
    await this.page.locator('tr[data-job]').first().waitFor();
    await this.page.getByLabel('Rows', { exact: true }).selectOption(String(ROWS));
    await this.page.getByText(`${ROWS} jobs shown`).waitFor();
    await this.page.evaluate('window.scrollTo(0, 0)');
    await this.page.locator('tr[data-job]').first().hover();
    await this.untilLive();
    await this.page.evaluate(inThePage);
  }

  /** From the moment before the request to cancel is sent to the frame that shows it. */
  async cancelRows(): Promise<number[]> {
    const ids = await this.page.evaluate<string[]>(`[...document.querySelectorAll('tr[data-job]')]
      .filter((row) => row.textContent.includes('Queued')).map((row) => row.dataset.job)`);
    const delays: number[] = [];
    for (const id of ids) delays.push(await this.delayOf(id, `tr[data-job="${id}"]`));
    return delays;
  }

  async cancelOnTheirPages(): Promise<number[]> {
    const delays: number[] = [];
    for (let i = 0; i < JOB_PAGES; i += 1) {
      const id = await enqueue(this.apiUrl, `screen${(this.nextMedia += 1)}`);
      await this.page.goto(`${this.apiUrl}/jobs/${id}`);
      await this.page.getByText('Queued').first().waitFor();
      await this.untilLive();
      await this.page.evaluate(inThePage);
      delays.push(await this.delayOf(id, 'main'));
    }
    return delays;
  }

  private async delayOf(id: string, selector: string): Promise<number> {
    // A change that follows another one waits for it, in the api and in the page: so not in step with them.
    await pause(200 + Math.random() * 200);
    const seen = this.page.evaluate<number>(`bench.untilShown(${JSON.stringify(selector)}, 'Canceled')`);
    const from = Date.now();
    const [at] = await Promise.all([seen, cancel(this.apiUrl, id)]);
    return at - from;
  }

  async watched(what: string, work: () => Promise<unknown>): Promise<Smooth> {
    await this.page.evaluate('bench.begin()');
    await work();
    return { what, ...(await this.page.evaluate<Omit<Smooth, 'what'>>('bench.end()')) };
  }

  /** Nobody is at the rows: so new ones do not wait. */
  async letIn(ms: number): Promise<void> {
    await this.page.mouse.move(0, 0);
    await pause(ms);
  }

  /** Up and down by the wheel. */
  async scroll(ms: number): Promise<void> {
    await this.page.locator('tr[data-job]').first().hover();
    const end = performance.now() + ms;
    for (let i = 0; performance.now() < end; i += 1) {
      await this.page.mouse.wheel(0, i % 40 < 20 ? 150 : -150);
      await pause(30);
    }
  }

  /** From the click to the frame with other rows. */
  async older(): Promise<number> {
    return this.page.evaluate<number>(`bench.turnPage()`);
  }

  private async untilLive(): Promise<void> {
    await this.page.getByText('Live', { exact: true }).waitFor();
  }
}

/** Runs in the page. What is measured ends when a frame with it has been painted: a task after the next frame. */
const inThePage = `window.bench ??= (() => {
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(Date.now()))));
  const changed = (isSo) => new Promise((resolve) => {
    if (isSo()) return resolve();
    const observer = new MutationObserver(() => {
      if (!isSo()) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
  let frames = [], longTasks = [], request = 0, began = 0;
  const keep = (entries) => longTasks.push(...entries.filter(({ startTime }) => startTime >= began).map(({ duration }) => duration));
  const observer = new PerformanceObserver((list) => keep(list.getEntries()));
  observer.observe({ type: 'longtask' });
  return {
    untilShown: (selector, text) =>
      changed(() => document.querySelector(selector)?.textContent.includes(text)).then(painted),
    turnPage: async () => {
      const rows = () => document.querySelectorAll('tr[data-job]');
      const first = rows()[0].dataset.job;
      const button = () => [...document.querySelectorAll('button')].find((one) => one.textContent === 'Older');
      await changed(() => button() && !button().disabled);
      const from = Date.now();
      button().click();
      await changed(() => rows()[0] && rows()[0].dataset.job !== first);
      return (await painted()) - from;
    },
    begin: () => {
      observer.takeRecords();
      frames = []; longTasks = []; began = performance.now();
      let last = began;
      const next = (now) => {
        frames.push(now - last);
        last = now;
        request = requestAnimationFrame(next);
      };
      request = requestAnimationFrame(next);
    },
    end: () => {
      cancelAnimationFrame(request);
      keep(observer.takeRecords());
      return { frames, longTasks, seconds: (performance.now() - began) / 1000 };
    },
  };
})()`;

/** Does the work while jobs come and go; answers how many changes a second that were. */
async function amidChanges(apiUrl: string, work: () => Promise<void>): Promise<number> {
  const isOver = new AbortController();
  const failures: unknown[] = [];
  let [begun, made] = [0, 0];
  const one = () =>
    comeAndGo(apiUrl, `churn${(begun += 1)}`).then(
      () => void (made += 2),
      (error: unknown) => void failures.push(error),
    );
  const underWay: Promise<void>[] = [];
  const started = performance.now();
  const churning = (async () => {
    while (!isOver.signal.aborted) {
      const waitMs = started + (begun * 1000) / JOBS_PER_SECOND - performance.now();
      if (waitMs > 0) await pause(waitMs);
      underWay.push(one());
    }
  })();
  let perSecond = 0;
  try {
    await until('changes are made', () => made > JOBS_PER_SECOND);
    const [from, before] = [performance.now(), made];
    await work();
    perSecond = ((made - before) * 1000) / (performance.now() - from);
  } finally {
    isOver.abort();
    await churning;
    await Promise.all(underWay);
  }
  if (failures.length > 0) throw failures[0];
  return perSecond;
}

async function comeAndGo(apiUrl: string, mediaId: string): Promise<void> {
  await cancel(apiUrl, await enqueue(apiUrl, mediaId));
}

async function enqueue(apiUrl: string, mediaId: string): Promise<string> {
  const body = { mediaId, types: ['AIVideoTag'] };
  const { jobs } = await sendJson<{ jobs: { id: string }[] }>('POST', `${apiUrl}/v1/jobs`, body);
  return jobs[0]?.id ?? '';
}

async function cancel(apiUrl: string, id: string): Promise<void> {
  await sendJson('POST', `${apiUrl}/v1/jobs/${id}/cancel`, {});
}

interface Weight {
  elements: number;
  heapMb: number;
}

/** What the page holds once garbage is gone. */
async function weight(cdp: CDPSession, page: Page): Promise<Weight> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  const elements = await page.evaluate<number>(`document.querySelectorAll('*').length`);
  return { elements, heapMb: usedSize / 2 ** 20 };
}

interface Report {
  shown: Shown[];
  smooth: Smooth[];
  /** Milliseconds for each page, in their order. */
  turns: number[];
  /** How many others changed meanwhile. */
  perSecond: number;
  before: Weight;
  after: Weight;
  where: string;
  size: { jobs: number; lines: number };
}

function print({ shown, smooth, turns, perSecond, before, after, where, size }: Report): void {
  const ms = (value: number) => value.toFixed(0);
  const delays = shown.map(({ what, delays: all }) => {
    const { p50, p95, max } = spread(all);
    return [what, String(all.length), ms(p50), ms(p95), ms(max), p95 <= GOAL_MS ? 'yes' : 'NO'];
  });
  const stretches = smooth.map(({ what, frames, longTasks, seconds }) => {
    const { p50, p95, max } = spread(frames);
    const blocked = longTasks.reduce((sum, task) => sum + task, 0) / (seconds * 1000);
    return [what, (frames.length / seconds).toFixed(0), ms(p50), ms(p95), ms(max), String(longTasks.length), `${(blocked * 100).toFixed(1)} %`]; // prettier-ignore
  });
  const [first, last] = [median(turns.slice(0, 10)), median(turns.slice(-10))];
  process.stdout.write(
    [
      '',
      `${size.jobs.toLocaleString('en')} jobs, ${size.lines.toLocaleString('en')} lines of history; the list shows ${ROWS} rows.`,
      `${where}; seed ${SEED}.`,
      `While others change: ${ms(perSecond)} changes a second.`,
      '',
      ...markdown([
        ['from the request to the screen, ms', 'changes', 'p50', 'p95', 'max', `p95 ≤ ${GOAL_MS}`],
        ...delays,
      ]),
      '',
      ...markdown([
        ['frames', 'a second', 'p50, ms', 'p95, ms', 'max, ms', 'tasks > 50 ms', 'of the time'],
        ...stretches,
      ]),
      '',
      `An older page: ${ms(spread(turns).p50)} ms (p50), ${ms(spread(turns).p95)} ms (p95); the last ten of ${OLDER_PAGES} take ${(last / first).toFixed(2)} times as long as the first ten.`,
      `The page then holds ${after.elements} elements and ${after.heapMb.toFixed(1)} MB, before ${before.elements} and ${before.heapMb.toFixed(1)} MB.`,
      '',
    ].join('\n'),
  );
}
