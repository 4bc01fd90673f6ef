import { billSoFar, statesFor, type JobEventType } from '@app/domain';
import { ApiError, memberOf } from '@app/client';
import type { HistoryAnswer, EvidenceAnswer, JobAnswer, OutlookAnswer, Resolution } from '@app/contract';
import { Command, Option } from 'commander';
import { confirm } from './confirm';
import { brokenOff, Failure, inDoubt, mayHaveBeenDone, wrongUsage } from './failure';
import { Board, tellChange, whileListening } from './follow';
import { jobColumns } from './job-columns';
import { inLanes } from './lanes';
import { filterOf, jobId, jobIds, wholeNumber, withFilters, type FilterOptions } from './options';
import { tellOutlook } from './outlook';
import { eachPage, type PageOptions } from './pages';
import { showResult } from './result';
import type { Screen } from './screen';
import { inSession, type Session } from './session';
import { counted, localTime, printable, standing } from './words';

/** Calls at the same time, for what is done to several jobs. */
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
  vodai jobs list --state failed --error-code InternalError --all | cut -f1 | xargs vodai jobs retry --yes`,
    )
    .action((options: FilterOptions & PageOptions, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        let found = 0;
        const more = await eachPage(
          options,
          (page) => api.jobs({ ...filterOf(options), ...page }),
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
          api.history(id),
          api.evidence(id),
          api.outlook(id),
        ]);
        if (screen.form === 'json') await screen.json({ job, history: history.items, evidence, outlook });
        else await tellStory(screen, job, { history, evidence, outlook });
      }),
    );
}

async function tellStory(
  screen: Screen,
  job: JobAnswer,
  about: { history: HistoryAnswer; evidence: EvidenceAnswer; outlook: OutlookAnswer },
): Promise<void> {
  const { items } = about.history;
  const { submissions, unmatchedEvents, sameMedia } = about.evidence;
  const time = (at: string | null) => (at && screen.form === 'table' ? localTime(at) : at);
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
      await screen.line(`\n${screen.paint('bold', title)}`);
      await screen.table(rows.map((row) => row.map(printable)));
    }
  };
  await section(
    'What happened',
    'history',
    items.map(({ at, text }) => [time(at) ?? '', text]),
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
    .argument('[job...]', 'ids: ends when all of them are over or held', jobIds)
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
          const filter = filterOf(options);
          const filtered = Object.values(filter).some((value) => value !== undefined);
          if (ids.length > 0 && filtered) throw wrongUsage('expected ids or filters, got both');
          if (ids.length > 0) return watchJobs(session, ids);
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
      await inLanes(ids, LANES, async (id) => {
        const job = await api.job(id, { signal });
        board.add(job, job);
        if (screen.form === 'table') screen.note(`${job.mediaId}: ${standing(job, Date.now())}`);
      });
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
        if (raw) await screen.line(memberOf(found.text, 'raw') ?? 'null');
        else if (screen.form === 'json') await screen.line(found.text);
        else await showResult(screen, found);
      }),
    );
}

interface ActOptions {
  reason?: string;
  yes?: boolean;
}

/** What several jobs are acted on with. */
function action(name: string, description: string, examples: string): Command {
  return new Command(name)
    .description(description)
    .argument('<job...>', 'ids', jobIds)
    .option('--reason <why>', 'goes into the history, with your name')
    .addHelpText('after', `\nExamples:\n${examples}`);
}

/** It is done for every job, heard or not. */
const acting = (command: Command, work: (session: Session) => Promise<void>) => inSession(command, work, 'go on');

function cancel(): Command {
  return action(
    'cancel',
    'take jobs back that are not sent yet; nothing is paid',
    `  vodai jobs cancel 01a2032f-e07b-7439-9f71-b8fc9c427ca2 --reason 'wrong media'
  vodai jobs list --state queued --label batch:2026-11 --all | cut -f1 | xargs vodai jobs cancel`,
  ).action((ids: string[], { reason }: ActOptions, command: Command) =>
    acting(command, (session) => forEach(session, ids, (id) => session.api.cancel(id, { reason }))),
  );
}

function retry(): Command {
  return action(
    'retry',
    'new attempts for jobs that are over without success: VOD bills those that succeed',
    `  vodai jobs retry 01a2032f-e07b-7439-9f71-b8fc9c427ca2
  vodai jobs list --state expired --all | cut -f1 | xargs vodai jobs retry --yes --reason 'VOD was down'`,
  )
    .option('--yes', 'without being asked')
    .action((ids: string[], { reason, yes }: ActOptions, command: Command) =>
      acting(command, async (session) => {
        const { api } = session;
        const pay = await confirmed(session, ids, { event: 'retried', yes, question: 'Retry?' });
        // With the version that was seen: another person's click must not be paid a second time.
        await forEach(session, pay.ids, (id) => api.retry(id, { reason, version: pay.versionOf(id) }));
      }),
    );
}

function refetch(): Command {
  return action(
    'refetch',
    'read results again; nothing is paid',
    `  vodai jobs refetch 01a2032f-e07b-7439-9f71-b8fc9c427ca2`,
  ).action((ids: string[], { reason }: ActOptions, command: Command) =>
    acting(command, (session) => forEach(session, ids, (id) => session.api.refetch(id, { reason }))),
  );
}

interface ResolveOptions extends ActOptions {
  adopt?: string;
  resubmit?: boolean;
  fail?: boolean;
}

function resolve(): Command {
  return action(
    'resolve',
    'decide what becomes of held jobs',
    `  vodai jobs list --state held
  vodai jobs show 01a2032f-e07b-7439-9f71-b8fc9c427ca2        # the evidence
  vodai jobs resolve 01a2032f-e07b-7439-9f71-b8fc9c427ca2 --adopt 9e82640c85114bf5af23edfaf0a1b2c3
  vodai jobs resolve 01a2032f-e07b-7439-9f71-b8fc9c427ca2 --fail --reason 'not worth it'`,
  )
    .addOption(new Option('--adopt <vodJobId>', 'VOD has it, under this JobId').conflicts(['resubmit', 'fail']))
    .addOption(
      new Option('--resubmit', 'VOD never had it: send it again; if it had it, VOD bills both').conflicts('fail'),
    )
    .option('--fail', 'give it up')
    .option('--yes', 'without being asked')
    .action((ids: string[], options: ResolveOptions, command: Command) =>
      acting(command, async (session) => {
        const { api } = session;
        const resolution = resolutionOf(options);
        if (resolution.action === 'adopt' && ids.length > 1) throw wrongUsage('expected one job for one JobId of VOD');
        if (resolution.action !== 'resubmit') return forEach(session, ids, (id) => api.resolve(id, resolution));
        const pay = await confirmed(session, ids, { event: 'resubmitted', yes: options.yes, question: 'Send again?' });
        return forEach(session, pay.ids, (id) => api.resolve(id, { ...resolution, version: pay.versionOf(id) }));
      }),
    );
}

function resolutionOf({ adopt, resubmit, fail, reason }: ResolveOptions): Resolution {
  if (adopt !== undefined) return { action: 'adopt', vodJobId: adopt, reason };
  if (resubmit) return { action: 'resubmit', reason };
  if (fail) return { action: 'fail', reason };
  throw wrongUsage('expected --adopt JOBID, --resubmit or --fail');
}

/** The jobs that it would work for, with the versions that were looked at, after somebody agreed to pay for them. */
async function confirmed(
  { api, screen }: Session,
  ids: string[],
  { event, yes, question }: { event: JobEventType; yes: boolean | undefined; question: string },
): Promise<{ ids: string[]; versionOf: (id: string) => number | undefined }> {
  const seen = new Map<string, JobAnswer>();
  await inLanes(ids, LANES, async (id) => {
    seen.set(id, await api.job(id));
  });
  const works = statesFor(event);
  const anew = [...seen.values()].filter(({ state }) => works.includes(state));
  if (anew.length > 0) await confirm(screen, { yes, cost: costOf(anew), question });
  // In the order that was asked for; those in another state are refused by the api, with the reason.
  return { ids, versionOf: (id) => seen.get(id)?.version };
}

/** What new attempts of these cost: VOD bills what succeeds, and may have billed what came before. */
function costOf(jobs: JobAnswer[]): string {
  const [one, they] = [counted(jobs.length, 'job'), jobs.length === 1 ? 'it succeeds' : 'they succeed'];
  const twice = jobs.filter((job) => billSoFar(job) === 'maybe').length;
  if (twice === 0) return `VOD bills ${one} if ${they}, and nothing for the last attempt`;
  const both = twice === jobs.length ? '' : ` of ${counted(twice, 'of them', 'of them')}`;
  return `VOD bills ${one} if ${they}, and may bill the last attempt${both} too`;
}

/** Goes on over failures, prints what became of the jobs, and fails in the end when one of them did. */
async function forEach(
  { screen, failureOf }: Session,
  ids: string[],
  act: (id: string) => Promise<JobAnswer>,
): Promise<void> {
  const done = new Map<string, JobAnswer>();
  let failures = 0;
  let doubtful = 0;
  const advance = ids.length > LANES ? screen.progress(ids.length, 'jobs') : () => {};
  try {
    await inLanes(ids, LANES, async (id) => {
      try {
        done.set(id, await act(id));
      } catch (error) {
        if (!isAboutOneJob(error)) {
          if (mayHaveBeenDone(error)) doubtful += 1;
          throw error;
        }
        failures += 1;
        screen.note(`${id}: ${failureOf(error).message}`, 'red');
      }
      advance(done.size + failures);
    });
  } catch (error) {
    if (ids.length === 1 && doubtful === 0) throw error;
    throw brokenOff(`${done.size} of ${counted(ids.length, 'job')} done`, failureOf(error), inDoubt(doubtful));
  } finally {
    screen.endProgress();
    await screen.list(
      ids.flatMap((id) => done.get(id) ?? []),
      jobColumns,
    );
  }
  if (failures > 0) throw new Failure(`${counted(failures, 'job')} of ${ids.length} refused`);
}

/** The api says no to this one. Whatever else goes wrong would go wrong with all of them. */
function isAboutOneJob(error: unknown): boolean {
  return error instanceof ApiError && [404, 409].includes(error.status);
}
