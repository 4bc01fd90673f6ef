import { memberOf } from '@app/client';
import type { HistoryAnswer, EvidenceAnswer, JobAnswer, OutlookAnswer } from '@app/contract';
import { Command } from 'commander';
import { cancel, refetch, resolve, retry } from './actions';
import { wrongUsage } from './failure';
import { Board, tellChange, whileListening } from './follow';
import { jobColumns } from './job-columns';
import { inLanes } from './lanes';
import { filterOf, jobId, jobIds, tellWhen, wholeNumber, withFilters, type FilterOptions } from './options';
import { tellOutlook } from './outlook';
import { eachPage, type PageOptions } from './pages';
import { showResult } from './result';
import { idsOf } from './selection';
import { styled, type Screen } from './screen';
import { inSession, type Session } from './session';
import { dateTime } from './times';
import { counted, standing } from './words';

/** Calls at the same time. */
const LANES = 8;

export function jobsCommand(): Command {
  const jobs = new Command('jobs').description('look at jobs and act on them');
  return jobs
    .addCommand(list())
    .addCommand(show())
    .addCommand(watch())
    .addCommand(result())
    .addCommand(cancel())
    .addCommand(retry())
    .addCommand(refetch())
    .addCommand(resolve());
}

function list(): Command {
  return withFilters(new Command('list').description('the job table, newest first'))
    .option('--limit <n>', 'so many at most', wholeNumber, 50)
    .option('--all', 'all of them, page by page')
    .addHelpText(
      'after',
      `
Through a pipe: id, state, type, media, created, error code, separated by tabs. With --json: one job a line.

Examples:
  vodai jobs list --state failed,held --from 2h
  vodai jobs list --media 3d3d12340d92c641401fab46a0b847f1
  vodai jobs list --label batch:2026-11 --all | cut -f2 | sort | uniq -c
  vodai jobs list --state failed --all | grep InternalError | vodai jobs retry - --yes`,
    )
    .action((options: FilterOptions & PageOptions, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        tellWhen(screen, options);
        const filter = filterOf(options);
        let found = 0;
        const more = await eachPage(
          options,
          (page) => api.jobs({ ...filter, ...page }),
          async (items) => {
            found += items.length;
            await screen.list(items, jobColumns);
          },
        );
        if (screen.form !== 'table') return;
        if (found === 0) screen.note('no jobs');
        else if (more) screen.note(`the newest ${found}; more with --limit or --all`);
      }),
    );
}

function show(): Command {
  return new Command('show')
    .description('the whole story of a job')
    .argument('<job>', 'its id', jobId)
    .addHelpText(
      'after',
      `
With --json: {"job", "history", "evidence", "outlook"}.

Examples:
  vodai jobs show 01a2032f-e07b-7439-9f71-b8fc9c427ca2
  vodai jobs show 01a2032f-e07b-7439-9f71-b8fc9c427ca2 --json | jq '.history[].text'`,
    )
    .action((id: string, _options: object, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        const [job, history, evidence, outlook] = await Promise.all([
          api.job(id),
          api.wholeHistory(id),
          api.evidence(id),
          api.outlook(id),
        ]);
        if (screen.form === 'json') await screen.json({ job, history, evidence, outlook });
        else await tellStory(screen, job, { history, evidence, outlook });
      }),
    );
}

