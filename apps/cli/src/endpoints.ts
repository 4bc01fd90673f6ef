import { setTimeout as pause } from 'node:timers/promises';
import { jobTypes, newsTypes, shortTypeNames, type JobType, type NewsType } from '@app/domain';
import type { DeliveryAnswer, EndpointAnswer } from '@app/contract';
import { Command, InvalidArgumentError, Option } from 'commander';
import { confirm } from './confirm';
import { tellDelivery } from './deliveries';
import { Failure } from './failure';
import { idOf, label, typesOf, wholeNumber } from './options';
import { eachPage, type PageOptions } from './pages';
import type { Column, Screen } from './screen';
import { inSession, type Session } from './session';
import { labelOf } from './submission';
import { dateTime } from './times';
import { counted } from './words';

/** `paused`, by a person, or why else nothing is sent to it. */
function standingOf({ paused, pauseReason, failingSince }: EndpointAnswer): 'on' | 'failing' | 'paused' | 'gone' {
  if (paused) return pauseReason === 'person' || pauseReason === null ? 'paused' : pauseReason;
  return failingSince === null ? 'on' : 'failing';
}

const styles = { on: 'green', failing: 'red', gone: 'red', paused: 'yellow' } as const;

const columns: Column<EndpointAnswer>[] = [
  { head: 'ID', of: ({ id }) => id },
  { head: 'STATE', of: standingOf, style: (endpoint) => styles[standingOf(endpoint)] },
  { head: 'CLIENT', of: ({ client }) => client },
  { head: 'EVENTS', of: ({ events }) => events.map(shortOf).join(',') },
  { head: 'URL', of: ({ url }) => url },
  { head: 'WAITING', of: ({ waiting }) => String(waiting) },
  { head: 'CREATED', of: ({ createdAt }) => createdAt, shown: ({ createdAt }) => dateTime(createdAt) },
];

export function endpointsCommand(): Command {
  return new Command('endpoints')
    .description('where you are told that jobs are over')
    .addCommand(list())
    .addCommand(add())
    .addCommand(show())
    .addCommand(pauseOrResume('pause', true, 'send nothing to an endpoint; what happens is kept for it'))
    .addCommand(pauseOrResume('resume', false, 'let an endpoint go on: what has waited for it is sent now'))
    .addCommand(rotate())
    .addCommand(test())
    .addCommand(remove());
}

function list(): Command {
  return new Command('list')
    .description('your endpoints, newest first; those of all clients for an admin')
    .option('--limit <n>', 'so many at most', wholeNumber, 50)
    .option('--all', 'all of them, page by page')
    .addHelpText(
      'after',
      `
Through a pipe: id, state, client, events, url, how many wait, created, separated by tabs.

Examples:
  vodai endpoints list
  vodai endpoints list --json | jq 'select(.paused) | .url'`,
    )
    .action((options: PageOptions, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        let found = 0;
        const more = await eachPage(
          options,
          (page) => api.endpoints(page),
          async (items) => {
            found += items.length;
            await screen.list(items, columns);
          },
        );
        if (screen.form !== 'table') return;
        if (found === 0) screen.note('no endpoints; vodai endpoints add makes one');
        else if (more) screen.note(`the newest ${found}; more with --limit or --all`);
      }),
    );
}

interface AddOptions {
  events: NewsType[];
  types?: JobType[];
  label?: string[];
  withResult?: boolean;
  paused?: boolean;
}

function add(): Command {
  return new Command('add')
    .description('have a URL called when your jobs are over or held; prints its secret, once')
    .argument('<url>', 'https://…')
    .addOption(
      new Option('--events <events>', `comma-separated: ${newsTypes.map(shortOf).join(', ')}`)
        .choices(newsTypes.map(shortOf))
        .argParser(newsOf)
        .default([...newsTypes], 'all'),
    )
    .addOption(
      new Option('--types <types>', 'of these types only')
        .choices([...Object.values<string>(shortTypeNames), ...jobTypes])
        .argParser(typesOf),
    )
    .option('--label <key:value>', 'of jobs that carry this label (repeatable)', label)
    .option('--with-result', 'with the result in the message')
    .option('--paused', 'send nothing yet')
    .addHelpText(
      'after',
      `
What receives it verifies the signature with the secret: docs/deliveries.md has that in five languages.

Examples:
  vodai endpoints add https://shop.example/vodai
  vodai endpoints add https://shop.example/vodai --events succeeded,failed --label team:shop --with-result
  vodai endpoints add https://shop.example/vodai --json | jq -r .secret > vodai-secret`,
    )
    .action((url: string, options: AddOptions, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        const { events, types, label: labels, withResult, paused } = options;
        const made = await api.addEndpoint({
          url,
          events,
          types,
          labels: labels && Object.fromEntries(labels.map(labelOf)),
          includeResult: withResult,
          paused,
        });
        await tellEndpoint(screen, made, made.secret);
      }),
    );
}

