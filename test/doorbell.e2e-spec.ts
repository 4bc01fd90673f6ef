import { createHash, randomBytes, randomUUID } from 'node:crypto';
import http from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { NoticeBudget, noticeLimits, Receive } from '@app/lifecycle/receive';
import { Signals } from '@app/observability';
import { createDataSource, EventStore } from '@app/persistence';
import { eventually } from '@app/testing';
import { unlimited } from '@app/vod-emulator';
import { signCallback } from '@app/vod/callback';
import { Client } from 'pg';
import { Callbacks, type Callback } from '../apps/webhook/src/callbacks';
import { Cli } from './support/cli';
import { keys, Stack } from './support/stack';

/** How much a stranger may take who has seen one pair of headers: VOD signs URL and second, and not the body. */

const MIB = 1024 ** 2;
const PAIR = noticeLimits.pair;
const HEAD_BYTES = 4 * 1024;
const TEN_MINUTES = { min: 600_000, max: 600_000 };

let stack: Stack;

/** Jobs stay open at VOD until a test ends them; VOD itself sends nothing. */
beforeAll(async () => {
  stack = await Stack.start({ env: { COLLECT_QPS: '1000' }, emulator: { jobTimeMs: TEN_MINUTES, qps: unlimited } });
  stack.emulator.configure({ callback: { enabled: false } });
});
afterAll(() => stack.stop());

type Pair = Record<string, string>;

/** Seconds that no other test has signed, all within the tolerance. */
let nextS = Math.floor(Date.now() / 1000);
function newPair(): Pair {
  nextS -= 1;
  const timestamp = String(nextS);
  return { 'x-vod-timestamp': timestamp, 'x-vod-signature': signCallback(stack.callbackUrl, timestamp, keys.callback) };
}

function bodyOf(fields: object, size = 0): string {
  const body = {
    EventTime: '2026-11-22T09:00:00Z',
    EventType: 'AIVideoTagComplete',
    JobId: `nobody-${randomUUID()}`,
    MediaId: 'nobody',
    Status: 'success',
    Code: randomUUID(),
    ...fields,
  };
  const Data = 'x'.repeat(Math.max(0, size - JSON.stringify({ ...body, Data: '' }).length));
  return JSON.stringify({ ...body, Data });
}

/** Once: what VOD gets for an answer. */
async function ring(pair: Pair, fields: object): Promise<number> {
  const { status } = await fetch(stack.callbackUrl, { method: 'POST', headers: pair, body: bodyOf(fields) });
  return status;
}

/** As VOD does, and more patiently: on a busy machine a megabyte may take longer than the webhook waits. */
async function press(pair: Pair, fields: object, size = 0): Promise<number> {
  const body = bodyOf(fields, size);
  return eventually('there is an answer', async () => {
    const { status } = await fetch(stack.callbackUrl, { method: 'POST', headers: pair, body });
    return status === 503 ? null : status;
  });
}

interface Said {
  status: number;
  body: string;
}

/** A request in two parts, the second a byte: many of them can be whole at the same moment. */
function inTwo(pair: Pair, body: string): { begin: () => Promise<unknown>; end: () => Promise<Said> } {
  const headers = { ...pair, 'content-length': body.length };
  const request = http.request(stack.callbackUrl, { method: 'POST', headers, agent: false });
  const answer = new Promise<Said>((resolve, reject) => {
    request.on('error', reject).on('response', (response) => {
      textOf(response).then((said) => resolve({ status: response.statusCode ?? 0, body: said }), reject);
    });
  });
  answer.catch(() => undefined);
  let sent = 0;
  return {
    begin: () => new Promise((resolve) => request.write(body.slice(0, (sent = body.length - 1)), resolve)),
    end: () => {
      request.end(body.slice(sent));
      return answer;
    },
  };
}

const sha256 = (body: Buffer | string) => createHash('sha256').update(body).digest('hex');

/** So many at once, as they come. Answers the statuses that are not 200. */
async function flood(count: number, one: () => Promise<number>): Promise<number[]> {
  const wrong: number[] = [];
  let left = count;
  const lanes = Array.from({ length: 16 }, async () => {
    while (left > 0) {
      left -= 1;
      const status = await one();
      if (status !== 200) wrong.push(status);
    }
  });
  await Promise.all(lanes);
  return wrong;
}

async function openJob(): Promise<{ id: string; vodJobId: string; mediaId: string; region: string }> {
  const request = await stack.enqueue(`media-${randomUUID()}`);
  const { id, vodJobId, mediaId, region } = await stack.untilJob(request.jobs[0].id, 'processing');
  return { id, vodJobId, mediaId, region };
}

