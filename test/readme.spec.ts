import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { historyAnswer, resultAnswer, submitRequest } from '@app/contract';
import { loadConfig } from '@app/config';
import { processes as kinds, roleOf } from '@app/persistence';
import { parse } from 'yaml';
import { keys, Stack } from './support/stack';

/** What the documents say is true: what they name exists, and what the README shows is what happens. */

interface Block {
  language: string;
  text: string;
}

const root = join(__dirname, '..');
const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdownUnder('docs')];
const decisions = readdirSync(join(root, 'docs/decisions')).toSorted();
const readme = read('README.md');
const operations = read('docs/operations.md');
const { scripts, version, bin } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  version: string;
  bin: Record<string, string>;
};
const settings = variablesInCode();
/** Read by the tests, not by the product. */
const ofTheTests = new Set(['FAULTS_SEED', 'CHROMIUM']);
/** Read by Node itself. */
const ofNode = new Set(['NODE_EXTRA_CA_CERTS']);
/** What docker-compose.yml reads besides. */
const ofCompose = new Set(['COMPOSE_PROFILES', 'NODE_IMAGE', 'POSTGRES_IMAGE', 'REDIS_IMAGE']);
/** Read by the command line, which is no process of the product. */
const ofTheCommandLine = new Set(['VODAI_URL', 'VODAI_KEY', 'VODAI_PROFILE']);
const files = filesUnder('');

