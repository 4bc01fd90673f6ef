import { eventVerdicts, type EventVerdict } from '@app/domain';
import type { EventItem } from '@app/contract';
import { Command, Option } from 'commander';
import { jobId, wholeNumber } from './options';
import { eachPage, type PageOptions } from './pages';
import type { Column } from './screen';
import { inSession } from './session';
import { dateTime } from './times';

interface ListOptions extends PageOptions {
  verdict?: EventVerdict;
  vodJob?: string;
  media?: string;
  job?: string;
}

const verdictStyles = {
  received: 'dim',
  matched: 'green',
  unmatched: 'yellow',
  foreign: 'dim',
  ignored: 'dim',
  rejected: 'red',
} as const;

const columns: Column<EventItem>[] = [
  { head: 'ID', of: ({ id }) => id },
  { head: 'VERDICT', of: ({ verdict }) => verdict, style: ({ verdict }) => verdictStyles[verdict] },
  { head: 'STATUS', of: ({ status }) => status },
  { head: 'MEDIA', of: ({ mediaId }) => mediaId ?? '' },
  { head: 'VOD JOBID', of: ({ vodJobId }) => vodJobId },
  { head: 'RECEIVED', of: ({ receivedAt }) => receivedAt, shown: ({ receivedAt }) => dateTime(receivedAt) },
  { head: 'SIGNATURE', of: ({ signature }) => signature },
];

export function eventsCommand(): Command {
  return new Command('events')
    .description('what was received from VOD')
    .addCommand(list())
    .addCommand(show())
    .addCommand(replay());
}

function list(): Command {
  return new Command('list')
    .description('received events, newest first')
    .addOption(new Option('--verdict <verdict>', 'what became of them').choices(eventVerdicts))
    .option('--vod-job <id>', 'about this JobId of VOD')
    .option('--media <id>', 'about this media')
    .option('--job <id>', 'that belong to this job', jobId)
    .option('--limit <n>', 'so many at most', wholeNumber, 50)
    .option('--all', 'all of them, page by page')
    .addHelpText(
      'after',
      `
Through a pipe: id, verdict, status, media, JobId of VOD, received, signature, separated by tabs.

Examples:
  vodai events list --verdict unmatched
  vodai events list --job 01a2032f-e07b-7439-9f71-b8fc9c427ca2 --json`,
    )
    .action((options: ListOptions, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        const { verdict, vodJob, media, job } = options;
        let found = 0;
        const more = await eachPage(
          options,
          (page) => api.events({ verdict, vodJobId: vodJob, mediaId: media, jobId: job, ...page }),
          async (items) => {
            found += items.length;
            await screen.list(items, columns);
          },
        );
        if (screen.form !== 'table') return;
        if (found === 0) screen.note('no events');
        else if (more) screen.note(`the newest ${found}; more with --limit or --all`);
      }),
    );
}

function show(): Command {
  return new Command('show')
    .description('one event with its body as it was received')
    .argument('<event>', 'its id')
    .addHelpText('after', `\nExamples:\n  vodai events show 01a2032f-e07b-7439-9f71-b8fc9c427ca2`)
    .action((id: string, _options: object, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        const event = await api.event(id);
        if (screen.form === 'json') return screen.json(event);
        const time = (at: string | null) => (at && screen.form === 'table' ? dateTime(at, { ms: true }) : at);
        return screen.fields({
          event: event.id,
          verdict: event.verdict,
          reason: event.reason,
          type: event.eventType,
          status: event.status,
          media: event.mediaId,
          'VOD JobId': event.vodJobId,
          job: event.jobId,
          region: event.region,
          from: event.source,
          signature: event.signature,
          received: time(event.receivedAt),
          copies: event.copies > 1 ? `${event.copies}, the last ${time(event.lastReceivedAt)}` : null,
          'says it is of': time(event.eventTime),
          body: event.bodyDroppedAt === null ? event.body : `it was kept until ${time(event.bodyDroppedAt)}`,
        });
      }),
    );
}

function replay(): Command {
  return new Command('replay')
    .description('have an event looked at again that is unmatched, foreign or ignored, as if it had just come')
    .argument('<event>', 'its id')
    .addHelpText(
      'after',
      `
Nothing is paid by it: an event at most makes its job be read.

Examples:
  vodai events replay 01a2032f-e07b-7439-9f71-b8fc9c427ca2`,
    )
    .action((id: string, _options: object, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        await screen.list([await api.replayEvent(id)], columns);
        if (screen.form === 'table') screen.note(`what became of it: vodai events show ${id}`);
      }),
    );
}
