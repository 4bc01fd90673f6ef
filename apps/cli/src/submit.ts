import { isSilent } from '@app/domain';
import { ApiError, type Submitted } from '@app/client';
import { encodings } from '@app/media-list';
import { Command, Option } from 'commander';
import { brokenOff, Failure, inDoubt, JobsFailed, mayHaveBeenDone, wrongUsage } from './failure';
import { Board, whileListening } from './follow';
import { stoppable } from './interrupt';
import { inLanes } from './lanes';
import { readMedia } from './media-file';
import { label, priorityOption, typesOption } from './options';
import { styleOfState, type Column } from './screen';
import { inSession, type Session } from './session';
import { bodyOf, config, keysFor, sendsKeyItself, wasAskedOtherwise, type SubmitOptions } from './submission';
import { counted, number } from './words';

/** More jobs than that and a terminal shows the sum alone. */
const MANY = 50;

/** Fewer media than that are submitted before a bar could be seen. */
const FEW = 16;

const OTHERWISE =
  'submitted before with other labels or another priority; to have it done once more, give another --idempotency-key';

interface Row {
  request: Submitted;
  job: Submitted['jobs'][number];
}

const columns: Column<Row>[] = [
  { head: 'ID', of: ({ job }) => job.id },
  { head: 'STATE', of: ({ job }) => job.state, style: ({ job }) => styleOfState(job) },
  { head: 'TYPE', of: ({ job }) => job.type },
  { head: 'MEDIA', of: ({ request }) => request.mediaId },
  { head: '', of: ({ request }) => (wasHere(request) ? 'was here' : 'new') },
];

export function submitCommand(): Command {
  return new Command('submit')
    .description('enqueue media for AI jobs')
    .argument('[media...]', 'ids in the VOD library')
    .addOption(typesOption())
    .option('--file <file>', "a CSV with a heading, VOD's ids one a line, or JSON objects one a line; - is stdin")
    .option('--column <heading>', 'over the ids in a CSV or JSON, where it is not mediaId, VideoId, 媒体ID or the like')
    .addOption(new Option('--encoding <encoding>', 'of the file, unless its first bytes say it').choices(encodings))
    .option('--config <json>', "VOD's own Config, keyed by type", config)
    .option('--region <region>', 'default: that of the api')
    .addOption(priorityOption())
    .option('--label <key:value>', 'for finding them again (repeatable)', label)
    .option(
      '--idempotency-key <key>',
      'the same key and body give the same request; with several media, of each of them',
    )
    .option('--force', 'also when the same job is open: VOD bills it twice')
    .option('--wait', 'until all jobs are over or held; exits with 1 unless all have succeeded')
    .addHelpText(
      'after',
      `
A file is read as a whole first, and refused with its lines and the reasons when something in it may not be the id of a
media. It may be submitted again, for example after a crash: each media has an idempotency key, made of what is asked for
without labels and priority (or of --idempotency-key), so nothing is doubled. To have all of it done once more, give another --idempotency-key.
Through a pipe: id, state, type, media, "new" or "was here"; with --wait the lines of \`jobs list\`, each when its job is over.

Examples:
  vodai submit 3d3d12340d92c641401fab46a0b847f1 --types tag,dna --wait
  vodai submit --file ids.csv --types tag --label batch:2026-11 --priority low
  vodai submit 3d3d12340d92c641401fab46a0b847f1 --types dna --config '{"AIMediaDNA": {"DNADBId": "88c6ca18"}}'`,
    )
    .action((media: string[], options: SubmitOptions, command: Command) =>
      inSession(command, (session) => submit(session, media, options), 'go on'),
    );
}

async function submit(session: Session, named: string[], options: SubmitOptions): Promise<void> {
  const listed = options.file === undefined ? null : await readMedia(session.screen, options.file, options);
  const media = [...new Set([...named, ...(listed?.ids ?? [])])];
  if (listed?.repeated) session.screen.note(`${counted(listed.repeated, 'line')} of the file repeated`);
  const [only] = media;
  const { idempotencyKey: key } = options;
  if (only === undefined) throw wrongUsage('expected ids of media, or --file with some, got none');
  if (options.file !== undefined && options.force && key === undefined) {
    throw wrongUsage('expected --idempotency-key with --file and --force: without it, a second run would pay again');
  }
  if (key !== undefined && sendsKeyItself(media, options) && !/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw wrongUsage('expected 1 to 255 printable ASCII characters for --idempotency-key');
  }
  await stoppable(session.screen, (stop) => {
    const asked = { media, options, stop };
    return options.wait ? submitAndWait(session, asked) : submitAndTell(session, asked);
  });
}

