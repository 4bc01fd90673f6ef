import { eventually } from '@app/testing';
import { createHash } from 'node:crypto';
import { Relay } from './support/relay';
import { keys, Stack } from './support/stack';

/**
 * I7: no secret in any log line, table or answer, after a run in which everything that is signed was also refused,
 * throttled, quoted back at us or lost.
 */

const strangerSecret = 'stranger-secret-canary';
const wrongApiKey = 'wrong-api-key-canary';
const types = ['AIVideoTag', 'AIMediaDNA'];

let stack: Stack;
let toVod: Relay;
let toWebhook: Relay;

/** Every signature that was on the wire, as it was sent. */
const signatures = new Set<string>();
/** Everything that the product answered to anybody. */
const answers: string[] = [];
/** What the next calls to VOD get instead of VOD's answer; null is a lost one. */
let instead: ((body: string) => { status: number; text: string } | null)[] = [];

beforeAll(async () => {
  toVod = await Relay.start(async ({ body }, passOn) => {
    const form = body.toString();
    const signature = new URLSearchParams(form).get('Signature');
    if (signature) signatures.add(signature);
    const answer = await passOn(stack.emulatorUrl);
    const other = form.includes('Action=SubmitAIJob') ? instead.shift() : undefined;
    if (!other) return answer;
    const { status, text } = other(form) ?? { status: 0, text: '' };
    return status === 0 ? null : { status, headers: {}, body: Buffer.from(text) };
  });
  toWebhook = await Relay.start(async ({ headers }, passOn) => {
    signatures.add(String(headers['x-vod-signature']));
    const answer = await passOn(stack.webhooks[0]?.url ?? '');
    answers.push(JSON.stringify(answer.headers), answer.body.toString());
    return answer;
  });
  stack = await Stack.start({
    env: {
      VOD_ENDPOINT: `${toVod.url}/{region}`,
      VOD_CALLBACK_URL: `${toWebhook.url}/vod/events?token=url-token-canary`,
      POLL_FIRST: '500ms',
      RECOVER_AFTER: '100ms,200ms,300ms',
      RECOVER_GRACE: '1s',
    },
  });
  await everythingThatHandlesSecrets();
});
afterAll(async () => {
  await stack.stop();
  await toVod.close();
  await toWebhook.close();
});

async function ask(method: string, path: string, options: Parameters<Stack['call']>[2] = {}): Promise<any> {
  const answer = await stack.call(method, path, options);
  answers.push(JSON.stringify([...answer.headers]), JSON.stringify(answer.body));
  return answer.body;
}

async function everythingThatHandlesSecrets(): Promise<void> {
  // A run as it should be.
  const good = await ask('POST', '/v1/jobs', { body: { mediaId: 'good', types } });
  for (const { id } of good.jobs) await stack.untilJob(id, 'succeeded');

  // Answers that never come, and answers of proxies that quote what they were asked.
  instead = [
    () => null,
    (form) => ({ status: 502, text: `<html>Bad Gateway: POST ${toVod.url}/?${form}</html>` }),
    (form) => ({ status: 400, text: JSON.stringify({ Code: 'InvalidParameter', Message: `cannot read ${form}` }) }),
    (form) => ({ status: 500, text: JSON.stringify({ Code: 'InternalError', Message: `cannot read ${form}` }) }),
    (form) => ({ status: 200, text: form }),
  ];
  const states: string[] = [];
  for (let i = 0; instead.length > 0; i += 1) {
    const request = await ask('POST', '/v1/jobs', { body: { mediaId: `unclear${i}`, types: ['AIVideoTag'] } });
    const job = await stack.untilJob(request.jobs[0].id, 'held', 'failed', 'succeeded');
    states.push(job.state);
  }
  expect(states).toContain('failed');

  // Throttled.
  stack.emulator.configure({ qps: { SubmitAIJob: 1, ListAIJob: 1 } });
  const busy = await Promise.all(
    ['b0', 'b1', 'b2'].map((mediaId) => ask('POST', '/v1/jobs', { body: { mediaId, types } })),
  );
  for (const { jobs } of busy) for (const { id } of jobs) await stack.untilJob(id, 'succeeded');
  expect(stack.emulator.ledger().calls['SubmitAIJob']?.throttled).toBeGreaterThan(0);
  stack.emulator.configure({ qps: { SubmitAIJob: 0, ListAIJob: 0 } });

  // A wrong access key: VOD quotes the string that was signed.
  while (stack.workers[0]) await stack.stopWorker(stack.workers[0]);
  const [blocked] = (await ask('POST', '/v1/jobs', { body: { mediaId: 'blocked', types: ['AIVideoTag'] } })).jobs;
  const stranger = await stack.startWorker({ ALIBABA_CLOUD_ACCESS_KEY_SECRET: strangerSecret });
  await eventually('VOD has refused the signature', async () =>
    (await stack.history(blocked.id)).find((line) => line.event === 'blocked'),
  );
  answers.push(await (await fetch(`${stranger.url}/metrics`)).text());
  await stack.stopWorker(stranger);
  await stack.startWorker();

  // Events with a signature that is wrong, replayed, or missing, and callers with a key that is wrong.
  const replayed = [...signatures].find((signature) => /^[0-9a-f]{32}$/.test(signature)) ?? '';
  for (const signature of [wrongSignature, replayed, '']) {
    const response = await fetch(`${toWebhook.url}/vod/events?token=url-token-canary`, {
      method: 'POST',
      headers: { 'x-vod-timestamp': '1', 'x-vod-signature': signature },
      body: '{}',
    });
    expect(response.status).toBe(401);
  }
  await ask('GET', '/v1/jobs', { key: wrongApiKey });
  await ask('GET', '/v1/jobs', { headers: { authorization: `Basic ${wrongApiKey}` }, key: null });
  await ask('POST', '/v1/jobs', { key: keys.viewer, body: { mediaId: 'm', types } });
  await ask('POST', '/v1/jobs', { body: '{"mediaId":' });

  // Postgres drops everybody's connection: what that makes the processes say.
  await stack.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );
  const last = await ask('POST', '/v1/jobs', { body: { mediaId: 'last', types: ['AIVideoTag'] } });
  if (last.jobs) await stack.untilJob(last.jobs[0].id, 'succeeded');
}

