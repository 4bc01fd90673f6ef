import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '@app/testing';
import { faultRule } from '@app/vod-emulator';
import { Sessions } from '../apps/api/src';
import { freePort } from '../apps/local/src/embedded-postgres';
import { BUILD_TIMEOUT_MS, builtDist } from './support/build';
import { Cli, describeWithTerminal, everythingPrinted, read, type CliOptions } from './support/cli';
import { Relay } from './support/relay';
import { RealProcess } from './support/processes';
import { keys, Stack } from './support/stack';

const FOREVER = { min: 3_600_000, max: 3_600_000 };
const NO_SUCH_JOB = '01a2032f-e07b-7439-9f71-b8fc9c427ca2';

let stack: Stack;
let folder: string;
let medias = 0;

beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vodai-cli-'));
  stack = await Stack.start({
    env: {
      SUBMIT_QPS: '1000',
      COLLECT_QPS: '1000',
      // One whose answer is lost is held soon.
      RECOVER_AFTER: '50ms,100ms',
      RECOVER_GRACE: '500ms',
      RECOVER_BY: 'none',
      RESEND_PINNED: 'false',
    },
    emulator: { jobTimeMs: FOREVER, qps: { SubmitAIJob: 0, ListAIJob: 0 } },
  });
});
afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true });
});

const signedIn = (key: string = keys.operator) => ({ VODAI_URL: stack.api.url, VODAI_KEY: key });
const vodai = (args: string[], { env, ...more }: CliOptions = {}) =>
  Cli.run(args, { env: { ...signedIn(), ...env }, ...more });
const vodaiOnTerminal = (args: string[], env: Record<string, string> = {}) =>
  Cli.start(args, { terminal: true, env: { ...signedIn(), ...env } });