interface Asked {
  media: string[];
  options: SubmitOptions;
  stop: AbortSignal;
}

async function submitAndTell(session: Session, asked: Asked): Promise<void> {
  const { screen } = session;
  const rows: Row[] = [];
  try {
    const refused = await submitAll(session, asked, async (request) => {
      const made = request.jobs.map((job) => ({ request, job }));
      if (screen.form === 'json') await screen.json(request);
      else if (screen.form === 'lines') await screen.list(made, columns);
      else if (rows.length <= MANY) rows.push(...made);
    });
    failIfRefused(refused, asked);
  } finally {
    // Also when it broke off: what was made is there.
    if (rows.length <= MANY) await screen.list(rows, columns);
  }
}

/** Listens first: then nothing that happens to a job between its request and the waiting is missed. */
async function submitAndWait(session: Session, asked: Asked): Promise<void> {
  const board = new Board(session.screen, 'ends');
  await whileListening(
    session,
    asked.media.length === 1 ? { mediaId: asked.media[0] } : {},
    (change) => board.changed(change),
    async () => {
      const refused = await submitAll(session, asked, async ({ mediaId, jobs }) => {
        for (const job of jobs) {
          // Over before: then no change will tell how it ended.
          board.add({ ...job, mediaId }, isSilent(job.state) ? await session.api.job(job.id) : undefined);
        }
      });
      await board.allOver(asked.stop).catch((error: unknown) => {
        // What was not even tried has the last word.
        if (refused === 0 || !(error instanceof JobsFailed)) throw error;
        session.screen.note(error.message, 'red');
      });
      failIfRefused(refused, asked);
    },
  );
}

/** Goes on over media that the api refuses, and answers how many these were. */
async function submitAll(
  { api, screen, failureOf, paced }: Session,
  { media, options, stop }: Asked,
  onSubmitted: (request: Submitted) => Promise<void>,
): Promise<number> {
  const keyOf = keysFor(media, options);
  const pace = paced((error) => screen.note(`waiting for the api: ${error.message}`, 'yellow'));
  const advance = media.length > FEW ? screen.progress(media.length, 'media submitted') : () => {};
  const count = { made: 0, here: 0, refused: 0, inDoubt: 0 };
  const submitOne = (mediaId: string): Promise<Submitted> => {
    const idempotencyKey = keyOf(mediaId);
    const send = () => api.submit(bodyOf(mediaId, options), { idempotencyKey });
    // Its key makes it safe to try again.
    return idempotencyKey === undefined ? send() : pace.untilTaken(send, stop);
  };
  const work = async (mediaId: string) => {
    try {
      const request = await submitOne(mediaId).catch((error: unknown) => {
        if (mayHaveBeenDone(error)) count.inDoubt += 1;
        throw error;
      });
      count[wasHere(request) ? 'here' : 'made'] += 1;
      await onSubmitted(request);
    } catch (error) {
      if (!isAboutOneMedia(error)) throw error;
      count.refused += 1;
      screen.note(`${mediaId}: ${wasAskedOtherwise(error, options) ? OTHERWISE : failureOf(error).message}`, 'red');
    }
    advance(count.made + count.here + count.refused);
  };
  try {
    await inLanes(media, pace.lanes, work, stop);
  } catch (error) {
    const safe = media.every((mediaId) => keyOf(mediaId) !== undefined);
    if (media.length === 1 && !safe && count.inDoubt === 0) throw error;
    const done = `${number(count.made + count.here)} of ${counted(media.length, 'media', 'media')} submitted`;
    const goOn = safe ? 'the same command goes on from there' : inDoubt(count.inDoubt);
    throw brokenOff(done, failureOf(error), goOn);
  } finally {
    screen.endProgress();
  }
  const said = [
    `${number(count.made)} submitted`,
    count.here && `${number(count.here)} here before`,
    count.refused && `${number(count.refused)} refused`,
  ];
  screen.note(`${counted(media.length, 'media', 'media')}: ${said.filter(Boolean).join(', ')}`);
  return count.refused;
}

function failIfRefused(refused: number, { media }: Asked): void {
  if (refused > 0) throw new Failure(`${number(refused)} of ${counted(media.length, 'media', 'media')} refused`);
}

/** What the api refuses may be one media's trouble. */
function isAboutOneMedia(error: unknown): boolean {
  return error instanceof ApiError && [400, 409, 422].includes(error.status);
}

function wasHere({ replayed, deduplicated }: Submitted): boolean {
  return replayed || deduplicated;
}