const wrongSignature = createHash('md5').update('a signature that is wrong').digest('hex');

/** What must be nowhere: the secrets themselves, every signature in all spellings, and what a signed form begins with. */
function canaries(): string[] {
  const spellings = [...signatures].flatMap((signature) => [signature, encodeURIComponent(signature)]);
  return [
    keys.accessKeySecret,
    keys.callback,
    keys.viewer,
    keys.operator,
    keys.admin,
    strangerSecret,
    wrongApiKey,
    wrongSignature,
    'url-token-canary',
    ...spellings.filter((spelling) => spelling.length > 10),
  ];
}

/** `Signature=***` is what remains of one that was taken out. */
const signedForm = /Signature(?:=|%3D)(?!\*\*\*)./;

function leaksIn(texts: readonly string[]): string[] {
  const secrets = canaries();
  return texts.filter((text) => signedForm.test(text) || secrets.some((secret) => text.includes(secret)));
}

it('has seen signatures of both kinds, and would notice one', () => {
  expect([...signatures].filter((signature) => signature.endsWith('=')).length).toBeGreaterThan(10);
  expect([...signatures].filter((signature) => /^[0-9a-f]{32}$/.test(signature)).length).toBeGreaterThan(5);
  const [one] = signatures;
  expect(leaksIn([`a ${one} b`, 'POST /?Signature=abc', 'Signature=***', 'nothing'])).toHaveLength(2);
});

it('leaves none in a log line, at the most talkative level', () => {
  expect(stack.logLines.length).toBeGreaterThan(100);
  expect(leaksIn(stack.logLines)).toEqual([]);
});

it('leaves none in any column of any table, BullMQ’s included', async () => {
  const tables = await stack.query<{ schema: string; name: string }>(
    `select table_schema as schema, table_name as name
       from information_schema.tables
      where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
  );
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['event', 'history', 'job', 'submission']));
  let rows = 0;
  for (const { schema, name } of tables) {
    const columns = await stack.query<{ name: string; type: string }>(
      `select column_name as name, data_type as type
         from information_schema.columns
        where table_schema = $1 and table_name = $2`,
      [schema, name],
    );
    // Bytes as text, so that a secret within them is readable.
    const texts = columns.map((column) =>
      column.type === 'bytea' ? `encode("${column.name}", 'escape')` : `"${column.name}"::text`,
    );
    const found = await stack.query<{ row: string }>(
      `select concat_ws(' | ', ${texts.join(', ')}) as row from "${schema}"."${name}"`,
    );
    rows += found.length;
    expect({ table: `${schema}.${name}`, leaks: leaksIn(found.map(({ row }) => row)) }).toEqual({
      table: `${schema}.${name}`,
      leaks: [],
    });
  }
  expect(rows).toBeGreaterThan(100);
});

it('leaves none in an answer of the api or in a metric of any process', async () => {
  const jobs = (await ask('GET', '/v1/jobs?limit=200')).items;
  expect(jobs.length).toBeGreaterThan(8);
  for (const { id, requestId } of jobs) {
    for (const path of [`jobs/${id}`, `jobs/${id}/history`, `jobs/${id}/result`, `requests/${requestId}`]) {
      await ask('GET', `/v1/${path}`);
    }
  }
  const events = (await ask('GET', '/v1/events?limit=200')).items;
  for (const { id } of events) await ask('GET', `/v1/events/${id}`);
  for (const path of ['/v1/stats', '/openapi.json', '/v1/nothing', '/readyz', '/metrics']) await ask('GET', path);
  for (const { url } of [...stack.workers, ...stack.webhooks]) {
    for (const path of ['/metrics', '/readyz', '/healthz']) answers.push(await (await fetch(`${url}${path}`)).text());
  }
  expect(leaksIn(answers)).toEqual([]);
});
