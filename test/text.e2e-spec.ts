import { asWritten } from '@app/text';
import { signCallback } from '@app/vod/callback';
import Papa from 'papaparse';
import { BUILD_TIMEOUT_MS, builtDist } from './support/build';
import { Cli, describeWithTerminal, type CliOptions } from './support/cli';
import { keys, Stack } from './support/stack';

/** Text from outside never acts: it reaches people by a spreadsheet and by a terminal, which obey some of what they read. */

/** Escape, a C1 sequence and its Escape form, bidi override and isolate, zero-width, a tag beyond U+FFFF, a separator of lines. */
const HOSTILE = 'a\u001b[2J\u009b2J\u009d0;title\u009c\u202eb\u2066\u200b\ufeff\u{e0041}\u2028\u061c智能';
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const FORMULA = /^["'\s]*[=+\-@＝＋－＠]/;

let stack: Stack;
let running: Cli[] = [];

beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);
beforeAll(async () => {
  stack = await Stack.start({ emulator: { jobTimeMs: { min: 1, max: 1 } } });
});
afterEach(() => {
  for (const cli of running) cli.kill();
  running = [];
});
afterAll(() => stack.stop());

const signedIn = () => ({ VODAI_URL: stack.api.url, VODAI_KEY: keys.operator });

async function vodai(args: string[], options: CliOptions = {}) {
  const cli = await Cli.start(args, { env: signedIn(), ...options });
  running.push(cli);
  const code = await cli.code;
  return { code, stdout: cli.stdout, stderr: cli.stderr };
}

async function succeeded(mediaId: string, labels = {}): Promise<any> {
  const request = await stack.enqueue(mediaId, ['AIVideoTag'], { labels });
  return stack.untilJob(request.jobs[0].id, 'succeeded');
}

/** VOD has found this in a video that somebody made for it. */
async function withHostileResult(): Promise<{ id: string; raw: string; answer: string }> {
  const { id } = await succeeded('media-hostile', { note: HOSTILE });
  const raw = `{\r\n "Tag": ${JSON.stringify(HOSTILE)},\t"long": 12345678901234567890}`;
  const [row] = await stack.query('select normalized from result where job_id = $1', [id]);
  const found = { group: `g${HOSTILE}`, tag: `t${HOSTILE}`, timesMs: [1] };
  const sentence = { startMs: 1, endMs: 2, text: `s${HOSTILE}` };
  const normalized = { ...row.normalized, tags: [found], transcript: { sentences: [sentence] } };
  const change = 'update result set raw = $2, normalized = $3 where job_id = $1';
  await stack.query(change, [id, raw, JSON.stringify(normalized)]);
  const response = await fetch(`${stack.api.url}/v1/jobs/${id}/result`, {
    headers: { authorization: `Bearer ${keys.viewer}` },
  });
  return { id, raw, answer: await response.text() };
}

/** A notice with this in its body; answers the id of its event. */
async function received(text: string): Promise<string> {
  const body = JSON.stringify({ EventType: 'SnapshotComplete', Status: 'success', VideoId: `m-${text.length}`, text });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = signCallback(stack.callbackUrl, timestamp, keys.callback);
  const { status } = await fetch(stack.callbackUrl, {
    method: 'POST',
    headers: { 'x-vod-timestamp': timestamp, 'x-vod-signature': signature },
    body,
  });
  expect(status).toBe(200);
  const [event] = await stack.query('select id from event where media_id = $1', [`m-${text.length}`]);
  return event.id;
}