describe.each(documents)('%s', (document) => {
  const text = read(document);
  const commands = commandsIn(text);

  it('closes its blocks', () => {
    expect(text.split('\n').filter((line) => line.startsWith('```')).length % 2).toBe(0);
  });

  it('links to files and headings that exist', () => {
    const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    expect(links.filter((link) => !link.startsWith('https:') && !resolves(document, link))).toEqual([]);
  });

  it('names npm scripts, programs and compose profiles that exist', () => {
    const builtIn = ['ci', 'install', 'link', 'prune'];
    const called = commands.flatMap((command) => [
      ...[...command.matchAll(/\bnpm (?:run (?:-s )?)?([a-z][\w:-]*)/g)].map(([, name = '']) => `npm ${name}`),
      ...[...command.matchAll(/\bnpx ([\w-]+)/g)].map(([, name = '']) => `npx ${name}`),
      ...[...command.matchAll(/--profile ([\w-]+)/g)].map(([, name = '']) => `profile ${name}`),
    ]);
    const known = new Set([
      ...[...builtIn, ...Object.keys(scripts)].map((name) => `npm ${name}`),
      ...readdirSync(join(root, 'node_modules/.bin')).map((name) => `npx ${name}`),
      ...Object.keys(bin).map((name) => `npx ${name}`),
      ...composeProfiles().map((name) => `profile ${name}`),
    ]);
    expect(called.filter((call) => !known.has(call))).toEqual([]);
  });

  it('names files that exist', () => {
    const named = commands.flatMap((command) => command.split(/[\s'"]+/)).filter(looksLikeFile);
    expect(named.filter((name) => !isThere(name))).toEqual([]);
  });

  it('names environment variables that exist', () => {
    const named = [...text.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)].map(([name]) => name.replace(/_FILE$/, ''));
    expect(
      named.filter(
        (name) => ![settings, ofTheTests, ofTheCommandLine, ofNode, ofCompose].some((known) => known.has(name)),
      ),
    ).toEqual([]);
  });

  it('has JSON that can be read and diagrams whose brackets fit', () => {
    const blocks = blocksOf(text);
    for (const { text: json } of blocks.filter((block) => block.language === 'json')) {
      expect(() => JSON.parse(json)).not.toThrow();
    }
    for (const { text: diagram } of blocks.filter((block) => block.language === 'mermaid')) {
      expect(diagram).toMatch(/^(flowchart (LR|TB|TD)|stateDiagram-v2|sequenceDiagram)\n/);
      expect(unbalanced(diagram)).toEqual([]);
    }
  });
});

describe('README.md', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start();
  });
  afterAll(() => stack.stop());

  it('names five files to read, and they exist', () => {
    const list = section(readme, 'Read these five files').match(/^\d\. `[^`]+`/gm) ?? [];
    const named = list.map((line) => line.replace(/^\d\. `|`$/g, ''));
    expect(named).toHaveLength(5);
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('shows a first job as it happens', async () => {
    const [asked, waited, told, got, ...more] = section(readme, 'A first job')
      .split('```sh\n')
      .slice(1)
      .map((part) => ({ request: requestOf(part), shown: blocksOf(`\`\`\`sh\n${part}`)[1]?.text ?? '' }));
    if (!asked || !waited || !told || !got) throw new Error('the README shows fewer than four calls');
    expect(more).toEqual([]);

    expect(submitRequest.safeParse(JSON.parse(asked.request.body ?? '')).error).toBeUndefined();
    const accepted = await send(stack, asked.request);
    expect(accepted.status).toBe(202);
    expect(shapeOf(accepted.body)).toMatchObject(shapeOf(JSON.parse(asked.shown)));

    const jobId = accepted.body.jobs[0].id;
    await stack.untilJob(jobId, 'succeeded');
    const job = await send(stack, waited.request, jobId);
    expect(job.body).toMatchObject({ state: 'succeeded', type: 'AIVideoTag', attempts: 1 });
    expect(shapeOf(job.body)).toMatchObject(shapeOf(JSON.parse(waited.shown)));

    const history = historyAnswer.parse((await send(stack, told.request, jobId)).body);
    const sentences = history.items.map(({ text }) => `"text":"${text}"`);
    expect(sentences.map(withoutIds)).toEqual(told.shown.trimEnd().split('\n').map(withoutIds));

    const result = await send(stack, got.request, jobId);
    const shown = resultAnswer.parse(JSON.parse(got.shown));
    expect(Object.keys(result.body).toSorted()).toEqual(Object.keys(shown).toSorted());
    expect(Object.keys(result.body.normalized).toSorted()).toEqual(Object.keys(shown.normalized as object).toSorted());
    expect(result.body.source).toBe(shown.source);
  });

  it('and the other documents name calls that the api answers', async () => {
    const request = await stack.enqueue('media-of-the-documents');
    await stack.untilJob(request.jobs[0].id, 'succeeded');
    const [event] = (await stack.get(`/v1/events?jobId=${request.jobs[0].id}`)).body.items;
    const named = documents.flatMap((document) =>
      [...read(document).matchAll(/\/v1\/[\w/?=&{}<>$…-]*[\w}>…]/g)].map(([call]) => call),
    );
    for (const call of new Set(named)) {
      const id = call.includes('/requests/') ? request.id : call.includes('/events/') ? event.id : request.jobs[0].id;
      const path = call.replace(/\$JOB|\{id\}|<id>/, id).replace('…', 'x');
      if (path === '/v1/stream' || path.endsWith('/refetch')) continue; // the one never ends, the other would work
      // Of the calls that change something: there is nothing to cancel, to retry, to resolve or to look at again.
      const changes = /\/(cancel|retry|resolve|replay)$/.test(path);
      const { status, body } = changes
        ? await stack.call('POST', path, { body: path.endsWith('/resolve') ? { action: 'fail' } : {} })
        : await stack.get(path);
      const wanted = changes ? { status: 409, code: 'wrong_state' } : { status: 200, code: undefined };
      expect({ call, status, code: body.code }).toEqual({ call, ...wanted });
    }
  });

  it('and docs/operations.md name the metrics that there are', async () => {
    const processes = [stack.api, ...stack.workers, ...stack.webhooks];
    const texts = await Promise.all(processes.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    const served = namesIn(texts.join('\n'), /^# TYPE (vodai_\w+)/gm);
    const roles: string[] = kinds.map(roleOf); // of the database, and named like metrics
    const named = namesIn(operations, /`(vodai_[a-z_]+)/g).filter((name) => !roles.includes(name));
    expect(served).toContain('vodai_jobs_moved_total');
    expect(named).toEqual(served);
  });

  it('and docs/operations.md has a row for each metric, with its type, its labels and the processes that have it', async () => {
    await stack.get('/v1/nothing'); // a route has no series before somebody asks
    const processes = { api: [stack.api], worker: stack.workers, webhook: stack.webhooks };
    const served = new Map<string, { type: string; labels: Set<string>; of: string[] }>();
    for (const [process, servers] of Object.entries(processes)) {
      const text = await (await fetch(`${servers[0]?.url}/metrics`)).text();
      for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (vodai_\w+) (\w+)$/gm)) {
        const metric = served.get(name) ?? { type, labels: new Set<string>(), of: [] };
        for (const [, labels = ''] of text.matchAll(new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'gm'))) {
          for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) if (label !== 'le') metric.labels.add(label);
        }
        served.set(name, { ...metric, of: [...metric.of, process] });
      }
    }
    const row = /^\| `(vodai_\w+)` +\| (\w+) +\| ([^|]+?) +\| ([^|]+?) +\|/gm;
    const rows = [...section(operations, 'Health and metrics').matchAll(row)];
    expect(rows.map(([, name = '']) => name).toSorted()).toEqual([...served.keys()].toSorted());
    for (const [, name = '', type, labels = '', of = ''] of rows) {
      const metric = served.get(name);
      const named = labels === '–' ? [] : labels.replaceAll('`', '').split(', ');
      // Missing without a Redis, and without anything that was ignored: then only the names can be compared.
      const wanted = metric?.labels.size === 0 ? named : [...(metric?.labels ?? [])];
      expect({ name, type, labels: named.toSorted(), of }).toEqual({
        name,
        type: metric?.type,
        labels: wanted.toSorted(),
        of: metric?.of.join(', '),
      });
    }
  });
});

