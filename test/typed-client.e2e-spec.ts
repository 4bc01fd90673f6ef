import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keys, Stack } from './support/stack';

const run = promisify(execFile);
const root = join(__dirname, '..');

/** What somebody writes who has only the document: once from its types, once as the usual client. */
const program = `
import createClient from 'openapi-fetch';
import type { components, operations, paths } from './api.js';

declare const process: { argv: string[] };
declare const console: { log(text: string): void };

type Job = components['schemas']['Job'];
const isOver = ({ state }: Job) => state === 'succeeded' || state === 'failed';

const [, , baseUrl = '', key = ''] = process.argv;
const api = createClient<paths>({ baseUrl, headers: { authorization: 'Bearer ' + key } });

const made = await api.POST('/v1/jobs', {
  params: { header: { 'Idempotency-Key': 'typed-1' } },
  body: { mediaId: 'media-typed', types: ['AIVideoTag'] },
});
if (!made.data) throw new Error(made.error.detail);
const id = made.data.jobs[0]?.id ?? '';

const waited = await api.GET('/v1/jobs/{id}', { params: { path: { id }, query: { wait: '30s' } } });
if (!waited.data || !isOver(waited.data)) throw new Error('not over');

const listed = await api.GET('/v1/jobs', { params: { query: { limit: 1, state: ['succeeded', 'failed'], label: [] } } });
const result = await api.GET('/v1/jobs/{id}/result', { params: { path: { id } } });
const normalized = result.data?.normalized;
const tags = normalized?.type === 'AIVideoTag' ? normalized.tags.map(({ tag }) => tag) : [];
const refused = await api.GET('/v1/jobs', { params: { query: { limit: 1_000 } } });
const told = await api.POST('/v1/endpoints', {
  body: { url: 'https://93.184.215.14/', events: ['job.held'], paused: true },
});
const secret: string | undefined = told.data?.secret;
const deliveries = await api.GET('/v1/deliveries', { params: { query: { state: ['failed', 'waiting'] } } });
const canceled = await api.POST('/v1/jobs/{id}/cancel', { params: { path: { id } } });
const states: Job['state'][] = canceled.error?.states ?? [];

type Query = NonNullable<operations['listJobs']['parameters']['query']>;
const limit: number | undefined = ({} as Query).limit;
type Names = [operations['submitJob'], operations['getJob'], operations['cancelJob'], operations['getResult']];
const names: Names[] = [];

// What is wrong does not compile: tsc fails where the error is missing.
export function wrong(job: Job): unknown[] {
  return [
    // @ts-expect-error: the media is missing
    api.POST('/v1/jobs', { body: { types: ['AIVideoTag'] } }),
    // @ts-expect-error: a field that is not known
    api.POST('/v1/jobs', { body: { mediaId: 'm', types: ['AIVideoTag'], mediaID: 'm' } }),
    // @ts-expect-error: a type that is not known
    api.POST('/v1/jobs', { body: { mediaId: 'm', types: ['AIVideoCensor'] } }),
    // @ts-expect-error: a number is a number
    api.GET('/v1/jobs', { params: { query: { limit: '1' } } }),
    // @ts-expect-error: a state that is not known
    api.GET('/v1/jobs', { params: { query: { state: ['done'] } } }),
    // @ts-expect-error: a parameter that is not known
    api.GET('/v1/jobs', { params: { query: { lable: ['a:b'] } } }),
    // @ts-expect-error: not every job has failed
    job.error.code,
    // @ts-expect-error: an event of which nobody is told
    api.POST('/v1/endpoints', { body: { url: '', events: ['job.queued'] } }),
    // @ts-expect-error: no such call
    api.GET('/session.json'),
  ];
}

console.log(
  JSON.stringify({
    status: made.response.status,
    requestId: made.response.headers.get('request-id'),
    listed: listed.data?.items.map((job) => job.id),
    id,
    tags,
    refused: refused.error?.code,
    named: refused.error?.requestId === refused.response.headers.get('request-id'),
    states,
    secret: secret?.slice(0, 6),
    deliveries: deliveries.data?.items,
    rest: [limit, names],
  }),
);
`;

const settings = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: [],
  },
  // Not as .d.ts, which nobody would check.
  files: ['api.ts', 'program.ts'],
};

describe('A client that is generated from the OpenAPI document', () => {
  let stack: Stack;
  let folder: string;
  beforeAll(async () => {
    stack = await Stack.start();
    folder = mkdtempSync(join(tmpdir(), 'typed-client-'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    writeFileSync(join(folder, 'program.ts'), program);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await stack.stop();
  });

  const node = async (script: string, ...more: string[]) => {
    const { stdout } = await run(process.execPath, [script, ...more], { cwd: folder }).catch((error: unknown) => {
      const { stdout: said, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${script}\n${said}${stderr}`);
    });
    return stdout;
  };

  it('compiles under tsc --strict, refuses what is wrong, and works', async () => {
    await node('node_modules/openapi-typescript/bin/cli.js', `${stack.api.url}/openapi.json`, '-o', 'api.ts');
    await node('node_modules/typescript/bin/tsc', '-p', '.');
    const said = JSON.parse(await node('program.js', stack.api.url, keys.operator)) as { id: string };
    expect(said).toMatchObject({
      status: 202,
      requestId: expect.any(String),
      listed: [said.id],
      tags: expect.arrayContaining([expect.any(String)]),
      refused: 'invalid_request',
      named: true,
      states: ['queued'],
      secret: 'whsec_',
      deliveries: [],
    });
  });
});