describe('The export for a spreadsheet', () => {
  it('has no formula in it, whatever it is divided by, and reads back to what was stored', async () => {
    const media = ['a;=1+41;b', '=cmd|calc', '"=1', "'=1", 'a|-1', '@sum(a)'];
    const labels = { attack: 'formula', note: 'x;=1+41;y\t=2\n@z,"-1"' };
    for (const mediaId of media) await stack.enqueue(mediaId, ['AIVideoTag'], { labels });
    const text = String((await stack.get('/v1/jobs.csv?label=attack:formula')).body);
    for (const delimiter of [',', ';', '\t', '|', ' ', ':']) {
      const cells = [...Papa.parse<string[]>(text, { delimiter }).data.flat(), ...text.split(delimiter)];
      expect([delimiter, cells.filter((cell) => FORMULA.test(cell.replace(/^["\s]*'/, 'x')))]).toEqual([delimiter, []]);
    }
    const rows = Papa.parse<Record<string, string>>(text.trimEnd(), { header: true }).data;
    expect(rows.map(({ mediaId = '' }) => asWritten(mediaId)).toSorted()).toEqual(media.toSorted());
    for (const row of rows) expect(JSON.parse(row['labels'] ?? '')).toEqual(labels);
  });
});

describe('Through a pipe', () => {
  it('JSON goes byte for byte', async () => {
    const { id, raw, answer } = await withHostileResult();
    expect((await vodai(['jobs', 'result', id, '--raw'])).stdout).toBe(`${raw}\n`);
    expect((await vodai(['jobs', 'result', id, '--json'])).stdout).toBe(`${answer}\n`);
  });
});

describeWithTerminal('On a terminal', () => {
  /** Without colours nothing but line breaks may move the cursor. */
  const shown = async (...args: string[]): Promise<string> => {
    const { stdout } = await vodai([...args, '--no-color'], { terminal: true });
    const text = stdout.replaceAll('\r\n', '\n').trimEnd();
    expect(text.split(/[\n\t]/).filter((line) => UNSEEN.test(line))).toEqual([]);
    return text;
  };

  it('JSON from outside is shown, not obeyed, and stays the same JSON', async () => {
    const { id, raw, answer } = await withHostileResult();
    expect(JSON.parse(await shown('jobs', 'result', id, '--raw'))).toEqual(JSON.parse(raw));
    expect(await shown('jobs', 'result', id, '--raw')).toContain('12345678901234567890');
    expect(JSON.parse(await shown('jobs', 'result', id, '--json'))).toEqual(JSON.parse(answer));
    expect(JSON.parse(await shown('jobs', 'show', id, '--json')).job.labels).toEqual({ note: HOSTILE });
    const event = await received(HOSTILE);
    expect(JSON.parse(await shown('events', 'show', event, '--json')).body).toContain('智能');
  });

  it('so are tables, lists, groups and titles', async () => {
    const { id } = await withHostileResult();
    const escaped = String.raw`a\u001b[2J\u009b2J\u009d0;title\u009c\u202eb\u2066\u200b\ufeff\udb40\udc41\u2028\u061c智能`;
    const result = await shown('jobs', 'result', id);
    for (const kind of ['g', 't', 's']) expect(result).toContain(`${kind}${escaped}`);
    expect(await shown('jobs', 'show', id)).toContain(`note:${escaped}`);
    expect(await shown('events', 'show', await received(HOSTILE))).toContain(String.raw`\u009b`);
    const coloured = await vodai(['jobs', 'result', id], { terminal: true });
    expect(coloured.stdout).toContain('\u001b[1mg');
    // oxlint-disable-next-line no-control-regex -- the colours that a terminal is sent on purpose
    expect(coloured.stdout.replaceAll(/\u001b\[\d+m|[\r\n\t]/g, '')).not.toMatch(UNSEEN);
  });

  it('and so is what an error repeats', async () => {
    for (const args of [
      ['jobs', 'show', `x${HOSTILE}`],
      ['jobs', 'list', '--state', HOSTILE],
      ['jobs', 'list', `--${HOSTILE}`],
      ['jobs', 'list', '--region', HOSTILE],
      ['events', 'show', HOSTILE],
      [HOSTILE],
    ]) {
      expect(await shown(...args)).toMatch(/^vodai: |^no jobs$/);
    }
  });

  it('an event of a megabyte of blanks is shown at once', async () => {
    const event = await received(' '.repeat(1_000_000)); // quadratic: an hour
    expect(await shown('events', 'show', event)).toContain('SnapshotComplete');
    const lines = await vodai(['events', 'show', event]);
    expect(lines.stdout.length).toBeGreaterThan(1_000_000);
  });
});

describe('A megabyte of blanks', () => {
  it.each([' ', '\t', '\n', '"', ',', ';', '#\n', 'sep=', '{"', '\u3000', "'-"])(
    'or of %j is read at once by the command line, as media and as ids',
    async (piece) => {
      const input = `x${piece.repeat(1_000_000 / piece.length)}x`;
      const media = await vodai(['submit', '--file', '-', '--types', 'tag'], { input });
      expect(media).toMatchObject({ code: 2, stderr: expect.stringContaining('vodai: ') });
      const ids = await vodai(['jobs', 'cancel', '-', '--yes'], { input });
      expect(ids).toMatchObject({ code: 2, stderr: expect.stringContaining('expected the id of a job') });
    },
  );

  it('is as long as an argument may be, and refused or taken at once', async () => {
    const blanks = `x${' '.repeat(120_000)}x`;
    for (const option of ['--from', '--label', '--media', '--state', '--limit', '--region']) {
      expect((await vodai(['jobs', 'list', option, blanks])).code).not.toBe(0);
    }
  });
});