/** Runs a script in which `vodai` is the built command line. The exit code is that of the first in a pipe that fails. */
async function inShell(script: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const main = join(await builtDist(), 'apps/cli/src/main.js');
  const { PATH = '' } = process.env;
  return promisify(execFile)(
    'bash',
    ['-o', 'pipefail', '-c', `vodai() { "${process.execPath}" "${main}" "$@"; }\n${script}`],
    { env: { PATH, HOME: '/nonexistent', ...signedIn() } },
  ).then(
    (printed) => ({ code: 0, ...printed }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

/** A media that no other test asks for. */
function newMedia(): string {
  medias += 1;
  return `media-${medias}`;
}

async function processing(mediaId = newMedia(), more: Record<string, unknown> = {}): Promise<any> {
  const request = await stack.enqueue(mediaId, ['AIVideoTag'], more);
  return stack.untilJob(request.jobs[0].id, 'processing');
}

async function ended(how: 'success' | 'fail', more: Record<string, unknown> = {}): Promise<any> {
  const job = await processing(newMedia(), more);
  stack.emulator.finish(job.vodJobId, how);
  return stack.untilJob(job.id, 'succeeded', 'failed');
}

/** Ends every job of the media as soon as VOD has it. */
async function finish(mediaId: string, how: 'success' | 'fail' = 'success'): Promise<void> {
  const { items } = await eventually(`all of ${mediaId} is at VOD`, async () => {
    const { body } = await stack.get(`/v1/jobs?mediaId=${mediaId}`);
    return body.items.length > 0 && body.items.every((job: any) => job.vodJobId !== null) ? body : null;
  });
  for (const job of items) stack.emulator.finish(job.vodJobId, how);
}

const lines = (text: string) => text.split('\n').slice(0, -1);
const cells = (text: string) => lines(text).map((line) => line.split('\t'));

describe('Through a pipe, vodai', () => {
  it('submits a media and waits until its jobs are over, without colours, and says by its exit code that all succeeded', async () => {
    const media = newMedia();
    const running = vodai(['submit', media, '--types', 'tag,dna', '--wait', '--label', 'team:video']);
    await finish(media);
    const { code, stdout, stderr } = await running;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '1 media: 1 submitted\n2 jobs: 2 succeeded\n' });
    expect(new Set(cells(stdout).map((row) => row.slice(1, 4).join(' ')))).toEqual(
      new Set([`succeeded AIVideoTag ${media}`, `succeeded AIMediaDNA ${media}`]),
    );
    const { body } = await stack.get(`/v1/jobs?label=team:video`);
    expect(body.items).toHaveLength(2);
  });

  it('takes types that are given one by one', async () => {
    const { stdout } = await vodai(['submit', newMedia(), '--types', 'tag', '--types', 'dna']);
    expect(cells(stdout).map(([, , type]) => type)).toEqual(['AIVideoTag', 'AIMediaDNA']);
  });

  it('exits with 1 when a job that it waits for fails, or had failed before', async () => {
    const media = newMedia();
    const running = vodai(['submit', media, '--types', 'AIVideoTag', '--wait', '--json', '--idempotency-key', 'once']);
    await finish(media, 'fail');
    const first = await running;
    expect(first).toMatchObject({ code: 1, stderr: expect.stringMatching(/^vodai: 1 job: 1 failed$/m) });
    expect(JSON.parse(first.stdout)).toMatchObject({ mediaId: media, state: 'failed' });

    const again = await vodai(['submit', media, '--types', 'tag', '--wait', '--idempotency-key', 'once']);
    expect(again).toMatchObject({ code: 1, stderr: '1 media: 0 submitted, 1 here before\nvodai: 1 job: 1 failed\n' });
    expect(cells(again.stdout)).toEqual([
      [JSON.parse(first.stdout).id, 'failed', 'AIVideoTag', media, expect.anything(), expect.anything()],
    ]);
  });

  it('submits a file, and after a crash in the middle goes on without doubling a line', async () => {
    const label = 'from:file';
    const ids = Array.from({ length: 250 }, (_, i) => `file-${i}`);
    const file = join(folder, 'ids.csv');
    writeFileSync(
      file,
      `\uFEFFtitle,mediaId\r\n${ids.map((id) => `"a title,\r\nlong","${id}"\r\n`).join('')}\n# the end\nagain,file-0\n`,
    );
    const args = ['submit', '--file', file, '--types', 'tag', '--label', label, '--priority', 'low'];

    const crashed = await Cli.start(args, { env: signedIn() });
    await crashed.until('some lines are submitted', ({ stdout }) => stdout.includes('\n'));
    crashed.kill();
    await crashed.code;
    const { code, stdout, stderr } = await vodai(args);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^1 line of the file repeated\n250 media: \d+ submitted, [1-9]\d* here before\n$/);
    expect(cells(stdout)).toHaveLength(250);
    expect(new Set(cells(stdout).map(([, , , media]) => media))).toEqual(new Set(ids));
    const { rows } = { rows: await stack.query('select media_id from request where labels @> \'{"from":"file"}\'') };
    expect(rows).toHaveLength(250);

    const all = await vodai(['jobs', 'list', '--label', label, '--all']);
    expect(cells(all.stdout)).toHaveLength(250);
    const some = await vodai(['jobs', 'list', '--label', label, '--limit', '201', '--json']);
    expect(lines(some.stdout).map((line) => JSON.parse(line).mediaId)).toHaveLength(201);
    // Whoever reads has seen enough: no complaint, and no failure of the pipe.
    const piped = await inShell(`vodai jobs list --label ${label} --all | head -n 1`);
    expect(piped).toMatchObject({ code: 0, stderr: '' });
    expect(lines(piped.stdout)).toHaveLength(1);
  });

  it('says at Ctrl-C how far it got, and goes on from there by the same command', async () => {
    const file = join(folder, 'long.txt');
    writeFileSync(file, `mediaId\n${Array.from({ length: 800 }, (_, i) => `long-${i}\n`).join('')}`);
    const args = ['submit', '--file', file, '--types', 'tag', '--label', 'from:long'];
    const stopped = await Cli.start(args, { env: signedIn() });
    await stopped.until('some are submitted', ({ stdout }) => stdout.includes('\n'));
    stopped.kill('SIGINT');
    expect(await stopped.code).toBe(130);
    const [, done = ''] =
      /\nvodai: (\d+) of 800 media submitted, then: stopped by Ctrl-C; the same command goes on from there\n$/.exec(
        stopped.stderr,
      ) ?? [];
    // What it says is true: not one is under way any more.
    const here = Number(done);
    expect(cells(stopped.stdout)).toHaveLength(here);
    const requests = () => stack.query('select 1 from request where labels @> \'{"from":"long"}\'');
    expect(await requests()).toHaveLength(here);
    const { code, stderr } = await vodai(args);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `800 media: ${800 - here} submitted, ${here} here before\n`,
    });
    expect(await requests()).toHaveLength(800);
  });

  it('tells a full disk in one line, and goes no further', async () => {
    await stack.enqueue(newMedia());
    for (const command of ['jobs list --limit 1', 'submit --types tag for-a-full-disk', '--help']) {
      const { code, stderr } = await inShell(`vodai ${command} > /dev/full`);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(
          /^vodai: (1 of 1 media submitted, then: )?cannot write to stdout: the disk is full\n$/,
        ),
      });
    }
    expect(await inShell('vodai jobs list --limit 1 2> /dev/full')).toMatchObject({ code: 0 });
  });

  it('does all that it was asked to also when nobody reads what it says', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `unread-${i}`);
    const file = join(folder, 'unread.txt');
    writeFileSync(file, ['mediaId', ...ids].join('\n'));
    const some = await inShell(`vodai submit --file ${file} --types tag --label unread:data | head -n 1`);
    expect(some).toMatchObject({ code: 0, stderr: '60 media: 60 submitted\n' });
    expect((await stack.get('/v1/jobs?label=unread:data&limit=200')).body.items).toHaveLength(60);

    // The complaints come first: the reader is gone before the first line is submitted.
    const notIds = Array.from({ length: 60 }, (_, i) => `'not an id ${i}'`).join(' ');
    const none = await inShell(
      `{ vodai submit ${notIds} --file ${file} --types dna --label unread:words 2>&1 >&3 | head -n 1; } 3>/dev/null`,
    );
    expect(none).toMatchObject({ code: 1 });
    expect((await stack.get('/v1/jobs?label=unread:words&limit=200')).body.items).toHaveLength(60);
  });

  it('takes one key for a file, however it is written, and gives each line its own', async () => {
    const file = join(folder, 'scripts.txt');
    writeFileSync(file, `mediaId\n${newMedia()}\n${newMedia()}\n`);
    const args = ['submit', '影像', '--file', file, '--types', 'tag', '--idempotency-key', '影'.repeat(300)];
    const first = await vodai(args);
    expect(first.stderr).toMatch(/^影像: mediaId: expected .*\n3 media: 2 submitted, 1 refused\n/);
    const again = await vodai(args);
    expect(again.stderr).toMatch(/\n3 media: 0 submitted, 2 here before, 1 refused\n/);
  });

  it('sends nothing of a file that is not clear, and says in which lines and why', async () => {
    const media = newMedia();
    const file = join(folder, 'titles.csv');
    const submit = async (content: string | Uint8Array, ...more: string[]) => {
      writeFileSync(file, content);
      return vodai(['submit', '--file', file, '--types', 'tag', '--label', 'not:clear', ...more]);
    };
    const titles = await submit(`title,asset\nSummer,${media}\n`);
    expect(titles).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        `${file}, line 1: expected a heading like mediaId over one of 2 columns, got title, asset\n`,
        `vodai: nothing was sent: one line of ${file} is not clear\n`,
      ].join(''),
    });
    const rows = await submit(`mediaId,title\n${media},x\nSummer party,${media}\n,y\n`);
    expect(rows).toMatchObject({ code: 2, stderr: expect.stringMatching(/line 3: .* got Summer party\n.*line 4: /) });
    const words = await submit('intro.mp4\noutro.mp4\n');
    expect(words).toMatchObject({ code: 2, stderr: expect.stringContaining('a heading mediaId takes any id') });
    const saved = Uint8Array.of(0xc3, 0xbd, 0xcc, 0xe5, 0x49, 0x44, 0x0a, ...Buffer.from(`${media}\n`));
    expect(await submit(saved)).toMatchObject({ code: 2, stderr: expect.stringContaining('gb18030') });
    expect((await stack.get('/v1/jobs?label=not:clear')).body.items).toEqual([]);

    expect(await submit(saved, '--encoding', 'gb18030')).toMatchObject({ code: 0 });
    const named = await submit(`title;asset\nSummer;${newMedia()}\n`, '--column', 'asset');
    expect(named).toMatchObject({ code: 0, stderr: '1 media: 1 submitted\n' });
  });

  it('goes on over media that the api refuses, names them, and exits with 1', async () => {
    const media = newMedia();
    const { code, stdout, stderr } = await vodai(['submit', 'not an id', media, '--types', 'tag']);
    expect(code).toBe(1);
    expect(cells(stdout).map((row) => row.slice(1))).toEqual([['queued', 'AIVideoTag', media, 'new']]);
    expect(stderr).toMatch(/^not an id: mediaId: expected 1 to 128 printable/m);
    expect(stderr).toMatch(/^vodai: 1 of 2 media refused$/m);
  });

  it('tells the story of a job, its result, the events about it and the counts as lines and as JSON', async () => {
    const job = await ended('success', { labels: { note: 'tab\there' } });
    const told = await vodai(['jobs', 'show', job.id]);
    expect(cells(told.stdout)).toEqual(
      expect.arrayContaining([
        ['job', job.id],
        ['labels', 'note:tab\\there'],
        ['now', expect.stringMatching(/^succeeded after \d+ \w+, (\d+ \w+ ago|now)$/)],
        ['history', expect.stringMatching(/Z$/), 'Accepted by otto'],
        ['history', expect.stringMatching(/Z$/), 'Read the result from ListAIJob: success'],
        ['attempt', '1', 'accepted', expect.stringMatching(/Z$/), expect.any(String), ''],
      ]),
    );
    const story = JSON.parse((await vodai(['jobs', 'show', job.id, '--json'])).stdout);
    expect(story).toEqual({
      job,
      history: await stack.history(job.id),
      evidence: expect.any(Object),
      outlook: expect.objectContaining({ reason: 'over' }),
    });

    const { body: result } = await stack.get(`/v1/jobs/${job.id}/result`);
    expect(JSON.parse((await vodai(['--json', 'jobs', 'result', job.id])).stdout)).toEqual(result);
    expect(JSON.parse((await vodai(['jobs', 'result', job.id, '--raw'])).stdout)).toEqual(result.raw);
    const tags = cells((await vodai(['jobs', 'result', job.id])).stdout).filter(([group]) => group !== 'Transcript');
    expect(tags.map(([group, tag]) => [group, tag])).toEqual(
      result.normalized.tags.map(({ group, tag }: any) => [group, tag]),
    );

    const { id: audited } = await ended('success', { types: ['AIMediaAudit'] });
    const { body: audit } = await stack.get(`/v1/jobs/${audited}/result`);
    const { suggestion, checks } = audit.normalized;
    expect(
      cells((await vodai(['jobs', 'result', audited])).stdout).map(([part, scene, advice]) => [part, scene, advice]),
    ).toEqual([
      ['all', '', suggestion],
      ...checks.map(({ part, scene, suggestion: advice }: any) => [part, scene, advice]),
    ]);

    const events = await vodai(['events', 'list', '--job', job.id]);
    const [id = '', ...event] = cells(events.stdout)[0] ?? [];
    expect(event).toEqual(['matched', 'success', job.mediaId, job.vodJobId, expect.stringMatching(/Z$/), 'valid']);
    expect(cells((await vodai(['events', 'show', id])).stdout)).toContainEqual([
      'body',
      expect.stringContaining(job.vodJobId),
    ]);

    expect(await vodai(['events', 'replay', id])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the event is matched; this works with one that is unmatched, foreign, ignored'),
    });
    await stack.query(`update event set verdict = 'foreign', job_id = null where id = $1`, [id]);
    const replayed = await vodai(['events', 'replay', id]);
    expect(cells(replayed.stdout)).toEqual([[id, 'received', ...event.slice(1)]]);
    await eventually(
      'it is looked at again',
      async () => (await stack.get(`/v1/events/${id}`)).body.verdict === 'matched',
    );

    const { body: stats } = await stack.get('/v1/stats');
    expect(JSON.parse((await vodai(['stats', '--json'])).stdout)).toMatchObject({ jobs: { total: stats.jobs.total } });
    expect(cells((await vodai(['stats'])).stdout)).toContainEqual([
      'failed',
      'AIMediaDNA',
      String(stats.jobs.byType.AIMediaDNA.failed),
    ]);

    const media = await vodai(['stats', '--media', job.mediaId]);
    expect(cells(media.stdout).filter(([name]) => name === 'total' || name === 'open')).toEqual([
      ['total', '', '1'],
      ['open', '', '0'],
    ]);

    const { items: processes } = (await stack.get('/v1/workers')).body;
    const workers = await vodai(['workers']);
    expect(cells(workers.stdout).map(([role, , version]) => [role, version])).toEqual(
      processes.map(({ role, version }: any) => [role, version]),
    );
    expect(workers.stderr).toBe('');
  });

  it('tells a pipe what a terminal is told: also what is late, lost, unserved or out of order', async () => {
    const troubles = {
      late: [{ region: 'cn-late', dueAt: '2026-11-28T03:00:00.000Z' }],
      unserved: [{ region: 'cn-unserved' }],
      oldestUnmatchedEventAt: '2026-11-28T02:00:00.000Z',
      callbacksLost: 7,
      circuits: [{ region: 'cn-broke', code: 'Forbidden', message: 'no money', probeAt: '2026-11-28T04:00:00.000Z' }],
    };
    const relay = await Relay.start(async (_passing, passOn) => {
      const passed = await passOn(stack.api.url);
      const stats = JSON.parse(passed.body.toString());
      return { ...passed, body: Buffer.from(JSON.stringify({ ...stats, ...troubles })) };
    });
    const { stdout } = await vodai(['stats'], { env: { VODAI_URL: relay.url } });
    await relay.close();
    expect(cells(stdout)).toEqual(
      expect.arrayContaining([
        ['all', '', expect.stringMatching(/^\d+$/)],
        ['late', 'cn-late', '2026-11-28T03:00:00.000Z'],
        ['unserved', 'cn-unserved', ''],
        ['oldest unmatched event', '', '2026-11-28T02:00:00.000Z'],
        ['callbacks lost', '', '7'],
        ['circuit', 'cn-broke', '2026-11-28T04:00:00.000Z', 'Forbidden', 'no money'],
      ]),
    );
  });

  it('acts on several jobs, goes on over those in another state, and exits with 1 for them', async () => {
    const [failed, running] = [await ended('fail'), await processing()];
    const args = ['jobs', 'refetch', running.id, failed.id, '--reason', 'VOD was confused'];
    const { code, stdout, stderr } = await vodai(args);
    expect(code).toBe(1);
    expect(cells(stdout).map(([id, state]) => [id, state])).toEqual([[failed.id, 'finished']]);
    expect(stderr).toBe(
      `${running.id}: the job is processing; this works in succeeded, failed, expired\nvodai: 1 job of 2 refused\n`,
    );
    const told = await eventually('it is told', async () =>
      (await stack.history(failed.id)).find(({ text }) => text.includes('VOD was confused')),
    );
    expect(told.text).toBe('Fetching the result again by otto: VOD was confused');
  });

  it('acts on all that a filter lets through, after it was told that it may, and on nothing as well', async () => {
    const label = 'bulk:retry';
    // More than a page of a list, and more than a call for each in turn would have time for.
    await Promise.all(
      Array.from({ length: 205 }, () => stack.enqueue(newMedia(), ['AIVideoTag'], { labels: { bulk: 'retry' } })),
    );
    const jobs = (state: string) =>
      stack.query<{ vod_job_id: string }>(
        `select vod_job_id from job join request on request.id = request_id where request.labels @> '{"bulk":"retry"}' and state = '${state}'`,
      );
    const untilAll = (state: string) =>
      eventually(`all are ${state}`, async () => {
        const found = await jobs(state);
        return found.length === 205 ? found : null;
      });
    for (const { vod_job_id: id } of await untilAll('processing')) stack.emulator.finish(id, 'fail');
    await untilAll('failed');

    const asked = await vodai(['jobs', 'retry', '--label', label]);
    expect(asked).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^vodai: VOD bills 205 jobs if .*: say --yes\n$/),
    });
    const done = await vodai(['jobs', 'retry', '--label', label, '--yes']);
    expect({ code: done.code, stderr: done.stderr, lines: lines(done.stdout).length }).toEqual({
      code: 0,
      stderr: '',
      lines: 205,
    });
    await untilAll('processing');
    expect(await vodai(['jobs', 'retry', '--label', label, '--yes'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'no jobs to retry\n',
    });
    const wrong = await vodai(['jobs', 'retry', '--label', label, '--state', 'processing', '--yes']);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('works in failed, canceled, expired; got'),
    });
    const free = await vodai(['jobs', 'cancel', '--state', 'queued', '--media', 'nobodys']);
    expect(free).toMatchObject({ code: 0, stderr: 'no jobs to cancel\n' });
  });

  it('takes ids from stdin as its lists print them, none and thousands', async () => {
    const [first, second] = [await ended('fail'), await ended('fail')];
    for (const [form, job] of [
      ['', first],
      ['--json', second],
    ] as const) {
      const script = `vodai jobs list --media ${job.mediaId} ${form} | vodai jobs retry - --yes`;
      expect(await inShell(script)).toMatchObject({ code: 0, stdout: expect.stringContaining(job.id), stderr: '' });
    }
    const none = await inShell('vodai jobs list --media nobodys | vodai jobs retry - --yes');
    expect(none).toEqual({ code: 0, stdout: '', stderr: 'no jobs to retry\n' });
    const thousands = Array.from({ length: 1_200 }, (_, i) => NO_SUCH_JOB.slice(0, -4) + String(i).padStart(4, '0'));
    const many = await vodai(['jobs', 'refetch', '-', '--yes'], { input: thousands.join('\n') });
    expect(many).toMatchObject({ code: 1, stderr: expect.stringMatching(/\nvodai: 1,200 jobs of 1,200 refused\n$/) });
    const wrong = await vodai(['jobs', 'refetch', '-'], { input: 'media-1\n' });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('a UUID, got media-1') });
  });

  describe('when the api goes away in the middle', () => {
    let relay: Relay;
    let calls: { last: number };
    beforeEach(async () => {
      calls = { last: Infinity };
      let made = 0;
      relay = await Relay.start(async ({ method }, passOn) => {
        const passed = await passOn(stack.api.url);
        if (method !== 'POST') return passed;
        made += 1;
        // Done, but the answer is lost.
        return made > calls.last ? null : passed;
      });
    });
    afterEach(() => relay.close());
    const throughRelay = () => ({ env: { VODAI_URL: relay.url } });

    it('prints what was submitted, and how many may or may not have been', async () => {
      calls.last = 2;
      const media = [newMedia(), newMedia(), newMedia()];
      const { code, stdout, stderr } = await vodai(['submit', ...media, '--types', 'tag'], throughRelay());
      expect(code).toBe(3);
      expect(cells(stdout).map(([, state, , , made]) => `${state} ${made}`)).toEqual(['queued new', 'queued new']);
      expect(stderr).toMatch(
        /^vodai: 2 of 3 media submitted, then: .+ The address is from VODAI_URL and VODAI_KEY; 1 more may or may not/,
      );
    });

    it('waits as long as the api says, with all of its calls, and loses none', async () => {
      let refusals = 0;
      const busy = await Relay.start(async ({ method }, passOn) => {
        if (method === 'POST' && (refusals += 1) % 50 === 20) {
          return { status: 503, headers: { 'retry-after': '1' }, body: Buffer.from('busy') };
        }
        return passOn(stack.api.url);
      });
      const file = join(folder, 'busy.txt');
      writeFileSync(file, `mediaId\n${Array.from({ length: 120 }, () => `${newMedia()}\n`).join('')}`);
      const { code, stderr } = await vodai(['submit', '--file', file, '--types', 'tag'], {
        env: { VODAI_URL: busy.url },
      });
      await busy.close();
      expect(code).toBe(0);
      expect(stderr).toMatch(/^(waiting for the api: .*503.*\n)+120 media: 120 submitted\n$/);
    });

    it('goes on from there when each has its key', async () => {
      calls.last = 0;
      const args = ['submit', newMedia(), '--types', 'tag', '--idempotency-key', 'comes back'];
      expect(await vodai(['--patience', '0', ...args], throughRelay())).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/from VODAI_URL and VODAI_KEY; the same command goes on from there\n$/),
      });
      expect(await vodai(args)).toMatchObject({ code: 0, stderr: '1 media: 0 submitted, 1 here before\n' });
    });

    it('says of an action on several jobs how many are done and for how many no answer came', async () => {
      const jobs = [await ended('fail'), await ended('fail'), await ended('fail')];
      calls.last = 1;
      const args = ['--patience', '1', 'jobs', 'refetch', ...jobs.map(({ id }) => id)];
      const { code, stdout, stderr } = await vodai(args, throughRelay());
      expect({ code, done: cells(stdout).length }).toEqual({ code: 3, done: 1 });
      expect(stderr).toMatch(
        /^waiting for the api: .+\nvodai: 1 of 3 jobs done, then: .+; 2 more may or may not have been done: look before/,
      );
    });
  });

  it('takes back what is not sent, and settles what is held', async () => {
    stack.emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_after' }, { mediaId: 'lost*' })] });
    const request = await stack.enqueue('lost-1');
    const held = await stack.untilJob(request.jobs[0].id, 'held');
    stack.emulator.configure({ faults: [] });
    const shown = await vodai(['jobs', 'show', held.id]);
    expect(cells(shown.stdout)).toContainEqual([
      'now',
      `needs a person: vodai jobs resolve ${held.id} --adopt JOBID, --resubmit or --fail`,
    ]);
    expect(await vodai(['jobs', 'watch', held.id])).toMatchObject({ code: 1 });
    const paid = await vodai(['jobs', 'resolve', held.id, '--resubmit']);
    expect(paid).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'vodai: VOD bills 1 job if it succeeds, and may bill the last attempt too, and nobody is here to be asked: say --yes\n',
    });
    expect(await vodai(['jobs', 'resolve', held.id, '--fail', '--reason', 'old'])).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await stack.untilJob(held.id, 'failed')).toMatchObject({ error: { phase: 'recover' } });
  });

  it('pays again only when it is told to', async () => {
    const job = await ended('fail');
    expect(await vodai(['jobs', 'retry', job.id])).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'vodai: VOD bills 1 job if it succeeds, and nothing for the last attempt, and nobody is here to be asked: say --yes\n',
    });
    expect((await stack.get(`/v1/jobs/${job.id}`)).body.state).toBe('failed');
    expect(await vodai(['jobs', 'retry', job.id, '--yes'])).toMatchObject({ code: 0, stderr: '' });
    await stack.untilJob(job.id, 'processing');
    expect(await vodai(['jobs', 'retry', job.id, '--yes'])).toMatchObject({ code: 1 });
  });

  it('watches what a filter lets through, as it happens', async () => {
    const watching = await Cli.start(['jobs', 'watch', '--label', 'watch:me', '--json'], {
      env: signedIn(keys.viewer),
    });
    await watching.until('it watches', ({ stderr }) => stderr.includes('watching'));
    const job = await processing(newMedia(), { labels: { watch: 'me' } });
    await processing();
    await watching.until('it has told', ({ stdout }) => lines(stdout).length >= 3);
    watching.kill();
    await watching.code;
    const changes = lines(watching.stdout).map((line) => JSON.parse(line));
    expect(new Set(changes.map(({ job: { id } }) => id))).toEqual(new Set([job.id]));
    expect(changes.map(({ change }) => change.to)).toEqual(['queued', 'submitting', 'processing']);
  });

  it('watches jobs over a restart of the api, without a gap', async () => {
    const env = { ...stack.env, API_PORT: String(await freePort()) };
    let api = await RealProcess.start('api', env);
    const jobs = [await processing(), await processing()];
    const watching = await Cli.start(['jobs', 'watch', ...jobs.map(({ id }) => id)], {
      env: { VODAI_URL: await api.url(), VODAI_KEY: keys.viewer },
    });
    try {
      await watching.until('it watches', ({ stderr }) => stderr === 'watching 2 jobs\n');
      stack.emulator.finish(jobs[0].vodJobId, 'success');
      await watching.until('it has told of the first', ({ stdout }) => stdout.includes('succeeded'));
      await api.stop('SIGKILL');
      await watching.until('it has noticed', ({ stderr }) => stderr.includes('the api went away'));
      stack.emulator.finish(jobs[1].vodJobId, 'fail');
      await stack.untilJob(jobs[1].id, 'failed');

      api = await RealProcess.start('api', env);
      expect(await watching.code).toBe(1);
    } finally {
      watching.kill();
      await api.stop('SIGKILL');
    }
    expect(lines(watching.stderr)).toEqual([
      'watching 2 jobs',
      expect.stringMatching(/^the api went away \(.+\); waiting for it$/),
      'the api is back; nothing was missed',
      'vodai: 2 jobs: 1 succeeded, 1 failed',
    ]);
    expect(cells(watching.stdout).map(([, id, , , state]) => [id, state])).toEqual([
      [jobs[0].id, 'finished'],
      [jobs[0].id, 'succeeded'],
      [jobs[1].id, 'finished'],
      [jobs[1].id, 'failed'],
    ]);
  });
});