async function stored(): Promise<{ rows: number; bytes: number; copies: number }> {
  const [row] = await stack.query(
    `select count(*)::int as rows, coalesce(sum(octet_length(body)), 0)::int as bytes, coalesce(sum(copies), 0)::int as copies
       from event`,
  );
  return row;
}

describe('One captured pair of headers', () => {
  let other: Client | undefined;
  afterEach(async () => {
    await other?.end();
    other = undefined;
  });

  it('row 53: has so many bytes stored and no more, whatever comes with it, and a genuine event is as prompt as ever', async () => {
    const [captured, genuine, job] = [newPair(), newPair(), await openJob()];
    const before = await stored();
    stack.emulator.finish(job.vodJobId);
    let settled: Promise<unknown> | undefined;
    let sent = 0;
    const wrong = await flood(60, async () => {
      sent += 1;
      if (sent === 30) {
        expect(await ring(genuine, { JobId: job.vodJobId, MediaId: job.mediaId })).toBe(200);
        settled = stack.untilJob(job.id, 'succeeded');
      }
      return press(captured, {}, MIB);
    });
    expect(wrong).toEqual([]);
    await settled;
    const after = await stored();
    expect(after.rows - before.rows).toBe(61);
    expect(after.bytes - before.bytes).toBeGreaterThan(MIB);
    expect(after.bytes - before.bytes).toBeLessThan(PAIR.bytes + 60 * HEAD_BYTES);
    const [cut] = await stack.query(
      `select body_size, length(body) as kept from event where body_size = $1 and length(body) < 5000 limit 1`,
      [MIB],
    );
    expect(cut).toEqual({ body_size: MIB, kept: HEAD_BYTES });
  });

  it('row 53: has so many rows; the rest is counted in the list of events, and a job that we know is read all the same', async () => {
    const [captured, job] = [newPair(), await openJob()];
    const before = await stored();
    const over = 60;
    expect(await flood(PAIR.rows + over, () => press(captured, {}))).toEqual([]);

    // All of a second have the same pair: this one is VOD's.
    stack.emulator.finish(job.vodJobId);
    expect(await ring(captured, { JobId: job.vodJobId, MediaId: job.mediaId })).toBe(200);
    await stack.untilJob(job.id, 'succeeded');
    expect((await stack.get(`/v1/events?jobId=${job.id}`)).body.items).toHaveLength(1);

    const { body } = await stack.get('/v1/events?verdict=ignored&limit=200');
    const counted = body.items.filter(({ reason }: { reason: string }) => reason.startsWith('over a limit'));
    expect(counted.length).toBeLessThanOrEqual(3); // one a minute
    expect(counted.reduce((sum: number, { copies }: { copies: number }) => sum + copies, 0)).toBeGreaterThanOrEqual(
      over,
    );
    const one = (await stack.get(`/v1/events/${counted[0].id}`)).body;
    expect(one.body).toContain('nobody-');
    expect(Date.parse(one.receivedAt)).toBeLessThanOrEqual(Date.parse(one.lastReceivedAt));

    const after = await stored();
    expect(after.rows - before.rows).toBeLessThanOrEqual(PAIR.rows + counted.length + 1);
    expect(after.copies - before.copies).toBeGreaterThanOrEqual(PAIR.rows + over + 1);
    expect(await ring(newPair(), { JobId: 'of-another-second' })).toBe(200);
    expect(await stack.query(`select from event where vod_job_id = 'of-another-second'`)).toHaveLength(1);

    const metrics = await (await fetch(new URL('/metrics', stack.callbackUrl))).text();
    const [, said] = /^vodai_callbacks_total\{verdict="over_limit"\} (\d+)$/m.exec(metrics) ?? [];
    expect(Number(said)).toBeGreaterThanOrEqual(over);
  });

  it('row 53: whose large bodies wait to be stored, with no room for another, lets a genuine event in at the first try', async () => {
    const job = await openJob();
    const bodies = Array.from({ length: 40 }, () => bodyOf({}, MIB));
    // Somebody else writes the same and does not commit: each large body waits for the first of them to be stored.
    other = new Client({ connectionString: stack.database.url });
    await other.connect();
    await other.query('begin');
    await other.query(
      `insert into event (id, received_at, last_received_at, region, source, signature, event_type, vod_job_id, status, body,
                          body_size, body_hash)
       select gen_random_uuid(), now(), now(), $1, 'http', 'valid', 'AIVideoTagComplete', job, 'success', '', 0, hash
         from unnest($2::text[], $3::text[]) as n(job, hash)`,
      [job.region, bodies.map((body) => JSON.parse(body).JobId), bodies.map((body) => sha256(body))],
    );
    const forged = bodies.map((body) => inTwo(newPair(), body));
    const first = forged.slice(0, 32);
    await Promise.all(first.map(({ begin }) => begin()));
    const waiting = first.map(({ end }) => end());
    const others = forged.slice(32).map(({ end }) => end());
    const refused = await Promise.any(
      others.map(async (answer) => {
        const { status, body } = await answer;
        if (!body.includes('"busy"')) throw new Error(`expected that one is refused, got ${status} ${body}`);
        return status;
      }),
    );
    expect(refused).toBe(503);
    expect(await Promise.all(Array.from({ length: 5 }, () => ring(newPair(), {})))).toEqual(Array(5).fill(200));
    stack.emulator.finish(job.vodJobId);
    expect(await ring(newPair(), { JobId: job.vodJobId, MediaId: job.mediaId })).toBe(200);
    await other.query('rollback');
    for (const { status } of await Promise.all(waiting)) expect([200, 503]).toContain(status);
    await stack.untilJob(job.id, 'succeeded');
  });

  it('row 53: is read to its end where only the beginning is kept: the event whose JobId comes last ends its job', async () => {
    const [captured, job] = [newPair(), await openJob()];
    expect(await flood(PAIR.bytes / MIB, () => press(captured, {}, MIB))).toEqual([]);
    stack.emulator.finish(job.vodJobId);
    const { JobId: _, Data, ...fields } = JSON.parse(bodyOf({ MediaId: job.mediaId }, MIB / 2));
    const body = JSON.stringify({ Data, ...fields, JobId: job.vodJobId });
    const { status } = await fetch(stack.callbackUrl, { method: 'POST', headers: captured, body });
    expect(status).toBe(200);
    await stack.untilJob(job.id, 'succeeded');
    expect(await stack.query(`select length(body) as kept from event where job_id = $1`, [job.id])).toEqual([
      { kept: HEAD_BYTES },
    ]);
  });

  it('row 53: without a valid signature the second of the arrival counts, whatever the headers say', async () => {
    const db = await createDataSource({ url: stack.database.url, application: 'vodai-test' }).initialize();
    const limits = { ...noticeLimits, pair: { rows: 3, bytes: MIB } };
    let now = new Date();
    const callbacks = new Callbacks(
      new Receive(new EventStore(db), new Signals()),
      new NoticeBudget(limits),
      new Signals(),
      { keys: [keys.callback], auth: 'hint', toleranceMs: 900_000 },
      () => now,
    );
    const arrive = async (headers: Pair) => {
      const head = Buffer.from(`forged ${randomUUID()}`);
      await callbacks.take(callbackOf(headers, { ...bodyWith(head), keepOnly: () => undefined }));
    };
    const before = await stored();
    for (let i = 0; i < 5; i += 1) await arrive({ ...newPair(), 'x-vod-signature': randomBytes(16).toString('hex') });
    await arrive({});
    await arrive(newPair()); // VOD's own has its own
    now = new Date(now.getTime() + 1_000);
    await arrive({});
    await db.destroy();
    const after = await stored();
    expect(after.copies - before.copies).toBe(8);
    expect(after.rows - before.rows).toBe(3 + 1 + 1 + 1 + 1); // those over it: one row for each verdict on the signature
  });

  it('row 53: has no more of a body held while it is stored than is kept of it', async () => {
    const db = await createDataSource({ url: stack.database.url, application: 'vodai-test' }).initialize();
    const limits = { ...noticeLimits, pair: { rows: 2, bytes: 10_000 } };
    const receive = new Receive(new EventStore(db), new Signals());
    const options = { keys: [keys.callback], auth: 'required' as const, toleranceMs: 900_000 };
    const callbacks = new Callbacks(receive, new NoticeBudget(limits), new Signals(), options);
    const headers = newPair();
    const arrive = async (): Promise<number> => {
      const head = Buffer.from(bodyOf({}, 8_000));
      let held = head.length;
      const keepOnly = (less: Buffer) => void (held = less.length);
      await callbacks.take(callbackOf(headers, { ...bodyWith(head), keepOnly }));
      return held;
    };
    expect([await arrive(), await arrive(), await arrive()]).toEqual([8_000, HEAD_BYTES, HEAD_BYTES]);
    await db.destroy();
  });
});