describe('The environment of docs/operations.md', () => {
  const rows = [...section(operations, 'Environment').matchAll(/^\| `([A-Z_]+)` *\| (?:`([^`]+)`|–) *\|/gm)];
  const table = rows.map(([, name = '', value]) => ({ name, value }));

  it('has a row for every variable and no other', () => {
    expect(table.map(({ name }) => name).toSorted()).toEqual([...settings.keys()].toSorted());
  });

  it.each(table)('says the default of $name', ({ name, value }) => {
    const least = { DATABASE_URL: 'postgres://127.0.0.1/vod' };
    // Where it says that there is none, none is written in the code; what it says is what leaving it out means.
    expect(value ?? settings.get(name) ?? 'none').toBe(value ?? 'none');
    expect(loadConfig({ ...least, ...(value && { [name]: value }) }, 'worker')).toEqual(loadConfig(least, 'worker'));
  });
});

describe('CHANGELOG.md', () => {
  it('begins with what is unreleased, and then has the version of package.json', () => {
    const headings = [...read('CHANGELOG.md').matchAll(/^## \[([^\]]+)\]/gm)].map(([, name]) => name);
    expect(headings.slice(0, 2)).toEqual(['Unreleased', version]);
  });
});

describe('docs/decisions', () => {
  it('are numbered without a gap', () => {
    const numbers = decisions.map((file) => Number(/^(\d{4})-[\w-]+\.md$/.exec(file)?.[1]));
    expect(numbers).toEqual(decisions.map((_file, i) => i + 1));
  });

  it.each(decisions)('%s says context, decision and consequences under its number', (file) => {
    const text = read(`docs/decisions/${file}`);
    expect(text).toMatch(new RegExp(`^# ${Number(file.slice(0, 4))}\\. \\S`));
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['Context', 'Decision', 'Consequences']);
  });
});

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function markdownUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))
    .toSorted();
}

/** Relative paths of ours, and their folders. */
function filesUnder(folder: string): Set<string> {
  const found = new Set<string>();
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (['node_modules', 'dist', 'coverage', '.data', '.git'].includes(entry.name)) continue;
    const path = join(folder, entry.name);
    found.add(path);
    if (entry.isDirectory()) for (const inner of filesUnder(path)) found.add(inner);
  }
  return found;
}

/** The names that libs/config reads, each with the default that is written there. */
function variablesInCode(): Map<string, string | null> {
  const parts = read('libs/config/src/variables.ts').split(/^ {2}(?=[A-Z][A-Z0-9_]*: )/m);
  return new Map(
    parts.slice(1).map((part) => [part.slice(0, part.indexOf(':')), /\.prefault\('([^']*)'\)/.exec(part)?.[1] ?? null]),
  );
}

function composeProfiles(): string[] {
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { profiles?: string[] }>;
  };
  return Object.values(services).flatMap(({ profiles = [] }) => profiles);
}