describe('Wrong usage ends with 2, one line of what was expected, and no data:', () => {
  it.each([
    [['submit', '--types', 'tag'], /expected ids of media, or --file/],
    [['submit', 'm'], /required option '--types <types>' not specified/],
    [['submit', 'm', '--types', 'tags'], /Expected tag, dna, audit, AIVideoTag, AIMediaDNA, AIMediaAudit, got tags/],
    [['submit', 'm', '--types', 'tag', '--config', '[]'], /Expected a JSON object/],
    [['submit', 'm', '--types', 'tag', '--label', 'x'], /Expected key:value/],
    [['submit', '--file', '/nonexistent', '--types', 'tag'], /cannot read \/nonexistent/],
    [['submit', 'm', '--types', 'tag', '--idempotency-key', '影像'], /expected 1 to 255 printable ASCII characters/],
    [['submit', 'm', '--types', 'tag', '--idempotency-key', ''], /expected 1 to 255 printable ASCII characters/],
    [['submit', '--file', '/dev/null', '--types', 'tag', '--force'], /expected ids of media/],
    [['jobs', 'list', '--state', 'failed,open'], /Expected queued, .*, got open/],
    [['jobs', 'list', '--from', 'tomorrow'], /Expected ISO 8601/],
    [['jobs', 'retry', '--yes'], /expected ids of jobs, - for ids from stdin, or filters; got none/],
    [['jobs', 'cancel', NO_SUCH_JOB, '--label', 'a:b'], /expected ids or filters, got both/],
    [['login', 'vodai.example'], /expected an address like https:/],
    [['jobs', 'list', '--limit', '0'], /Expected a whole number/],
    [['jobs', 'list', '--request', 'r'], /requestId: expected a UUID/],
    [['jobs', 'show', 'media-1'], /expected the id of a job, a UUID, got media-1; .* vodai jobs list --media media-1/],
    [['jobs', 'watch', NO_SUCH_JOB, '--state', 'held'], /expected ids or filters, got both/],
    [['jobs', 'resolve', NO_SUCH_JOB], /expected --adopt JOBID, --resubmit or --fail/],
    [['jobs', 'resolve', NO_SUCH_JOB, '--fail', '--adopt', 'x'], /cannot be used with/],
    [['jobs', 'lst'], /unknown command 'lst'/],
    [['--profile', 'a', '--local', 'stats'], /expected --profile or --local, got both/],
  ])('%j', async (args, expected) => {
    const { code, stdout, stderr } = await vodai(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^vodai: /);
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('Where the api is and who is asking', () => {
  it('comes from a profile, about which it warns when others can read it', async () => {
    mkdirSync(join(folder, 'vodai'));
    const file = join(folder, 'vodai/profiles.json');
    writeFileSync(
      file,
      JSON.stringify({ test: { url: `${stack.api.url}/`, key: keys.viewer }, half: { url: stack.api.url } }),
    );
    chmodSync(file, 0o600);
    const env = { XDG_CONFIG_HOME: folder };
    expect(await Cli.run(['stats', '--profile', 'test'], { env })).toMatchObject({ code: 0, stderr: '' });
    expect(await Cli.run(['stats'], { env: { ...env, VODAI_PROFILE: 'test' } })).toMatchObject({ code: 0, stderr: '' });
    chmodSync(file, 0o644);
    const readable = await Cli.run(['stats', '--profile', 'test'], { env });
    expect(readable).toMatchObject({ code: 0, stderr: expect.stringContaining('others can read the keys') });
    const unknown = await Cli.run(['stats', '--profile', 'other'], { env });
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('it has test, half') });
    expect(await Cli.run(['stats', '--profile', 'half'], { env })).toMatchObject({ code: 2 });
    writeFileSync(file, `{"test": "${keys.viewer}`);
    expect(await Cli.run(['stats', '--profile', 'test'], { env })).toMatchObject({ code: 2 });
  });

  it('is stored by login, after the key was checked, where nobody else reads it', async () => {
    const env = { XDG_CONFIG_HOME: join(folder, 'config') };
    const file = join(folder, 'config/vodai/profiles.json');
    const login = (input: string, ...more: string[]) =>
      Cli.run(['login', `${stack.api.url}/`, ...more], { env, input: `${input}\n` });
    expect(await login('nobodys-canary')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('nothing was stored'),
    });
    expect(existsSync(file)).toBe(false);
    expect(await login(keys.viewer, '--profile', 'other')).toMatchObject({ code: 0 });
    const { code, stderr } = await login(keys.operator);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `${stack.api.url}/ knows the key as otto, operator; stored as profile default in ${file}\n`,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      other: { url: `${stack.api.url}/`, key: keys.viewer },
      default: { url: `${stack.api.url}/`, key: keys.operator },
    });
    expect(await Cli.run(['submit', newMedia(), '--types', 'tag'], { env })).toMatchObject({ code: 0 });
    expect(await Cli.run(['stats', '--profile', 'other'], { env })).toMatchObject({ code: 0 });
  });

  it('is opened in a browser, or printed where there is none', async () => {
    const bin = join(folder, 'opener');
    mkdirSync(bin);
    writeFileSync(join(bin, 'xdg-open'), `#!/bin/sh\necho "$@" > ${bin}/opened\n`, { mode: 0o755 });
    const env = { DISPLAY: ':1', PATH: `${bin}:${process.env['PATH']}` };
    expect(await vodai(['open'], { env })).toEqual({ code: 0, stdout: '', stderr: `opened ${stack.api.url}\n` });
    expect(readFileSync(join(bin, 'opened'), 'utf8')).toBe(`${stack.api.url}\n`);
    writeFileSync(join(bin, 'xdg-open'), '#!/bin/sh\nexit 3\n');
    for (const without of [env, { DISPLAY: '' }, { DISPLAY: ':1', PATH: '/nonexistent' }]) {
      expect(await vodai(['open'], { env: without })).toMatchObject({ code: 0, stdout: `${stack.api.url}\n` });
    }
  });

  it('is opened by a link that signs in, once, which no list of processes shows, when it is a local one', async () => {
    const [sessions, cwd] = [new Sessions(), join(folder, 'local')];
    const api = await stack.startApi({}, { sessions });
    mkdirSync(join(cwd, '.data'), { recursive: true });
    writeFileSync(join(cwd, '.data/api-url'), api.url);
    writeFileSync(join(cwd, '.data/api-key'), keys.operator);
    const printed = await Cli.run(['open', '--print'], { cwd });
    const link = printed.stdout.trim();
    expect(printed).toEqual({ code: 0, stderr: '', stdout: `${link}\n` });
    expect(link.startsWith(`${api.url}/session?token=`)).toBe(true);
    expect(await whoFollows(api.url, link)).toBe('otto');
    expect(await whoFollows(api.url, link)).toBeNull();

    const bin = join(cwd, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'xdg-open'), `#!/bin/sh\necho "$@" > ${bin}/opened\n`, { mode: 0o755 });
    const env = { DISPLAY: ':1', PATH: `${bin}:${process.env['PATH']}` };
    for (let i = 0; i < 2; i += 1) {
      expect(await Cli.run(['open'], { cwd, env })).toEqual({ code: 0, stdout: '', stderr: `opened ${api.url}\n` });
      const page = readFileSync(join(bin, 'opened'), 'utf8').trim();
      expect(page).toBe(pathToFileURL(join(realpathSync(cwd), '.data/open.html')).href);
      expect(statSync(fileURLToPath(page)).mode & 0o777).toBe(0o600);
      const [, hidden = ''] = /url=([^"]+)"/.exec(readFileSync(fileURLToPath(page), 'utf8')) ?? [];
      expect(await whoFollows(api.url, hidden)).toBe('otto');
    }

    writeFileSync(join(cwd, '.data/api-key'), 'nobodys');
    const { code, stderr } = await Cli.run(['open'], { cwd, env });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        new RegExp(`^no link that signs in: the api does not take the key .*\nopened ${api.url}\n$`),
      ),
    });
    expect(readFileSync(join(bin, 'opened'), 'utf8')).toBe(`${api.url}\n`);
  });

  it.each([429, 503])('is opened without a link, and says why, when the api answers %d', async (status) => {
    const api = createServer((_request, response) =>
      response.writeHead(status, { 'content-type': 'application/problem+json' }).end('{"detail":"not now"}'),
    );
    await once(api.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const env = { VODAI_URL: url, VODAI_KEY: 'k' };
    expect(await Cli.run(['open', '--print'], { env })).toEqual({
      code: 0,
      stdout: `${url}\n`,
      stderr: 'no link that signs in: not now\n',
    });
    api.close();
  });

  it('is opened without a link, and says why, when the api is away', async () => {
    const env = { VODAI_URL: 'http://127.0.0.1:1', VODAI_KEY: 'k' };
    expect(await Cli.run(['open', '--print'], { env })).toEqual({
      code: 0,
      stdout: 'http://127.0.0.1:1\n',
      stderr: expect.stringMatching(/^no link that signs in: .*127\.0\.0\.1:1.*\n$/),
    });
  });

  it('comes from the local instance of the folder when nothing else says it, or when --local does', async () => {
    mkdirSync(join(folder, '.data'));
    writeFileSync(join(folder, '.data/api-url'), stack.api.url);
    writeFileSync(join(folder, '.data/api-key'), keys.operator);
    expect(await Cli.run(['stats'], { cwd: folder })).toMatchObject({ code: 0 });
    const elsewhere = { VODAI_URL: 'http://127.0.0.1:1', VODAI_KEY: 'k' };
    expect(await Cli.run(['stats', '--local'], { cwd: folder, env: elsewhere })).toMatchObject({ code: 0 });
  });

  it.each([
    ['nothing is said', {}, /nothing says where the api is: set VODAI_URL and VODAI_KEY/],
    ['only half of it is said', { VODAI_KEY: keys.operator }, /expected VODAI_URL and VODAI_KEY, got only VODAI_KEY/],
    ['nobody listens there', { VODAI_URL: 'http://127.0.0.1:6', VODAI_KEY: keys.operator }, /does not answer/],
  ])('ends with 3 when %s', async (_what, env, expected) => {
    const { code, stdout, stderr } = await Cli.run(['stats'], { env });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(expected);
  });

  it('ends with 3 for a key that is not known, and with 1 for one that may not do it', async () => {
    const unknown = await vodai(['stats'], { env: signedIn('nobodys-canary') });
    expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining('does not take the key from VODAI_URL') });
    const viewer = await vodai(['submit', newMedia(), '--types', 'tag'], { env: signedIn(keys.viewer) });
    expect(viewer).toMatchObject({ code: 1, stdout: '' });
    expect((await vodai(['jobs', 'watch', NO_SUCH_JOB])).code).toBe(1);
  });
});