function show(): Command {
  return ofOne('show', 'one endpoint', async ({ api, screen }, id) => tellEndpoint(screen, await api.endpoint(id)));
}

function pauseOrResume(name: string, paused: boolean, description: string): Command {
  return ofOne(name, description, async ({ api, screen }, id) =>
    tellEndpoint(screen, await api.changeEndpoint(id, { paused })),
  );
}

function rotate(): Command {
  return ofOne(
    'rotate',
    'a new secret, printed once; for a day the one before it signs as well',
    async (session, id) => {
      const rotated = await session.api.rotateSecret(id);
      await tellEndpoint(session.screen, rotated, rotated.secret);
    },
  );
}

/** An attempt takes ten seconds at most, and begins when a worker has been woken. */
const TEST_MS = 30_000;
const LOOK_MS = 500;

function test(): Command {
  return ofOne('test', 'send a message about no job, and see how it is answered', async ({ api, screen }, id) => {
    let sent = await api.testEndpoint(id);
    const until = performance.now() + TEST_MS;
    while (sent.attempts === 0 && performance.now() < until) {
      await pause(LOOK_MS);
      sent = await api.delivery(sent.id);
    }
    await tellDelivery(screen, sent);
    if (sent.state !== 'delivered') throw new Failure(whyNot(sent));
  });
}

function whyNot({ id, attempts, lastError, lastStatus }: DeliveryAnswer): string {
  if (attempts === 0) return `it has not been tried yet: does a worker run? vodai deliveries show ${id}`;
  return `it did not get through (${lastError ?? `HTTP ${lastStatus}`}); it is tried again, like any other`;
}

function remove(): Command {
  return ofOne(
    'remove',
    'tell an endpoint nothing any more; what waits for it is dropped',
    async (session, id, yes) => {
      const { api, screen } = session;
      const { url, waiting } = await api.endpoint(id);
      const cost = `${url} is told nothing any more, and ${counted(waiting, 'delivery', 'deliveries')} dropped`;
      await confirm(screen, { yes, cost, question: 'Remove?' });
      await api.removeEndpoint(id);
      screen.note('removed');
    },
  ).option('--yes', 'without being asked');
}

function ofOne(
  name: string,
  description: string,
  work: (session: Session, id: string, yes: boolean) => Promise<void>,
): Command {
  return new Command(name)
    .description(description)
    .argument('<endpoint>', 'its id', idOf('an endpoint', 'vodai endpoints list'))
    .addHelpText('after', `\nExamples:\n  vodai endpoints ${name} 01a22090-11c4-7d0e-9b5a-6f1e2d3c4b5a`)
    .action((id: string, { yes = false }: { yes?: boolean }, command: Command) =>
      inSession(command, (session) => work(session, id, yes)),
    );
}

async function tellEndpoint(screen: Screen, endpoint: EndpointAnswer, secret: string | null = null): Promise<void> {
  if (screen.form === 'json') return screen.json(endpoint);
  const time = (at: string | null) => (at && screen.form === 'table' ? dateTime(at) : at);
  await screen.fields({
    endpoint: endpoint.id,
    secret,
    state: standingOf(endpoint),
    url: endpoint.url,
    client: endpoint.client,
    events: endpoint.events.map(shortOf).join(', '),
    types: endpoint.types?.join(', ') ?? 'all',
    labels: Object.entries(endpoint.labels)
      .map(([key, value]) => `${key}:${value}`)
      .join(', '),
    'with the result': endpoint.includeResult ? 'yes' : 'no',
    'paused since': time(endpoint.pausedAt),
    'fails since': time(endpoint.failingSince),
    waiting: String(endpoint.waiting),
    created: `${time(endpoint.createdAt)} by ${endpoint.createdBy}`,
  });
  if (secret !== null) screen.note('the secret is shown this once', 'yellow');
}

function shortOf(type: NewsType): string {
  return type.slice('job.'.length);
}

function newsOf(text: string): NewsType[] {
  return text.split(',').map((word) => {
    const found = newsTypes.find((type) => type === word || shortOf(type) === word);
    if (!found) throw new InvalidArgumentError(`Expected ${newsTypes.map(shortOf).join(', ')}, got ${word}.`);
    return found;
  });
}
