import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@app/testing';
import { v7 as uuidv7 } from 'uuid';
import { BUILD_TIMEOUT_MS, builtDist } from './support/build';
import { Cli, describeWithTerminal, read, type CliOptions } from './support/cli';
import { keys, Stack } from './support/stack';

/** The built command line against the product, and a receiver that answers what a test wants. */

let stack: Stack;
let receiver: Server;
let url: string;
let answer: number;

beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);
beforeAll(async () => {
  stack = await Stack.start({ env: { DELIVERY_ALLOW: '127.0.0.0/8' } });
  receiver = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(answer).end());
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/vodai`;
});
afterAll(async () => {
  await stack.stop();
  receiver.closeAllConnections();
  receiver.close();
});
beforeEach(() => {
  answer = 204;
});

const signedIn = (key: string = keys.operator) => ({ VODAI_URL: stack.api.url, VODAI_KEY: key });
const vodai = (args: string[], { env, ...more }: CliOptions = {}) =>
  Cli.run(args, { env: { ...signedIn(), ...env }, ...more });
const vodaiOnTerminal = (args: string[], key?: string) => Cli.start(args, { terminal: true, env: signedIn(key) });

const cells = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'));
const fieldsOf = (text: string): Record<string, string> =>
  Object.fromEntries(cells(text).map(([name = '', value = '']) => [name, value]));

async function made(...more: string[]): Promise<any> {
  const { code, stdout, stderr } = await vodai(['endpoints', 'add', url, '--json', ...more]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** One that a message did not reach, as it is when it has been given up. */
async function failed(endpoint: { id: string }): Promise<string> {
  const id = uuidv7();
  await stack.query(
    `insert into delivery (id, endpoint_id, client, type, happened_at, state, attempts, last_status, last_error, settled_at)
     values ($1, $2, 'otto', 'endpoint.test', now(), 'failed', 1, 500, 'it answered with 500', now())`,
    [id, endpoint.id],
  );
  await stack.query(
    `insert into delivery_attempt (delivery_id, nth, at, duration_ms, outcome, status, error, answer_head)
     values ($1, 1, now(), 12, 'answered', 500, 'it answered with 500', $2)`,
    [id, 'not \u001b[2Jtoday'],
  );
  return id;
}

describe('Through a pipe, vodai endpoints', () => {
  it('adds one, prints its secret, and lists it without', async () => {
    const args = ['endpoints', 'add', url, '--events', 'succeeded,failed', '--types', 'dna', '--label', 'team:a:b'];
    const { code, stdout, stderr } = await vodai([...args, '--with-result']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'the secret is shown this once\n' });
    const shown = fieldsOf(stdout);
    expect(shown).toMatchObject({
      secret: expect.stringMatching(/^whsec_/),
      state: 'on',
      url,
      client: 'otto',
      events: 'succeeded, failed',
      types: 'AIMediaDNA',
      labels: 'team:a:b',
      'with the result': 'yes',
      waiting: '0',
    });
    const list = await vodai(['endpoints', 'list']);
    expect(cells(list.stdout)).toContainEqual(
      [shown['endpoint'], 'on', 'otto', 'succeeded,failed', url, '0', expect.stringMatching(/Z$/)], // prettier-ignore
    );
    const { secret: _secret, ...rest } = shown;
    expect(fieldsOf((await vodai(['endpoints', 'show', shown['endpoint'] ?? ''])).stdout)).toEqual(rest);
  });

  it('asks for all news unless it is told for which', async () => {
    expect((await made()).events).toEqual(['job.succeeded', 'job.failed', 'job.expired', 'job.canceled', 'job.held']);
    expect((await made('--events', 'job.held', '--paused')) as unknown).toMatchObject({
      events: ['job.held'],
      paused: true,
    });
  });

  it('pauses and resumes, rotates, and removes when it is told that it may', async () => {
    const { id, secret } = await made();
    expect(fieldsOf((await vodai(['endpoints', 'pause', id])).stdout)).toMatchObject({ state: 'paused' });
    expect(await vodai(['endpoints', 'test', id])).toMatchObject({ code: 1, stderr: expect.stringMatching(/paused/) });
    expect(fieldsOf((await vodai(['endpoints', 'resume', id])).stdout)).toMatchObject({ state: 'on' });
    const rotated = JSON.parse((await vodai(['endpoints', 'rotate', id, '--json'])).stdout);
    expect(rotated.secret).not.toBe(secret);
    expect(rotated.secrets).toHaveLength(2);

    expect(await vodai(['endpoints', 'remove', id])).toEqual({
      code: 2,
      stdout: '',
      stderr: `vodai: ${url} is told nothing any more, and 0 deliveries dropped, and nobody is here to be asked: say --yes\n`,
    });
    expect(await vodai(['endpoints', 'remove', id, '--yes'])).toEqual({ code: 0, stdout: '', stderr: 'removed\n' });
    expect(await vodai(['endpoints', 'show', id])).toMatchObject({
      code: 1,
      stderr: `vodai: there is no endpoint ${id}\n`,
    });
  });

  it('sends a message, and says by its exit code whether it got through', async () => {
    const { id } = await made();
    const sent = await vodai(['endpoints', 'test', id]);
    expect(sent).toMatchObject({ code: 0, stderr: '' });
    expect(fieldsOf(sent.stdout)).toMatchObject({ state: 'delivered', type: 'endpoint.test', endpoint: id });
    expect(cells(sent.stdout).at(-1)).toEqual(
      ['attempt', '1', expect.stringMatching(/Z$/), 'delivered', '204', expect.stringMatching(/ ms$/), '', ''], // prettier-ignore
    );
    answer = 500;
    const refused = await vodai(['endpoints', 'test', id]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^vodai: it did not get through/) });
    expect(fieldsOf(refused.stdout)).toMatchObject({ state: 'waiting' });
  });

  it('says why a URL is refused', async () => {
    const refused = await vodai(['endpoints', 'add', 'https://10.0.0.1/']);
    expect(refused).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'vodai: url: its host has an address that is not public\n',
    });
  });
});

describe('Through a pipe, vodai deliveries', () => {
  it('lists, shows and repeats them, by their ids, from stdin and by endpoint', async () => {
    const endpoint = await made();
    const ids = [await failed(endpoint), await failed(endpoint), await failed(endpoint)];
    const list = await vodai(['deliveries', 'list', '--endpoint', endpoint.id, '--state', 'failed']);
    expect(
      cells(list.stdout).map(([id, state, type, job, to, attempts]) => [id, state, type, job, to, attempts]),
    ).toEqual(ids.toReversed().map((id) => [id, 'failed', 'endpoint.test', '', url, '1']));
    const shown = await vodai(['deliveries', 'show', ids[0] ?? '']);
    expect(fieldsOf(shown.stdout)).toMatchObject({ delivery: ids[0], state: 'failed', endpoint: endpoint.id });

    const [first = '', second = '', third = ''] = ids;
    const untilDelivered = (id: string) =>
      eventually('it is delivered', async () => (await stack.get(`/v1/deliveries/${id}`, keys.operator)).body.state === 'delivered'); // prettier-ignore
    expect(await vodai(['deliveries', 'replay', first])).toMatchObject({ code: 0, stderr: '' });
    await untilDelivered(first);
    const input = list.stdout
      .split('\n')
      .filter((line) => line.startsWith(second))
      .join('\n');
    expect(await vodai(['deliveries', 'replay', '-'], { input })).toMatchObject({ code: 0, stderr: '' });
    await untilDelivered(second);
    const all = await vodai(['deliveries', 'replay', '--endpoint', endpoint.id]);
    expect(all).toEqual({ code: 0, stdout: '', stderr: '1 delivery due again\n' });
    await untilDelivered(third);

    const again = ['deliveries', 'replay', '--endpoint', endpoint.id, '--from', '1h', '--delivered'];
    expect(await vodai(again)).toMatchObject({ code: 2, stderr: expect.stringMatching(/say --yes\n$/) });
    expect(await vodai([...again, '--yes', '--json'])).toEqual({ code: 0, stdout: '{"replayed":3}\n', stderr: '' });
  });

  it('goes on over those that are refused, and fails for them', async () => {
    const endpoint = await made();
    const id = await failed(endpoint);
    const nobodys = '01900000-0000-7000-8000-000000000000';
    const { code, stdout, stderr } = await vodai(['deliveries', 'replay', nobodys, id]);
    expect({ code, ids: cells(stdout).map(([one]) => one) }).toEqual({ code: 1, ids: [id] });
    expect(stderr).toBe(`${nobodys}: there is no delivery ${nobodys}\nvodai: 1 delivery of 2 refused\n`);
  });

  it('shows an admin how the answer began, and nothing that a terminal would obey', async () => {
    const id = await failed(await made());
    const { stdout } = await vodai(['deliveries', 'show', id], { env: signedIn(keys.admin) });
    expect(cells(stdout).at(-1)?.at(-1)).toBe('not \\u001b[2Jtoday');
    expect((await vodai(['deliveries', 'show', id])).stdout).not.toContain('today');
  });
});

describe('vodai jobs show', () => {
  it('says who was told', async () => {
    const { id } = await made('--events', 'succeeded', '--label', 'who:told');
    const request = await stack.enqueue('who-was-told', ['AIVideoTag'], { labels: { who: 'told' } });
    const jobId = request.jobs[0].id;
    await eventually('it is told', async () => {
      const { body } = await stack.get(`/v1/deliveries?endpoint=${id}&jobId=${jobId}`, keys.operator);
      return body.items[0]?.state === 'delivered';
    });
    const { stdout } = await vodai(['jobs', 'show', jobId]);
    expect(cells(stdout)).toContainEqual(['delivery', expect.any(String), 'delivered', 'job.succeeded', url, '1']);
  });
});

describe('Wrong usage ends with 2, and says what was expected:', () => {
  it.each([
    [['endpoints', 'add'], /missing required argument 'url'/],
    [['endpoints', 'add', 'https://a.example/', '--events', 'queued'], /Expected succeeded, .*, got queued/],
    [['endpoints', 'add', 'https://a.example/', '--types', 'tags'], /Expected tag, /],
    [['endpoints', 'add', 'https://a.example/', '--label', 'x'], /Expected key:value/],
    [
      ['endpoints', 'show', 'https://a.example/'],
      /expected the id of an endpoint, a UUID, .*; see vodai endpoints list/,
    ],
    [['deliveries', 'show', 'x'], /expected the id of a delivery, a UUID, got x; see vodai deliveries list/],
    [['deliveries', 'list', '--state', 'lost'], /Expected waiting, .*, got lost/],
    [['deliveries', 'list', '--type', 'lost'], /Allowed choices are job\.succeeded/],
    [['deliveries', 'list', '--from', 'tomorrow'], /Expected ISO 8601/],
    [['deliveries', 'replay'], /expected ids of deliveries, or --endpoint/],
  ])('%j', async (args, expected) => {
    const { code, stdout, stderr } = await vodai(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^vodai: /);
    expect(stderr).toMatch(expected);
  });
});

describeWithTerminal('On a terminal, vodai', () => {
  it('shows endpoints and deliveries as tables, with colours', async () => {
    const endpoint = await made();
    await vodai(['endpoints', 'test', endpoint.id]);
    const endpoints = await vodaiOnTerminal(['endpoints', 'list']);
    expect(await endpoints.code).toBe(0);
    expect(endpoints.stdout).toContain('\u001b[32mon\u001b[39m');
    expect(read(endpoints.stdout)).toMatch(/^ID +STATE +CLIENT +EVENTS +URL +WAITING +CREATED\n[\w-]{36}  on /);
    const deliveries = await vodaiOnTerminal(['deliveries', 'list', '--endpoint', endpoint.id]);
    expect(await deliveries.code).toBe(0);
    expect(read(deliveries.stdout)).toMatch(
      /^ID +STATE +TYPE +JOB +URL +ATTEMPTS +LAST +CREATED\n[\w-]{36}  delivered /,
    );
  });

  it('asks before it removes, and does nothing without a yes', async () => {
    const { id } = await made();
    for (const [typed, code, status] of [
      ['n', 1, 200],
      ['y', 0, 404],
    ] as const) {
      const asking = await vodaiOnTerminal(['endpoints', 'remove', id]);
      await asking.until('it asks', ({ stdout }) => stdout.includes('Remove? [y/N]'));
      asking.type(`${typed}\n`);
      expect(await asking.code).toBe(code);
      expect((await stack.get(`/v1/endpoints/${id}`, keys.operator)).status).toBe(status);
    }
  });

  it('does not let an answer move the cursor', async () => {
    const id = await failed(await made());
    const shown = await vodaiOnTerminal(['deliveries', 'show', id], keys.admin);
    expect(await shown.code).toBe(0);
    expect(shown.stdout).not.toContain('\u001b[2J');
    expect(read(shown.stdout)).toContain('not \\u001b[2Jtoday');
    expect(read(shown.stdout)).toMatch(/\nAttempts\n1 /);
  });
});

describe('Every help', () => {
  it.each([
    ...['list', 'add', 'show', 'pause', 'resume', 'rotate', 'test', 'remove'].map((name) => ['endpoints', name]),
    ...['list', 'show', 'replay'].map((name) => ['deliveries', name]),
  ])('has examples: %s %s', async (...args) => {
    const { code, stdout } = await Cli.run([...args, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nExamples:\n {2}vodai /);
  });
});