describeWithTerminal('On a terminal, vodai', () => {
  it('shows tables with colours, and neither with --no-color nor with NO_COLOR', async () => {
    const job = await ended('fail');
    const args = ['jobs', 'list', '--media', job.mediaId];
    const coloured = await vodaiOnTerminal(args, { TZ: 'Asia/Shanghai' });
    expect(await coloured.code).toBe(0);
    expect(coloured.stdout).toContain('\u001b[31mfailed\u001b[39m');
    expect(read(coloured.stdout)).toMatch(
      /^ID +STATE +TYPE +MEDIA +CREATED +ERROR\n[\w-]{36}  failed  AIVideoTag  media-\d+  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+08:00 +\w/,
    );
    for (const plain of [
      await vodaiOnTerminal([...args, '--no-color']),
      await vodaiOnTerminal(args, { NO_COLOR: '1' }),
    ]) {
      expect(await plain.code).toBe(0);
      expect(plain.stdout).not.toContain('\u001b');
      expect(read(plain.stdout)).toContain('failed');
    }
  });

  it('shows times like ISO 8601, to the millisecond in a history, in the zone of the machine or in UTC', async () => {
    const job = await ended('success');
    for (const [more, zone] of [
      [[], '\\+05:30'],
      [['--utc'], '\\+00:00'],
    ] as const) {
      const shown = await vodaiOnTerminal(['jobs', 'show', job.id, ...more], { TZ: 'Asia/Kolkata' });
      expect(await shown.code).toBe(0);
      const time = `\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} ${zone}`;
      expect(read(shown.stdout)).toMatch(new RegExp(`^created +${time}$`, 'm'));
      expect(read(shown.stdout)).toMatch(new RegExp(`^${time} +Accepted by otto$`, 'm'));
    }
    const today = await vodai(['jobs', 'list', '--media', job.mediaId, '--from', 'today', '--to', '2h'], {
      env: { TZ: 'Asia/Kolkata' },
    });
    expect(today).toMatchObject({ code: 0, stdout: '' });
    expect(today.stderr).toMatch(/^--from today is \d{4}-\d\d-\d\d 00:00:00 \+05:30\n$/);
  });

  it('shows how far it is also while its data goes to a file', async () => {
    const file = join(folder, 'bar.txt');
    writeFileSync(file, `mediaId\n${Array.from({ length: 40 }, () => `${newMedia()}\n`).join('')}`);
    const out = join(folder, 'bar.out');
    const args = ['submit', '--file', file, '--types', 'tag'];
    const running = await Cli.start(args, { terminal: true, to: out, env: signedIn() });
    expect(await running.code).toBe(0);
    expect(running.stdout).toMatch(/[█░]{24} \d+\/40 media submitted/);
    expect(lines(readFileSync(out, 'utf8'))).toHaveLength(40);
  });

  it('asks for a key without showing it', async () => {
    const env = { XDG_CONFIG_HOME: join(folder, 'typed') };
    const asking = await Cli.start(['login', stack.api.url], { terminal: true, env });
    await asking.until('it asks', ({ stdout }) => stdout.includes('API key: '));
    asking.type(`${keys.viewer}\n`);
    expect(await asking.code).toBe(0);
    expect(read(asking.stdout)).toContain('knows the key as vera, viewer; stored as profile default');
  });

  it('moves a bar while it waits, tells what happens above it, and leaves the terminal as it was', async () => {
    const media = newMedia();
    const waiting = await vodaiOnTerminal(['submit', media, '--types', 'tag', '--wait']);
    await waiting.until('the bar is there', ({ stdout }) => /░ 0\/1 over/.test(stdout));
    await finish(media);
    expect(await waiting.code).toBe(0);
    expect(read(waiting.stdout)).toMatch(/succeeded +AIVideoTag +media-\d+  Read the result from ListAIJob: success\n/);
    expect(read(waiting.stdout)).toMatch(/1 job: 1 succeeded\n$/);
    // Neither is the cursor hidden or moved back to where it was, nor is the wrapping of lines turned off.
    const lasting = ['\u001b[?25l', '\u001b[?7l', '\u001b7', '\u001b8'];
    expect(lasting.filter((sequence) => waiting.stdout.includes(sequence))).toEqual([]);
  });

  it('asks before VOD bills again, and does nothing without a yes', async () => {
    const job = await ended('fail');
    for (const [answer, code, state] of [
      ['n', 1, 'failed'],
      ['y', 0, 'processing'],
    ] as const) {
      const asking = await vodaiOnTerminal(['jobs', 'retry', job.id]);
      await asking.until('it asks', ({ stdout }) => stdout.includes('for the last attempt. Retry? [y/N]'));
      asking.type(`${answer}\n`);
      expect(await asking.code).toBe(code);
      await stack.untilJob(job.id, state);
    }
  });

  it('does not let a label or the id of a media move the cursor', async () => {
    const job = await processing(newMedia(), { labels: { note: 'a\u001b[2Jb' } });
    const shown = await vodaiOnTerminal(['jobs', 'show', job.id]);
    expect(await shown.code).toBe(0);
    expect(shown.stdout).not.toContain('\u001b[2J');
    expect(read(shown.stdout)).toMatch(/labels +note:a\\u001b\[2Jb/);
    const file = join(folder, 'hostile.txt');
    writeFileSync(file, 'a\u001b[2Jb\n');
    const refused = await vodaiOnTerminal(['submit', '--file', file, '--types', 'tag']);
    expect(await refused.code).toBe(2);
    expect(refused.stdout).not.toContain('\u001b[2J');
    expect(read(refused.stdout)).toContain('line 1: expected the id of a media, got a\\u001b[2Jb');
    expect(read(shown.stdout)).toMatch(/now +VOD has had it for .+; next look (in \d+ \w+|any moment)/);
  });
});

describe('The program', () => {
  it('says its version, that of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'));
    expect(await Cli.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('can be run after every build: npx links the file once', async () => {
    const { mode } = statSync(join(await builtDist(), 'apps/cli/src/main.js'));
    expect(mode & 0o111).toBe(0o111);
  });

  it('completes commands, options and their values in bash', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const main = join(await builtDist(), 'apps/cli/src/main.js');
    writeFileSync(join(bin, 'vodai'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o755 });
    const complete = `source <(vodai completion bash)
      for typed in "$@"; do
        read -ra COMP_WORDS <<< "vodai $typed"; [[ $typed == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
        COMPREPLY=(); _vodai; echo "\${COMPREPLY[*]}"
      done`;
    const { stdout, stderr } = await promisify(execFile)(
      'bash',
      [
        '-c',
        complete,
        'bash',
        'jo',
        'jobs re',
        '--json jobs list --err',
        'jobs list --state held,f',
        'submit --types ',
        'jobs show ',
      ],
      { env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` } },
    );
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      'jobs',
      'result retry refetch resolve',
      '--error-code',
      'held,finished held,failed',
      'tag dna audit AIVideoTag AIMediaDNA AIMediaAudit',
      '',
      '',
    ]);
    for (const shell of ['zsh', 'fish']) {
      expect(await Cli.run(['completion', shell])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('vodai completion words --'),
      });
    }
  });

  it.each([
    [[]],
    [['submit']],
    ...['list', 'show', 'watch', 'result', 'cancel', 'retry', 'refetch', 'resolve'].map((name) => [['jobs', name]]),
    [['events', 'list']],
    [['events', 'show']],
    [['events', 'replay']],
    [['stats']],
    [['workers']],
    [['login']],
    [['open']],
    [['completion']],
  ])('explains itself with examples: %j', async (args) => {
    const { code, stdout } = await Cli.run([...args, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nExamples:\n {2}(vodai|source) /);
    if (args.length === 0) expect(stdout).toMatch(/\nExit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 /);
  });

  it('has never printed a key', () => {
    expect(everythingPrinted).not.toEqual([]);
    expect(everythingPrinted.filter((text) => text.includes('canary'))).toEqual([]);
  });
});

/** Whose session a link opens; null when it opens none. */
async function whoFollows(url: string, link: string): Promise<string | null> {
  const cookie = (await fetch(link, { redirect: 'manual' })).headers.get('set-cookie')?.split(';')[0];
  if (cookie === undefined) return null;
  return ((await (await fetch(`${url}/v1/me`, { headers: { cookie } })).json()) as { name: string }).name;
}

describe('npm run demo', () => {
  it('enqueues ten jobs at the local instance of the folder and shows them until all are over', async () => {
    stack.emulator.configure({ jobTimeMs: { min: 10, max: 50 } });
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [join(await builtDist(), 'apps/cli/src/demo.js')],
      { cwd: folder },
    );
    expect(cells(stdout)).toHaveLength(10);
    expect(stderr).toMatch(
      /10 jobs: (8 succeeded, 2 failed|2 failed, 8 succeeded)\nthe media "fail-…" fails on purpose\n$/,
    );
  });

  it('fails when the api refuses it', async () => {
    const elsewhere = join(folder, 'viewer');
    mkdirSync(join(elsewhere, '.data'), { recursive: true });
    writeFileSync(join(elsewhere, '.data/api-url'), stack.api.url);
    writeFileSync(join(elsewhere, '.data/api-key'), keys.viewer);
    const refused = promisify(execFile)(process.execPath, [join(await builtDist(), 'apps/cli/src/demo.js')], {
      cwd: elsewhere,
    });
    await expect(refused).rejects.toMatchObject({ code: 1, stderr: expect.not.stringContaining('on purpose') });
  });
});