/** Each once, in order. */
function namesIn(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))].toSorted();
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', inner = '']) => ({
    language,
    text: inner,
  }));
}

/** Without its blocks and inline code. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
}

/** What stands in shell blocks and between backticks: a command, a file, a name. */
function commandsIn(text: string): string[] {
  const shell = blocksOf(text).filter(({ language }) => language === 'sh');
  const inline = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...shell.flatMap((block) => block.text.split('\n').map((line) => line.replace(/ +#.*/, ''))), ...inline];
}

function section(text: string, heading: string): string {
  const after = text.split(`\n## ${heading}\n`)[1];
  if (after === undefined) throw new Error(`there is no heading "${heading}"`);
  return after.split(/^## /m)[0] ?? '';
}

function resolves(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : join(dirname(document), path);
  if (!files.has(target)) return false;
  if (anchor === undefined) return true;
  const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.some((heading) => slugOf(heading) === anchor);
}

/** The anchor of a heading, as GitHub makes it. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');
}

function looksLikeFile(word: string): boolean {
  if (/[<>*…$|{]/.test(word)) return false;
  const inTree = /^(apps|libs|docs|test|migrations|tools|bench|dist)\//.test(word);
  return inTree || /^\.?[\w-]+(\.[\w-]+)*\.(md|json|cjs|mjs|ts|yml|sql)$/.test(word);
}

/** A path from the root, or the bare name of a file of which the text says where it is. What the build makes counts by its source. */
function isThere(name: string): boolean {
  const source = name.replace(/^dist\/(.*)\.js$/, '$1.ts').replace(/\/$/, '');
  return files.has(source) || (!name.includes('/') && [...files].some((file) => file.endsWith(`/${name}`)));
}

/** Brackets that don't fit, and subgraphs that don't end; what is in quotes is text. */
function unbalanced(diagram: string): string[] {
  const code = diagram.replace(/"[^"\n]*"/g, '');
  const pairs = ['()', '[]', '{}'].filter(
    ([open = '', close = '']) => code.split(open).length !== code.split(close).length,
  );
  const opened = code.match(/^\s*subgraph\b/gm)?.length ?? 0;
  const ended = code.match(/^\s*end$/gm)?.length ?? 0;
  return [...pairs, ...(opened === ended ? [] : ['subgraph … end']), ...(code.includes('"') ? ['"'] : [])];
}

interface Request {
  path: string;
  body: string | undefined;
  headers: Record<string, string>;
}

/** The curl command of a shell block, taken apart: a machine with nothing but Node has no curl. */
function requestOf(block: string): Request {
  const command = (blocksOf(`\`\`\`sh\n${block}`)[0]?.text ?? '').replaceAll('\\\n', ' ');
  const curl = /^curl [^|\n]*/m.exec(command)?.[0] ?? '';
  const words = [...curl.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, one, two, three]) => one ?? two ?? three ?? '',
  );
  const after = (option: string) => words.filter((_word, i) => words[i - 1] === option);
  const url = words.find((word) => word.startsWith('http'));
  if (!url) throw new Error(`expected a curl command with a URL, got: ${command}`);
  return {
    path: url.replace(/^http:\/\/127\.0\.0\.1:3000/, ''),
    body: after('-d')[0],
    headers: Object.fromEntries(after('-H').map(headerOf)),
  };
}

function headerOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function send(stack: Stack, { path, body, headers }: Request, jobId = '') {
  const { authorization = '', ...others } = headers;
  return stack.call(body === undefined ? 'GET' : 'POST', path.replace('$JOB', jobId), {
    ...(body === undefined ? {} : { body }),
    key: null,
    headers: { ...others, authorization: authorization.replace('$(cat .data/api-key)', keys.operator) },
  });
}

/** The names in an answer, at every depth, without its values. */
function shapeOf(value: unknown): any {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (value === null || typeof value !== 'object') return 'value';
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}

/** VOD's ids and the name of the key differ from run to run. */
function withoutIds(line: string): string {
  return line
    .replace(/[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}/g, '<RequestId>')
    .replace(/\b[0-9a-f]{32}\b/g, '<JobId>')
    .replace(/by (local|otto)"/, 'by <client>"');
}
