import { deliveryStates, deliveryTypes, type DeliveryState, type DeliveryType } from '@app/domain';
import { ApiError } from '@app/client';
import type { DeliveryAnswer, DeliveryItem } from '@app/contract';
import { Command, InvalidArgumentError, Option } from 'commander';
import { confirm } from './confirm';
import { Failure, wrongUsage } from './failure';
import { idOf, idsBy, jobId, wholeNumber } from './options';
import { eachPage, type PageOptions } from './pages';
import { idsOf } from './selection';
import { styled, type Column, type Screen } from './screen';
import { inSession, type Session } from './session';
import { dateTime, momentOf, time } from './times';
import { counted, fromNow, number } from './words';

const styles = { waiting: 'yellow', delivered: 'green', failed: 'red', dropped: 'dim' } as const;

const columns: Column<DeliveryItem>[] = [
  { head: 'ID', of: ({ id }) => id },
  { head: 'STATE', of: ({ state }) => state, style: ({ state }) => styles[state] },
  { head: 'TYPE', of: ({ type }) => type },
  { head: 'JOB', of: (delivery) => delivery.jobId ?? '' },
  { head: 'URL', of: ({ url }) => url },
  { head: 'ATTEMPTS', of: ({ attempts }) => String(attempts) },
  { head: 'LAST', of: lastOf },
  { head: 'CREATED', of: ({ createdAt }) => createdAt, shown: ({ createdAt }) => dateTime(createdAt) },
];

function lastOf({ lastStatus, lastError }: DeliveryItem): string {
  return lastError ?? (lastStatus === null ? '' : String(lastStatus));
}

const endpointId = idOf('an endpoint', 'vodai endpoints list');
const deliveryId = idOf('a delivery', 'vodai deliveries list');

export function deliveriesCommand(): Command {
  return new Command('deliveries')
    .description('what endpoints were told, and how they answered')
    .addCommand(list())
    .addCommand(show())
    .addCommand(replay());
}

interface ListOptions extends PageOptions {
  endpoint?: string;
  state?: DeliveryState[];
  type?: DeliveryType;
  job?: string;
  from?: string;
  to?: string;
}

function list(): Command {
  return new Command('list')
    .description('deliveries, newest first')
    .option('--endpoint <id>', 'to this endpoint', endpointId)
    .addOption(
      new Option('--state <states>', `comma-separated: ${deliveryStates.join(', ')}`)
        .choices(deliveryStates)
        .argParser(statesOf),
    )
    .addOption(new Option('--type <type>', 'of this news').choices(deliveryTypes))
    .option('--job <id>', 'about this job', jobId)
    .option('--from <time>', 'made since: a time, a day, today, or how long ago, like 15m, 2h or 7d', time)
    .option('--to <time>', 'made before', time)
    .option('--limit <n>', 'so many at most', wholeNumber, 50)
    .option('--all', 'all of them, page by page')
    .addHelpText(
      'after',
      `
Through a pipe: id, state, type, job, url, attempts, last answer or error, created, separated by tabs.

Examples:
  vodai deliveries list --state failed,waiting --from 2h
  vodai deliveries list --job 01a2032f-e07b-7439-9f71-b8fc9c427ca2
  vodai deliveries list --state failed --all | vodai deliveries replay -`,
    )
    .action((options: ListOptions, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        const { endpoint, state, type, job } = options;
        const filter = { endpoint, state, type, jobId: job, ...madeBetween(options) };
        let found = 0;
        const more = await eachPage(
          options,
          (page) => api.deliveries({ ...filter, ...page }),
          async (items) => {
            found += items.length;
            await screen.list(items, columns);
          },
        );
        if (screen.form !== 'table') return;
        if (found === 0) screen.note('no deliveries');
        else if (more) screen.note(`the newest ${found}; more with --limit or --all`);
      }),
    );
}

function show(): Command {
  return new Command('show')
    .description('one delivery with every attempt')
    .argument('<delivery>', 'its id', deliveryId)
    .addHelpText('after', `\nExamples:\n  vodai deliveries show 01a22092-62a1-7c34-8e1f-90a1b2c3d4e5`)
    .action((id: string, _options: object, command: Command) =>
      inSession(command, async ({ api, screen }) => tellDelivery(screen, await api.delivery(id))),
    );
}