async function tellStory(
  screen: Screen,
  job: JobAnswer,
  about: { history: HistoryAnswer['items']; evidence: EvidenceAnswer; outlook: OutlookAnswer },
): Promise<void> {
  const { submissions, unmatchedEvents, sameMedia } = about.evidence;
  const time = (at: string | null) => (at && screen.form === 'table' ? dateTime(at, { ms: true }) : at);
  await screen.fields({
    job: job.id,
    state: job.state,
    now: standing(job, Date.now()),
    because: tellOutlook(about.outlook, job.region, Date.now()),
    type: job.type,
    media: job.mediaId,
    error: job.error && `${job.error.code}: ${job.error.message}`,
    'VOD JobId': job.vodJobId,
    request: job.requestId,
    region: job.region,
    client: job.client,
    priority: job.priority,
    labels: Object.entries(job.labels)
      .map(([key, value]) => `${key}:${value}`)
      .join(', '),
    attempts: String(job.attempts),
    created: time(job.createdAt),
    sent: time(job.submittedAt),
    'over at VOD': time(job.finishedAt),
    settled: time(job.settledAt),
  });

  const section = async (title: string, name: string, rows: string[][]) => {
    if (screen.form === 'lines') for (const row of rows) await screen.row([name, ...row]);
    else if (rows.length > 0) {
      await screen.line();
      await screen.line(styled('bold', title));
      await screen.table(rows);
    }
  };
  await section(
    'What happened',
    'history',
    about.history.map(({ at, text }) => [time(at) ?? '', text]),
  );
  await section(
    'Who was told',
    'delivery',
    about.history
      .flatMap(({ deliveries = [] }) => deliveries)
      .map(({ id, state, type, url, attempts }) => [id, state, type, url, String(attempts)]),
  );
  await section(
    'Attempts',
    'attempt',
    submissions.map(({ number, sentAt, outcome, vodRequestId, code }) => [
      String(number),
      outcome ?? 'under way',
      time(sentAt) ?? 'not sent',
      vodRequestId ?? '',
      code ?? '',
    ]),
  );
  if (job.state !== 'held') return;
  await section(
    'Events that may be about it',
    'event',
    unmatchedEvents.map(({ id, receivedAt, vodJobId, status }) => [id, time(receivedAt) ?? '', vodJobId, status]),
  );
  await section(
    'Other jobs of this media and type',
    'same-media',
    sameMedia.map(({ id, state, vodJobId, createdAt }) => [id, state, vodJobId ?? '', time(createdAt) ?? '']),
  );
}

function watch(): Command {
  return withFilters(new Command('watch').description('changes as they happen'))
    .argument('[job...]', 'ids, or - for stdin: ends when all of them are over or held', jobIds)
    .addHelpText(
      'after',
      `
With ids it exits with 0 when all of them have succeeded, else with 1. It waits for an api that restarts and misses nothing.
Through a pipe: time, id, media, type, state, what happened, separated by tabs. With --json: {"change", "job"} a line.

Examples:
  vodai jobs watch 01a2032f-e07b-7439-9f71-b8fc9c427ca2
  vodai jobs watch --state failed,held
  vodai jobs watch --label batch:2026-11 --json | jq -r '.job.mediaId'`,
    )
    .action((ids: string[], options: FilterOptions, command: Command) =>
      inSession(
        command,
        async (session) => {
          tellWhen(session.screen, options);
          const filter = filterOf(options);
          const filtered = Object.values(filter).some((value) => value !== undefined);
          if (ids.length > 0 && filtered) throw wrongUsage('expected ids or filters, got both');
          if (ids.length > 0) return watchJobs(session, await idsOf(ids));
          let printed: Promise<void> = Promise.resolve();
          return whileListening(
            session,
            filter,
            (change) => {
              printed = printed.then(() => tellChange(session.screen, change));
            },
            () => {
              session.screen.note('watching; Ctrl-C ends it');
              return new Promise<never>(() => {});
            },
          );
        },
        ids.length > 0 ? 'go on' : 'end',
      ),
    );
}

async function watchJobs(session: Session, ids: string[]): Promise<void> {
  const { api, screen } = session;
  const board = new Board(screen, 'changes');
  const [only] = ids;
  await whileListening(
    session,
    ids.length === 1 ? { q: only } : {},
    (change) => board.changed(change),
    async (signal) => {
      await inLanes(
        ids,
        () => LANES,
        async (id) => {
          const job = await api.job(id, { signal });
          board.add(job, job);
          if (screen.form === 'table') screen.note(`${job.mediaId}: ${standing(job, Date.now())}`);
        },
      );
      screen.note(`watching ${counted(ids.length, 'job')}`);
      await board.allOver();
    },
  );
}

function result(): Command {
  return new Command('result')
    .description('what VOD found')
    .argument('<job>', 'its id', jobId)
    .option('--raw', 'as VOD said it, as JSON')
    .addHelpText(
      'after',
      `
Through a pipe: group, tag, moments; or what is said, from, to; or media, similarity, spans: separated by tabs.

Examples:
  vodai jobs result 01a2032f-e07b-7439-9f71-b8fc9c427ca2
  vodai jobs result 01a2032f-e07b-7439-9f71-b8fc9c427ca2 --raw > tags.json`,
    )
    .action((id: string, { raw = false }: { raw?: boolean }, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        const found = await api.result(id);
        // As it came: what is parsed and written again has lost the digits of long numbers.
        if (raw) await screen.jsonText(memberOf(found.text, 'raw') ?? 'null');
        else if (screen.form === 'json') await screen.jsonText(found.text);
        else await showResult(screen, found);
      }),
    );
}
