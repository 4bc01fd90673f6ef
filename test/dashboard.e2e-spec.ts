import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@app/testing';
import { signCallback } from '@app/vod/callback';
import { faultRule } from '@app/vod-emulator';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { launch } from '../bench/chromium';
import { barriers, collectComplaints, describeWithBrowser, freshPage } from './support/browser';
import { BUILD_TIMEOUT_MS, builtDist } from './support/build';
import { keys, Stack } from './support/stack';

/** The dashboard as a person uses it: a real browser, the built page, the whole product behind it. */

const FOREVER = { min: 3_600_000, max: 3_600_000 };
const ON_SCREEN = { timeout: 30_000 };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let browser: Browser;
let stack: Stack;
const complaints: string[] = [];

describeWithBrowser('The dashboard', () => {
  beforeAll(async () => {
    await builtDist();
    browser = await launch();
    // VOD's jobs end when the test ends them; what is lost is held for a person within a second.
    stack = await Stack.start({
      env: {
        ENVIRONMENT_NAME: 'test:purple',
        RECOVER_AFTER: '100ms',
        RECOVER_GRACE: '500ms',
        RECOVER_BY: 'none',
        RESEND_PINNED: 'false',
      },
      emulator: {
        jobTimeMs: FOREVER,
        faults: [faultRule('SubmitAIJob', { fault: 'drop_after' }, { mediaId: 'lost-*' })],
      },
    });
  }, BUILD_TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await stack.stop();
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    const told = complaints.splice(0);
    if (told.length > 0) throw new Error(`a page complained:\n${told.join('\n')}`);
  });

  async function open(path = '/', { key = keys.operator, ...options }: Options = {}): Promise<Page> {
    const page = await freshPage(browser, options);
    page.setDefaultTimeout(ON_SCREEN.timeout);
    collectComplaints(page, complaints);
    await page.goto(`${stack.api.url}${path}`);
    if (key !== null) await signIn(page, key);
    return page;
  }

  it('lets nobody in without a key, says that a wrong one is wrong, and shows where one wanted to go after a right one', async () => {
    const page = await open('/jobs?state=failed', { key: null });
    await page.getByText(new URL(stack.api.url).host).waitFor(); // to what
    await page.getByTitle('Environment: test').waitFor();
    await page.getByLabel('API key').fill('not-a-key');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Unknown key.').waitFor();
    await signIn(page, keys.viewer);
    expect(new URL(page.url()).search).toBe('?state=failed');
    await page.getByRole('button', { name: /Failed/, pressed: true }).waitFor();
    await page.getByRole('banner').getByText('test', { exact: true }).waitFor();
    expect(await page.title()).toMatch(/ · test$/);

    await page.reload();
    await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor(); // still signed in
    expect(await page.evaluate('JSON.stringify({ ...localStorage })')).not.toContain(keys.viewer);
    await page.getByRole('button', { name: 'Signed in as' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    expect(await page.evaluate('JSON.stringify({ ...sessionStorage })')).not.toContain(keys.viewer);
  });

  it('finds a job by its media id and shows it live from queued to succeeded, with its result', async () => {
    const [worker] = stack.workers;
    if (worker) await stack.stopWorker(worker);
    const [{ id }] = (await stack.enqueue('holiday-4711')).jobs;
    await stack.enqueue('another-media');
    const page = await open();
    await page.getByRole('link', { name: 'another-media' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('holiday-4711');
    await page.keyboard.press('Enter');
    const row = page.getByRole('row').filter({ hasText: 'holiday-4711' });
    await row.getByText('Queued').waitFor();
    await page.getByRole('link', { name: 'another-media' }).waitFor({ state: 'detached' });

    await stack.startWorker();
    await row.getByText('Processing').waitFor();
    await row.getByRole('link', { name: 'holiday-4711' }).click();
    await page.getByText('At VOD for').waitFor();
    const { vodJobId } = await stack.untilJob(id, 'processing');
    stack.emulator.finish(vodJobId, 'success');
    await page.getByText(/^Succeeded .* ago/).waitFor();
    await page.getByText('Read the result from ListAIJob: success').waitFor();
    await page.getByText('Categories').first().waitFor();
  });

  it('says how far a filtered batch is, why a job waits, and that no worker runs', async () => {
    const labels = { batch: 'far' };
    const [over] = (await stack.enqueue('far-1', ['AIVideoTag'], { labels })).jobs;
    const { vodJobId } = await stack.untilJob(over.id, 'processing');
    stack.emulator.finish(vodJobId, 'success');
    await stack.untilJob(over.id, 'succeeded');
    const [worker] = stack.workers;
    if (worker) await stack.stopWorker(worker);
    await stack.enqueue('far-2', ['AIVideoTag'], { labels });

    const page = await open('/jobs?label=batch%3Afar');
    await page.getByRole('button', { name: '2 All' }).waitFor();
    await page.getByText('50% of 2 jobs over:').waitFor();
    await page.getByText('When it is done is unknown').waitFor();
    await page.getByRole('link', { name: 'far-2' }).click();
    await page.getByText('No worker serves cn-shanghai').waitFor();
    await page.getByRole('link', { name: 'Flow' }).click();
    await page.getByText('No worker serves cn-shanghai').waitFor();
    await page.getByText('No worker runs.').waitFor();
    await stack.startWorker();
    await page.getByText('No worker runs.').waitFor({ state: 'detached' });
    await page.getByText('No obstacles').waitFor();
  });

  it('folds what somebody has rung for a job, and shows all pages of its history', async () => {
    const { id } = (await stack.enqueue('rung-for')).jobs[0];
    await stack.untilJob(id, 'processing');
    // As the door writes it: a false alarm, a false alarm, …; and in between 300 looks by the alarm.
    await stack.query(
      `insert into history (job_id, version, at, event, from_state, to_state, attempt, detail)
       select job.id, job.version + i, now(), case when i between 1 and 300 or i % 2 = 0 then 'read_running' else 'event_received' end,
              case when i between 1 and 300 or i % 2 = 1 then 'processing' else 'finished' end,
              case when i between 1 and 300 or i % 2 = 0 then 'processing' else 'finished' end, 1,
              '{"status":"Analysing","signature":"valid"}'
         from job, generate_series(1, 300 + 28) as i
        where job.id = $1`,
      [id],
    );
    const page = await open(`/jobs/${id}`);
    await page.getByText('295 more lines like these').waitFor();
    await page.getByText('12 more like these: events that changed nothing').waitFor();
    expect(await page.getByText("VOD's event says Analysing (signature valid)").count()).toBe(2);
  });

  it('resolves a held job, and says before what that means', async () => {
    const id = await heldJob('lost-1');
    const page = await open('/held');
    await page.getByRole('heading', { name: 'Held', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'lost-1' }).or(page.getByText('lost-1')).first().waitFor();
    await page.getByRole('button', { name: 'Give up' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('its result is not read').waitFor();
    await dialog.getByLabel('Reason').fill('the client has withdrawn it');
    await dialog.getByRole('button', { name: 'Give up 1 job' }).click();
    await page.getByText('No held jobs').waitFor();
    expect(await stack.untilJob(id, 'failed')).toMatchObject({ error: { code: 'given_up' } });
    expect((await stack.history(id)).at(-1)).toMatchObject({
      actor: 'otto',
      detail: { reason: 'the client has withdrawn it' },
    });
  });

  it('retries a failed job with the keyboard alone, and pays once for it', async () => {
    const id = await failedJob('broken-1');
    const billed = stack.emulator.ledger().billed;
    const page = await open();
    await page.getByRole('link', { name: 'broken-1' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('broken-1');
    await page.keyboard.press('Enter');
    await page.getByRole('table').getByRole('row').filter({ hasText: 'broken-1' }).waitFor();
    // Out of the search box, to the first row, into it.
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page
      .getByRole('heading', { level: 1 })
      .filter({ hasText: /broken-1|Job/ })
      .waitFor();
    await tabTo(page.getByRole('button', { name: 'Retry', exact: true }));
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('VOD bills 1 job if it succeeds.').waitFor();
    await page.getByRole('dialog').getByText('The last attempt costs nothing.').waitFor();
    await page.keyboard.type('the file was replaced');
    await tabTo(page.getByRole('button', { name: 'Retry 1 job', exact: true }));
    await page.keyboard.press('Enter');
    await page.getByText('At VOD for').waitFor();
    expect(await stack.untilJob(id, 'processing')).toMatchObject({ attempts: 2 });
    expect(stack.emulator.ledger().billed).toBe(billed + 1);
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.getByRole('heading', { name: 'Held', level: 1 }).waitFor();
  });

  it('is signed in to, watched, asked for a held job, filtered and set up with the keyboard alone', async () => {
    const held = await heldJob('lost-2');
    const page = await open('/', { key: null });
    await page.getByLabel('API key').waitFor();
    await page.keyboard.type(keys.operator);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor();

    const [{ id }] = (await stack.enqueue('keys-only')).jobs;
    await page.keyboard.press('/');
    await page.keyboard.type('keys-only');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await page.getByRole('row').filter({ hasText: 'keys-only' }).getByText('Processing').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByText('At VOD for').waitFor();
    stack.emulator.finish((await stack.untilJob(id, 'processing')).vodJobId, 'success');
    await page.getByText(/^Succeeded .* ago/).waitFor();

    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await tabTo(page.getByRole('link', { name: 'lost-2' }));
    await page.keyboard.press('Enter');
    await page.locator('a[aria-current]').filter({ hasText: 'lost-2' }).waitFor();
    await tabTo(page.getByRole('button', { name: 'Submit again', exact: true }));
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByLabel('Reason').waitFor();
    await page.keyboard.type('it is not in the console');
    await tabTo(page.getByRole('dialog').getByRole('button', { name: 'Submit 1 job again' }));
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await stack.untilJob(held, 'held', 'processing');
    expect(await stack.history(held)).toContainEqual(
      expect.objectContaining({
        actor: 'otto',
        detail: expect.objectContaining({ reason: 'it is not in the console' }),
      }),
    );

    await page.keyboard.press('g');
    await page.keyboard.press('j');
    await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor();
    await tabTo(page.getByRole('button', { name: /Succeeded/ }));
    await page.keyboard.press('Enter');
    await page.waitForURL(/\?state=succeeded$/);

    await choose(page, 'Language', '简体中文');
    await page.getByRole('heading', { name: '作业', level: 1 }).waitFor();
    await choose(page, '主题', '深色');
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
  });

  it('shares a filtered view by its URL', async () => {
    await failedJob('broken-2');
    const page = await open();
    await page.getByRole('link', { name: 'broken-2' }).waitFor();
    await page.getByRole('button', { name: /Failed/ }).click();
    await page.getByRole('button', { name: /Failed/, pressed: true }).waitFor();
    await page.getByRole('link', { name: 'another-media' }).waitFor({ state: 'detached' });
    const { pathname, search } = new URL(page.url());
    const other = await open(`${pathname}${search}`, { key: keys.viewer });
    await other.getByRole('button', { name: /Failed/, pressed: true }).waitFor();
    await other.getByRole('link', { name: 'broken-2' }).waitFor();
    expect(await other.getByRole('link', { name: 'another-media' }).count()).toBe(0);
  });

  it('shows a viewer no action, and an operator those that the state allows', async () => {
    const id = await failedJob('broken-3');
    const page = await open(`/jobs/${id}`, { key: keys.viewer });
    await page.getByText(/^Failed .* ago/).waitFor();
    expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0);
    const operators = await open(`/jobs/${id}`);
    await operators.getByRole('button', { name: 'Retry' }).waitFor();
    expect(await operators.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
  });

  it('tells what is somebody else’s from the rest, and has it looked at again for whoever may act', async () => {
    await tellOfAnotherSystem('of-another-system');
    const page = await open('/events');
    await page.getByText('Foreign', { exact: true }).first().click();
    const row = page.getByRole('row').filter({ hasText: 'of-another-system' });
    await row.getByRole('link').first().click();
    await page.getByText('Of another system or environment with the same account').waitFor();
    await page.getByRole('button', { name: 'Replay' }).click();
    await eventually('it is looked at again', () => stack.logLines.some((line) => line.includes('event.replayed')));
    await page.getByText('Of another system or environment with the same account').waitFor();
    await page.getByRole('button', { name: 'Replay' }).waitFor();

    const { pathname } = new URL(page.url());
    const viewers = await open(pathname, { key: keys.viewer });
    await viewers.getByText('Of another system or environment with the same account').waitFor();
    expect(await viewers.getByRole('button', { name: 'Replay' }).count()).toBe(0);
  });

  it('speaks Chinese and goes dark when it is told to, and remembers both', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Language' }).click();
    await page
      .getByRole('menuitem', { name: '简体中文' })
      .or(page.getByRole('menuitemradio', { name: '简体中文' }))
      .click();
    await page.getByRole('heading', { level: 1 }).filter({ hasText: /作业/ }).waitFor();
    expect(await page.getAttribute('html', 'lang')).toMatch(/^zh/);
    await page.getByRole('button', { name: '主题' }).click();
    await page
      .getByRole('menuitem', { name: '深色' })
      .or(page.getByRole('menuitemradio', { name: '深色' }))
      .click();
    await eventually('it is dark', async () => {
      return (await page.getAttribute('html', 'data-mantine-color-scheme')) === 'dark';
    });
    await page.reload();
    await page.getByRole('heading', { level: 1 }).filter({ hasText: /作业/ }).waitFor();
    expect(await page.getAttribute('html', 'data-mantine-color-scheme')).toBe('dark');
  });

  it('writes dates with seconds and a zone in each language, by the clock that one chooses, and remembers it', async () => {
    const id = await failedJob('dated-1');
    const page = await open(`/jobs/${id}`, { timezoneId: 'Asia/Shanghai' });
    await page
      .getByText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \+08:00$/)
      .first()
      .waitFor();
    await choose(page, 'Language and time zone', 'UTC');
    await page
      .getByText(/:\d\d\.\d{3} \+00:00$/)
      .first()
      .waitFor();
    await choose(page, 'Language and time zone', '简体中文');
    await page.getByRole('heading', { name: '详情' }).waitFor();
    await page.goto(`${stack.api.url}/jobs`);
    await page.getByRole('button', { name: '筛选' }).click();
    await page.getByText('UTC 时间').waitFor();
    await page.getByRole('button', { name: '今天' }).click();
    await page.getByRole('button', { name: '应用' }).click();
    await page.waitForURL(/createdFrom=\d{4}-\d\d-\d\dT00(:|%3A)00/);
    await page.getByText(/创建时间起: \d{4}-\d\d-\d\d 00:00:00 \+00:00/).waitFor();
  });

  it('acts on several jobs at once, leaves alone those that cannot take it, and says so first', async () => {
    const ids = [await failedJob('many-1'), await failedJob('many-2')];
    const [{ id: atVod }] = (await stack.enqueue('many-3')).jobs;
    await stack.untilJob(atVod, 'processing');
    const page = await open('/jobs?label=&q=&state=failed&state=processing');
    for (const media of ['many-1', 'many-2', 'many-3'])
      await page.getByRole('checkbox', { name: `Select the job of ${media}` }).check();
    await page.getByRole('button', { name: 'Retry (2)' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('VOD bills 2 jobs if they succeed.').waitFor();
    await dialog.getByText('1 of the selected jobs cannot take this and stays as it is.').waitFor();
    await dialog.getByRole('button', { name: 'Retry 2 jobs' }).click();
    for (const id of ids) expect(await stack.untilJob(id, 'processing')).toMatchObject({ attempts: 2 });
    expect(await stack.untilJob(atVod, 'processing')).toMatchObject({ attempts: 1 });
  });

  it('says what is wrong with a filter, in its form and in the address, and lists nothing else instead', async () => {
    await stack.enqueue('filtered-1', ['AIVideoTag'], { labels: { batch: 'wrong' }, force: true });
    const page = await open();
    await page.getByRole('link', { name: 'filtered-1' }).waitFor();
    await page.getByRole('button', { name: 'Filters' }).click();
    const labels = page.getByRole('combobox', { name: 'Labels' });
    await labels.fill('foo');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('foo: Expected key:value').waitFor();
    await eventually('the field has the focus', () => hasFocus(labels));
    expect(new URL(page.url()).search).toBe('');
    await labels.press('Backspace');
    await labels.fill('batch:wrong');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.waitForURL(/label=batch:wrong$/);
    await page.getByRole('link', { name: 'filtered-1' }).waitFor();

    await page.goto(`${stack.api.url}/jobs?label=batch:wrong&label=foo&colour=red`);
    const notice = page.getByRole('alert');
    await notice.getByText('Expected key:value').waitFor();
    await notice.getByText('There is no such filter here').waitFor();
    expect(await page.getByRole('table').count()).toBe(0);
    await notice.getByRole('button', { name: 'List without them' }).click();
    await page.getByRole('link', { name: 'filtered-1' }).waitFor();
    expect(new URL(page.url()).search).toBe('?label=batch:wrong');

    await page.goto(`${stack.api.url}/events?jobId=foo`);
    await notice.getByText('Expected an ID').waitFor();
    await notice.getByRole('button', { name: 'List without it' }).click();
    await page.waitForURL(/\/events$/);

    await page.goto(new URL('/flow?window=1w', page.url()).href);
    await page.getByText('expected one of "1h"|"24h"|"7d"').waitFor();
  });

  it('submits a file of media, says before what it will send, and sends nothing twice', async () => {
    const csv = (rows: string) => ({ name: 'library.csv', mimeType: 'text/csv', buffer: Buffer.from(rows) });
    const page = await open('/submit');
    const submit = page.getByRole('button', { name: /^Submit( \d+ requests?)?$/ });
    const fill = async () => {
      await page.getByText('File', { exact: true }).click();
      await page.setInputFiles('input[type=file]', csv('title,mediaId\nA,from-page-1\nB,from-page-2\nA,from-page-1\n'));
      await page.getByRole('checkbox', { name: 'Smart tagging' }).check();
      await page.getByRole('combobox', { name: 'Labels' }).fill('batch:from-page');
      await page.keyboard.press('Enter');
    };
    await submit.click();
    await page.getByText('Expected at least one media').waitFor();
    await page.getByText('Choose at least one type').waitFor();

    await page.getByText('File', { exact: true }).click();
    await page.setInputFiles('input[type=file]', csv('title,mediaId\nA,from-page-1\nB,not an id\n'));
    await page.getByRole('row').filter({ hasText: 'Expected a media ID, got not an id' }).getByText('3').waitFor();
    expect(await submit.isDisabled()).toBe(true);

    await fill();
    await page.getByRole('heading', { name: '2 requests' }).waitFor();
    await page.getByText('1 line repeats a media').waitFor();
    const config = page.getByRole('textbox', { name: 'Config of Smart tagging' });
    await config.fill(`{"a": ${'['.repeat(20)}${']'.repeat(20)}}`);
    await submit.click();
    await page.getByText('a: expected at most 16 levels').waitFor();
    await eventually('the field has the focus', () => hasFocus(config));
    const jobs = async () => (await stack.get('/v1/jobs?label=batch:from-page')).body.items;
    expect(await jobs()).toEqual([]);

    await config.fill('{"AnalyseTypes": "ASR"}');
    await submit.click();
    await page.getByRole('heading', { name: 'Submitted' }).waitFor();
    await page.getByText('2 new').waitFor();
    await page.reload();
    await fill();
    await page.getByRole('textbox', { name: 'Config of Smart tagging' }).fill('{"AnalyseTypes": "ASR"}');
    await submit.click();
    await page.getByText('2 were here already').waitFor();
    await page.getByRole('link', { name: 'Show the jobs' }).click();
    await page.waitForURL(/label=batch:from-page$/);
    await page.getByRole('link', { name: 'from-page-2' }).waitFor();
    expect(await jobs()).toHaveLength(2);

    const viewers = await open('/submit', { key: keys.viewer });
    await viewers.getByText('Your key may not submit').waitFor();
    expect(await viewers.getByRole('link', { name: 'Submit' }).count()).toBe(0);
  });

  it('selects all that match, over more pages than one, and acts on them', async () => {
    const workers = [...stack.workers];
    for (const worker of workers) await stack.stopWorker(worker);
    const labels = { batch: 'matching' };
    for (let i = 0; i < 27; i += 1) await stack.enqueue(`matching-${i}`, ['AIVideoTag'], { labels, force: true });
    const page = await open('/jobs?label=batch:matching');
    await page.getByRole('combobox', { name: 'Rows' }).selectOption('25');
    await page.getByText('25 jobs shown').waitFor();
    await page.getByRole('checkbox', { name: 'Select all' }).check();
    await page.getByText('25 selected').waitFor();
    await page.getByRole('button', { name: 'Select all 27 that match' }).click();
    await page.getByText('27 selected').waitFor();
    await page.getByRole('button', { name: 'Cancel (27)' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel 27 jobs' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const jobs = (await stack.get('/v1/jobs?label=batch:matching&state=canceled')).body.items;
    expect(jobs).toHaveLength(27);
    for (let i = 0; i < workers.length; i += 1) await stack.startWorker();
  });

  it('works below a path prefix that a proxy takes away', async () => {
    const proxy = await Prefix.before(stack.api.url, '/tools/vod');
    try {
      const page = await freshPage(browser);
      collectComplaints(page, complaints);
      await page.goto(`${proxy.url}/jobs?state=failed`);
      await signIn(page, keys.operator);
      await page.getByRole('link', { name: 'broken-2' }).click();
      await page.getByText(/^Failed .* ago/).waitFor(ON_SCREEN);
      await page.reload();
      await page.getByText(/^Failed .* ago/).waitFor(ON_SCREEN);
      await page.getByText('Live', { exact: true }).waitFor(ON_SCREEN);
      expect(new URL(page.url()).pathname).toMatch(/^\/tools\/vod\/jobs\/[0-9a-f-]{36}$/);
    } finally {
      await proxy.close();
    }
  });

  it('loads less than 300 kB of compressed JavaScript for its first screen', async () => {
    const page = await freshPage(browser);
    // What is loaded ahead of time comes after the first screen, and not to a browser that saves data.
    await page.addInitScript(`Object.defineProperty(navigator, 'connection', { value: { saveData: true } })`);
    collectComplaints(page, complaints);
    const sizes: Promise<number>[] = [];
    page.on('response', (response) => {
      if (/javascript/.test(response.headers()['content-type'] ?? '')) {
        expect(response.headers()['content-encoding']).toMatch(/^(br|gzip)$/);
        sizes.push(
          response
            .request()
            .sizes()
            .then(({ responseBodySize }) => responseBodySize),
        );
      }
    });
    await page.goto(stack.api.url);
    await signIn(page, keys.viewer);
    await page.getByRole('link', { name: 'broken-2' }).waitFor(ON_SCREEN);
    const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(sizes.length).toBeGreaterThan(0);
    expect(total).toBeLessThan(300_000);
  });

  describe.each(['light', 'dark'] as const)('in the %s theme', (colorScheme) => {
    // What isn't about colours is the same in both.
    const rules = colorScheme === 'light' ? 'all' : 'of colour';
    it('has no barrier that axe calls serious on any screen', async () => {
      const { tagged, fingerprinted, reviewed, failed, held } = await library();
      const [event] = (await stack.get(`/v1/events?jobId=${tagged}`)).body.items;
      const page = await open('/', { colorScheme, key: null });
      await page.getByLabel('API key').waitFor();
      const found = await barriers(page, rules);
      await keepPicture(page, 'sign-in', colorScheme);
      await signIn(page, keys.operator);
      const screens: [string, string, string][] = [
        ['jobs', '/jobs', 'sunset-over-west-lake'],
        ['job-tags', `/jobs/${tagged}`, 'Read the result from'],
        ['job-fingerprint', `/jobs/${fingerprinted}`, 'Read the result from'],
        ['job-review', `/jobs/${reviewed}`, 'Read the result from'],
        ['job-failed', `/jobs/${failed}`, 'Failed'],
        ['job-held', `/jobs/${held}`, 'Held for a person'],
        ['held', `/held?job=${held}`, 'Options'],
        ['events', '/events', 'Matched'],
        ['event', `/events/${event.id}`, 'Body'],
        ['flow', '/flow', 'Throughput'],
        ['submit', '/submit', 'Job types'],
        ['wrong-filter', '/jobs?label=foo', 'Expected key:value'],
      ];
      for (const [name, path, text] of screens) {
        await page.goto(`${stack.api.url}${path}`);
        await untilDrawn(page, text);
        await keepPicture(page, name, colorScheme);
        for (const barrier of await barriers(page, rules)) found.push(`${path}: ${barrier}`);
      }
      expect(found).toEqual([]);
    }, 240_000);
  });

  it('fits on a phone: no page is wider than its screen', async () => {
    const id = await heldJob('lost-phone');
    const page = await open('/jobs', PHONE);
    const screens = {
      '/jobs': 'lost-phone',
      [`/jobs/${id}`]: 'Held for a person',
      '/held': 'Options',
      '/events': 'Matched',
      '/flow': 'Throughput',
      '/submit': 'Job types',
    };
    for (const [path, text] of Object.entries(screens)) {
      await page.goto(`${stack.api.url}${path}`);
      await untilDrawn(page, text);
      const [wide, screen] = await page.evaluate<[number, number]>(
        `[document.documentElement.scrollWidth, document.documentElement.clientWidth]`,
      );
      expect([path, wide]).toEqual([path, Math.min(wide, screen)]);
    }
  });
});

interface Options extends BrowserContextOptions {
  key?: string | null;
}

async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key, ON_SCREEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor(ON_SCREEN);
}

/** An event of VOD about a job that another system of the account asked for. */
async function tellOfAnotherSystem(MediaId: string): Promise<void> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = signCallback(stack.callbackUrl, timestamp, keys.callback);
  const body = { EventType: 'AIVideoTagComplete', JobId: `job-${MediaId}`, MediaId, Status: 'success' };
  const { status } = await fetch(stack.callbackUrl, {
    method: 'POST',
    headers: { 'x-vod-timestamp': timestamp, 'x-vod-signature': signature },
    body: JSON.stringify(body),
  });
  if (status !== 200) throw new Error(`expected 200, got ${status}`);
}

async function failedJob(mediaId: string): Promise<string> {
  const [{ id }] = (await stack.enqueue(mediaId, ['AIVideoTag'], { force: true })).jobs;
  const { vodJobId } = await stack.untilJob(id, 'processing');
  stack.emulator.finish(vodJobId, 'fail');
  await stack.untilJob(id, 'failed');
  return id;
}

/** Some jobs of each kind, as a small library would have them. */
async function library(): Promise<Record<'tagged' | 'fingerprinted' | 'reviewed' | 'failed' | 'held', string>> {
  const labels = { series: 'city-walks', batch: '2026-11' };
  const media = ['product-launch-2026', 'night-market', 'cooking-show-12', 'sunset-over-west-lake'];
  const ended: string[] = [];
  const end = async (mediaId: string, types: string[]) => {
    const { jobs } = await stack.enqueue(mediaId, types, { labels, force: true });
    for (const { id } of jobs) {
      stack.emulator.finish((await stack.untilJob(id, 'processing')).vodJobId, 'success');
      await stack.untilJob(id, 'succeeded');
      ended.push(id);
    }
  };
  await end('block-party', ['AIMediaAudit']);
  for (const mediaId of media) await end(mediaId, ['AIVideoTag', 'AIMediaDNA']);
  const [reviewed = ''] = ended;
  const [tagged = '', fingerprinted = ''] = ended.slice(-2);
  return {
    tagged,
    fingerprinted,
    reviewed,
    failed: await failedJob('broken-file'),
    held: await heldJob('lost-episode-7'),
  };
}

async function heldJob(mediaId: string): Promise<string> {
  const [{ id }] = (await stack.enqueue(mediaId, ['AIVideoTag'], { force: true })).jobs;
  await stack.untilJob(id, 'held');
  return id;
}

/** Charts are a chunk of their own, and come later than the words around them. */
async function untilDrawn(page: Page, text: string): Promise<void> {
  await page.getByText(text).first().waitFor();
  if (new URL(page.url()).pathname === '/flow') await page.locator('.recharts-surface').first().waitFor();
}

/** `npm run screenshots` keeps what these tests see for the README. */
async function keepPicture(page: Page, name: string, scheme: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (!folder) return;
  await page.evaluate('document.fonts.ready');
  await page.screenshot({ path: `${folder}/${name}-${scheme}.png`, animations: 'disabled' });
}

/** Tests are compiled without the types of a browser. */
const hasFocus = (target: Locator) =>
  target.evaluate(
    (element) => element === (globalThis as unknown as { document: { activeElement: unknown } }).document.activeElement,
  );

/** Presses Tab until this has the focus, as somebody without a mouse does. */
async function tabTo(target: Locator): Promise<void> {
  await target.waitFor();
  for (let presses = 0; presses < 60; presses += 1) {
    if (await hasFocus(target)) return;
    await target.page().keyboard.press('Tab');
  }
  throw new Error(`sixty times Tab do not lead to ${String(target)}`);
}

/** Opens a menu by its button, and chooses an entry of it, by keys. */
async function choose(page: Page, button: string, entry: string): Promise<void> {
  await tabTo(page.getByRole('button', { name: button }));
  await page.keyboard.press('Enter');
  const item = page.getByRole('menuitem', { name: entry });
  await item.waitFor();
  for (let presses = 0; presses < 10; presses += 1) {
    if (await hasFocus(item)) break;
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
}

/** A proxy that takes a prefix off the path and hands everything on as it comes, streams too. */
class Prefix {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(target: string, prefix: string): Promise<Prefix> {
    const server = createServer((incoming, outgoing) => {
      const path = incoming.url ?? '';
      if (!path.startsWith(`${prefix}/`)) return void outgoing.writeHead(404).end();
      const { method, headers } = incoming;
      const passed = httpRequest(`${target}${path.slice(prefix.length)}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      passed.on('error', () => outgoing.destroy());
      outgoing.on('close', () => passed.destroy());
      incoming.pipe(passed);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Prefix(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
