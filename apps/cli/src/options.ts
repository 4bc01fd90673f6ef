import { jobStates, jobTypes, priorities, shortTypeNames, type JobState, type JobType } from '@app/domain';
import type { JobFilter } from '@app/client';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { wrongUsage } from './failure';
import type { Screen } from './screen';
import { dateTime, isLocal, momentOf, time } from './times';

/** `tag` and `dna` are what people say. */
const typeNames = [...Object.values<string>(shortTypeNames), ...jobTypes];
const typesInWords = jobTypes.map((type) => `${shortTypeNames[type]} (${type})`).join(', ');

export const typesOption = () =>
  new Option('--types <types>', `comma-separated: ${typesInWords}`)
    .choices(typeNames)
    .argParser(typesOf)
    .makeOptionMandatory();

export const priorityOption = () => new Option('--priority <priority>', 'which goes first').choices(priorities);

/** Key and value; may be given several times. */
export function label(pair: string, before: string[] = []): string[] {
  if (!/^[^:]+:/.test(pair)) throw new InvalidArgumentError('Expected key:value.');
  return [...before, pair];
}

export interface FilterOptions {
  search?: string;
  state?: JobState[];
  type?: JobType;
  media?: string;
  vodJob?: string;
  request?: string;
  region?: string;
  client?: string;
  errorCode?: string;
  label?: string[];
  from?: string;
  to?: string;
}

/** What a list and a watch of jobs are narrowed by: everything that the API knows. */
export function withFilters(command: Command): Command {
  return command
    .option('--search <what>', 'a media id, job id, request id, JobId of VOD, or a label as key:value')
    .addOption(
      new Option('--state <states>', `comma-separated: ${jobStates.join(', ')}`).choices(jobStates).argParser(states),
    )
    .addOption(
      new Option('--type <type>', Object.values(shortTypeNames).join(' or ')).choices(typeNames).argParser(typeOf),
    )
    .option('--media <id>', 'of this media')
    .option('--vod-job <id>', 'that VOD knows by this JobId')
    .option('--request <id>', 'of this request')
    .option('--region <region>', 'of this region')
    .option('--client <name>', 'asked for by this client')
    .option('--error-code <code>', 'that went wrong with this code')
    .option('--label <key:value>', 'that carry this label (repeatable)', label)
    .option(
      '--from <time>',
      'created since: a time, a day, today, yesterday, or how long ago, like 15m, 2h or 7d',
      time,
    )
    .option('--to <time>', 'created before', time);
}

export function filterOf(options: FilterOptions): JobFilter {
  return {
    q: options.search,
    state: options.state,
    type: options.type,
    mediaId: options.media,
    vodJobId: options.vodJob,
    requestId: options.request,
    region: options.region,
    client: options.client,
    errorCode: options.errorCode,
    label: options.label,
    createdFrom: options.from === undefined ? undefined : momentOf(options.from),
    createdTo: options.to === undefined ? undefined : momentOf(options.to),
  };
}

/** Whose time it is: a day is not the same everywhere. */
export function tellWhen(screen: Screen, { from, to }: FilterOptions): void {
  for (const [name, text] of Object.entries({ from, to })) {
    if (text !== undefined && isLocal(text)) screen.note(`--${name} ${text} is ${dateTime(momentOf(text))}`);
  }
}

/** In milliseconds. */
export function seconds(text: string): number {
  if (!/^\d{1,6}(\.\d+)?$/.test(text)) throw new InvalidArgumentError('Expected seconds, like 60.');
  return Number(text) * 1_000;
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1.');
  return Number(text);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Before the API is asked: it would only say that this is not a UUID. */
export function jobId(text: string): string {
  if (UUID.test(text)) return text.toLowerCase();
  throw wrongUsage(
    `expected the id of a job, a UUID, got ${text}; the jobs of a media: vodai jobs list --media ${text}`,
  );
}

/** The same of something else, and where its ids are listed. */
export function idOf(what: string, listed: string): (text: string) => string {
  return (text) => {
    if (UUID.test(text)) return text.toLowerCase();
    throw wrongUsage(`expected the id of ${what}, a UUID, got ${text}; see ${listed}`);
  };
}

/** For a variadic argument. `-` is left for whoever reads stdin. */
export function idsBy(read: (text: string) => string): (text: string, before?: string[]) => string[] {
  return (text, before = []) => [...new Set([...before, text === '-' ? text : read(text)])];
}

export const jobIds = idsBy(jobId);

function typeOf(text: string): JobType {
  const found = jobTypes.find((type) => type === text || shortTypeNames[type] === text);
  if (!found) throw new InvalidArgumentError(`Expected ${typeNames.join(', ')}, got ${text}.`);
  return found;
}

export function typesOf(text: string, before: JobType[] = []): JobType[] {
  return [...before, ...text.split(',').map(typeOf)];
}

function states(text: string, before: JobState[] = []): JobState[] {
  return [...before, ...text.split(',').map(stateOf)];
}

function stateOf(text: string): JobState {
  const found = jobStates.find((state) => state === text);
  if (!found) throw new InvalidArgumentError(`Expected ${jobStates.join(', ')}, got ${text}.`);
  return found;
}