/** For a person or a pipe; with --json as it is. */
export async function tellDelivery(screen: Screen, delivery: DeliveryAnswer): Promise<void> {
  if (screen.form === 'json') return screen.json(delivery);
  const at = (moment: string | null) => (moment && screen.form === 'table' ? dateTime(moment, { ms: true }) : moment);
  await screen.fields({
    delivery: delivery.id,
    state: delivery.state,
    type: delivery.type,
    job: delivery.jobId,
    endpoint: delivery.endpoint,
    url: delivery.url,
    client: delivery.client,
    happened: at(delivery.happenedAt),
    made: at(delivery.createdAt),
    'tried next': delivery.dueAt && (screen.form === 'table' ? fromNow(delivery.dueAt, Date.now()) : delivery.dueAt),
    over: at(delivery.settledAt),
  });
  const tries = delivery.tries.map(({ number: nth, at: when, outcome, status, durationMs, error, answer }) => [
    String(nth),
    at(when) ?? '',
    outcome,
    String(status ?? ''),
    `${number(durationMs)} ms`,
    error ?? '',
    answer ?? '',
  ]);
  if (screen.form === 'lines') for (const row of tries) await screen.row(['attempt', ...row]);
  else if (tries.length > 0) {
    await screen.line();
    await screen.line(styled('bold', 'Attempts'));
    await screen.table(tries);
  }
}

interface ReplayOptions {
  endpoint?: string;
  from?: string;
  to?: string;
  delivered?: boolean;
  yes?: boolean;
}

function replay(): Command {
  return new Command('replay')
    .description('make deliveries again, under the same ids')
    .argument(
      '[delivery...]',
      'ids; - takes them from stdin, where they are the first in their line',
      idsBy(deliveryId),
    )
    .option('--endpoint <id>', 'all that failed at this endpoint', endpointId)
    .option('--from <time>', 'made since', time)
    .option('--to <time>', 'made before', time)
    .option('--delivered', 'also those that got through: with --from')
    .option('--yes', 'without being asked')
    .addHelpText(
      'after',
      `
A receiver that keeps the ids that it has seen takes each once.

Examples:
  vodai deliveries replay 01a22092-62a1-7c34-8e1f-90a1b2c3d4e5
  vodai deliveries replay --endpoint 01a22090-11c4-7d0e-9b5a-6f1e2d3c4b5a
  vodai deliveries replay --endpoint 01a22090-11c4-7d0e-9b5a-6f1e2d3c4b5a --from 2h --delivered --yes`,
    )
    .action((named: string[], options: ReplayOptions, command: Command) =>
      inSession(
        command,
        async (session) => {
          if (named.length > 0 === (options.endpoint !== undefined)) {
            throw wrongUsage('expected ids of deliveries, or --endpoint');
          }
          await (options.endpoint === undefined
            ? replayNamed(session, await idsOf(named, deliveryId))
            : replayAt(session, options.endpoint, options));
        },
        'go on',
      ),
    );
}

/** Goes on over those that are refused, and fails in the end when one was. */
async function replayNamed({ api, screen, failureOf }: Session, ids: string[]): Promise<void> {
  if (ids.length === 0) return screen.note('no deliveries to replay');
  let refused = 0;
  for (const id of ids) {
    try {
      await screen.list([await api.replayDelivery(id)], columns);
    } catch (error) {
      if (!(error instanceof ApiError) || ![404, 409].includes(error.status)) throw error;
      refused += 1;
      screen.note(`${id}: ${failureOf(error).message}`, 'red');
    }
  }
  if (refused > 0) throw new Failure(`${counted(refused, 'delivery', 'deliveries')} of ${number(ids.length)} refused`);
}

async function replayAt({ api, screen }: Session, endpoint: string, options: ReplayOptions): Promise<void> {
  const { delivered = false, yes } = options;
  const { createdFrom: from, createdTo: to } = madeBetween(options);
  if (delivered && from === undefined) throw wrongUsage('expected --from beside --delivered');
  if (delivered) {
    const { url } = await api.endpoint(endpoint);
    await confirm(screen, { yes, cost: `${url} is told again also what it has been told`, question: 'Replay?' });
  }
  const { replayed } = await api.replayDeliveries({ endpoint, from, to, only: delivered ? 'all' : 'failed' });
  if (screen.form === 'json') await screen.json({ replayed });
  else screen.note(`${counted(replayed, 'delivery', 'deliveries')} due again`);
}

function madeBetween({ from, to }: { from?: string; to?: string }) {
  return {
    createdFrom: from === undefined ? undefined : momentOf(from),
    createdTo: to === undefined ? undefined : momentOf(to),
  };
}

function statesOf(text: string, before: DeliveryState[] = []): DeliveryState[] {
  return [
    ...before,
    ...text.split(',').map((word) => {
      const found = deliveryStates.find((state) => state === word);
      if (!found) throw new InvalidArgumentError(`Expected ${deliveryStates.join(', ')}, got ${word}.`);
      return found;
    }),
  ];
}