/** As the controller hands it on. */
function callbackOf(headers: Pair, body: Awaited<ReturnType<Callback['readBody']>>): Callback {
  return {
    place: { region: 'cn-shanghai', urls: [stack.callbackUrl] },
    timestamp: headers['x-vod-timestamp'],
    signature: headers['x-vod-signature'],
    path: '/vod/events',
    remoteAddress: null,
    readBody: async () => body,
  };
}

function bodyWith(head: Buffer) {
  return { head, size: head.length, sha256: sha256(head) };
}

describe('The history of a job that somebody rings for', () => {
  /** As the door writes it for a false alarm. */
  async function falseAlarms(id: string, count: number): Promise<void> {
    await stack.query(
      `insert into history (job_id, version, at, event, from_state, to_state, attempt, detail)
       select job.id, job.version + i, now() + make_interval(secs => i),
              case when i % 2 = 1 then 'event_received' else 'read_running' end,
              case when i % 2 = 1 then 'processing' else 'finished' end,
              case when i % 2 = 1 then 'finished' else 'processing' end, 1,
              case when i % 2 = 1 then '{"status":"success","signature":"valid"}' else '{"status":"Analysing"}' end::jsonb
         from job, generate_series(1, $2 * 2) as i
        where job.id = $1`,
      [id, count],
    );
  }

  async function waits(id: string, from: number, count: number): Promise<void> {
    await stack.query(
      `insert into history (job_id, version, at, event, from_state, to_state, attempt, detail)
       select $1, i, now(), 'read_running', 'processing', 'processing', 1, '{"status":"Analysing"}'
         from generate_series($2::int, $2::int + $3::int - 1) as i`,
      [id, from, count],
    );
  }

  const vodai = (...args: string[]) =>
    Cli.run(args, { env: { VODAI_URL: stack.api.url, VODAI_KEY: keys.viewer, NO_COLOR: '1' } });

  it('shows the first and the last of a run that changed nothing, and how many there are in between', async () => {
    const { id } = await openJob();
    await falseAlarms(id, 14);
    const { body } = await stack.get(`/v1/jobs/${id}/history`);
    const rang = ["VOD's event says success (signature valid); reading the result", 'Checked: VOD is still working on it (Analysing)']; // prettier-ignore
    const texts = [...rang, '12 more like these: events that changed nothing', ...rang];
    expect(body.items.slice(-5).map(({ text }: { text: string }) => text)).toEqual(texts);
    expect(body.items).toHaveLength(8);
    expect(body.nextCursor).toBeNull();
    const told = await vodai('jobs', 'show', id);
    expect(told.stdout.split('\n').filter((line) => line.startsWith('history')).map((line) => line.split('\t')[2])).toEqual(
      body.items.map(({ text }: { text: string }) => text),
    ); // prettier-ignore
  });

  it('comes in pages, like every list', async () => {
    const { id } = await openJob();
    const [{ version }] = (await stack.query('select version from job where id = $1', [id])) as [{ version: number }];
    await waits(id, version + 1, 450);
    const all = version + 450;
    const pages: { items: { version: number }[]; nextCursor: string | null }[] = [];
    for (let more = ''; ; more = `&cursor=${pages.at(-1)?.nextCursor}`) {
      const { status, body } = await stack.get(`/v1/jobs/${id}/history?limit=200${more}`);
      expect(status).toBe(200);
      pages.push(body);
      if (body.nextCursor === null) break;
    }
    expect(pages.map(({ items }) => items.length)).toEqual([200, 200, all - 400]);
    const versions = pages.flatMap(({ items }) => items.map((line) => line.version));
    expect(versions).toEqual(Array.from({ length: all }, (_, i) => i + 1));
    expect((await stack.get(`/v1/jobs/${id}/history`)).body.items).toHaveLength(50);

    const shown = JSON.parse((await vodai('jobs', 'show', id, '--json')).stdout);
    expect(shown.history.map((line: { version: number }) => line.version)).toEqual(versions);
  });

  it.each([
    ['limit=0', 'limit', 'expected 1 to 200'],
    ['limit=201', 'limit', 'expected 1 to 200'],
    ['cursor=x', 'cursor', 'expected the nextCursor of the page before'],
    ['cursor=-1', 'cursor', 'expected the nextCursor of the page before'],
    ['cursor=12345678901', 'cursor', 'expected the nextCursor of the page before'],
    ['order=newest', 'order', 'unknown; expected any of limit, cursor'],
  ])('refuses %s', async (query, path, message) => {
    const { id } = await openJob();
    const { status, body } = await stack.get(`/v1/jobs/${id}/history?${query}`);
    expect({ status, errors: body.errors }).toEqual({ status: 400, errors: [{ path, message }] });
  });
});
