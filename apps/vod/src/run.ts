import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadConfig, parseDuration, type ConfigFor } from '@app/config';
import { jobTypes, shortTypeNames, type JobType } from '@app/domain';
import { VodClient } from '@app/vod';
import { configure } from './configure';
import type { Api } from './doctor/arrival';
import { examine, type DoctorOptions } from './doctor/doctor';
import { lineOf, type Finding } from './doctor/finding';
import { costOf, type Spending } from './doctor/spend';
import type { Voice } from './terminal';
import { usage } from './usage';

/** Wrong usage, in words for whoever typed it. */
export class UsageError extends Error {}

/** Time, of which a test has less. */
export interface Time {
  wait: (ms: number) => Promise<unknown>;
  now: () => number;
}

/** Answers the exit code. @throws ConfigError, UsageError */
export async function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  voice: Voice,
  time: Time = { wait, now: Date.now },
): Promise<number> {
  const [command, ...options] = args;
  switch (command) {
    case 'configure':
      return runConfigure(options, env, voice);
    case 'doctor':
      return runDoctor(options, env, voice, time);
    default:
      throw new UsageError(
        `expected configure or doctor, got ${command ?? 'nothing'}\n\n${usage.configure}\n${usage.doctor}`,
      );
  }
}

async function runConfigure(args: string[], env: NodeJS.ProcessEnv, voice: Voice): Promise<number> {
  const { values } = parsed('configure', () =>
    parseArgs({
      args,
      options: {
        check: { type: 'boolean' },
        yes: { type: 'boolean' },
        to: { type: 'string' },
        help: { type: 'boolean' },
      },
    }),
  );
  const { help, check = false, yes = false, to } = values;
  if (help) return helped(usage.configure, voice);
  if (to !== undefined && to !== 'url' && to !== 'queue')
    throw new UsageError(`--to: expected url or queue, got ${to}`);
  if (check && yes) throw new UsageError('--check changes nothing, so there is nothing to say --yes to');
  const config = loadConfig(env, 'vod');
  const vod = clientFor(config);
  try {
    return await configure({ config, vod, voice }, { check, yes, to: to ?? null });
  } finally {
    vod.close();
  }
}

async function runDoctor(args: string[], env: NodeJS.ProcessEnv, voice: Voice, time: Time): Promise<number> {
  const { values: given } = parsed('doctor', () =>
    parseArgs({
      args,
      options: {
        json: { type: 'boolean' },
        'try-url': { type: 'boolean' },
        'nonce-after': { type: 'string' },
        spend: { type: 'string' },
        media: { type: 'string' },
        type: { type: 'string' },
        yes: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }),
  );
  if (given.help) return helped(usage.doctor, voice);
  const config = loadConfig(env, 'vod');
  const options: DoctorOptions = {
    tryUrl: given['try-url'] ?? false,
    nonceAfterMs: given['nonce-after'] === undefined ? null : nonceAgeOf(given['nonce-after']),
    spending: spendingOf(given, config),
  };
  if (options.spending && !(await agreedToPay(options.spending, given.yes ?? false, voice))) return 2; // guard: spending-agreed

  const findings: Finding[] = [];
  const parts = { config, open: () => clientFor(config), api: apiIn(env), ...time };
  for await (const finding of examine(parts, options)) {
    findings.push(finding);
    if (!given.json) voice.say(lineOf(finding));
  }
  const wrong = findings.filter(({ verdict }) => verdict === 'bad').length;
  if (given.json) voice.say(JSON.stringify({ ok: wrong === 0, findings }));
  else voice.note(wrong === 0 ? 'nothing is wrong' : `${wrong} of ${findings.length} need somebody`);
  return wrong === 0 ? 0 : 1;
}

function clientFor({ vod }: ConfigFor<'vod'>): VodClient {
  const { endpoint, timeoutMs, credentials, proxy } = vod;
  return new VodClient({ endpoint, timeoutMs, credentials, proxies: proxy });
}

/** As `vodai` finds it. */
function apiIn({ VODAI_URL: url, VODAI_KEY: key }: NodeJS.ProcessEnv): Api | null {
  return url && key ? { url, key } : null;
}

interface SpendOptions {
  spend?: string | undefined;
  media?: string | undefined;
  type?: string | undefined;
}

function spendingOf({ spend, media, type = 'AIVideoTag' }: SpendOptions, config: ConfigFor<'vod'>): Spending | null {
  if (spend === undefined) {
    if (media === undefined) return null;
    throw new UsageError('--media is for --spend 1, which pays for a job of it');
  }
  if (spend !== '1' && spend !== '2')
    throw new UsageError(`--spend: expected 1 or 2, how many jobs may be paid, got ${spend}`);
  if (media === undefined || !/^[\w-]{1,128}$/.test(media)) {
    throw new UsageError('--spend wants --media <id>: a short video in the library of the first of VOD_REGIONS');
  }
  return { region: config.vod.regions[0], mediaId: media, type: typeNamed(type), jobs: spend === '1' ? 1 : 2 };
}

function typeNamed(name: string): JobType {
  const type = jobTypes.find((each) => each === name || shortTypeNames[each] === name);
  if (type) return type;
  throw new UsageError(`--type: expected one of ${jobTypes.join(', ')}, got ${name}`);
}

async function agreedToPay(spending: Spending, yes: boolean, voice: Voice): Promise<boolean> {
  voice.note(costOf(spending));
  if (yes || (await voice.ask?.('Pay that?'))) return true;
  voice.note(voice.ask === null ? 'nothing was paid: nobody is here to be asked. Say --yes' : 'nothing was paid');
  return false;
}

/** Beyond 15 minutes VOD refuses a signed request for its age, whether it remembers it or not. */
const OLDEST_MS = 14 * 60_000;

function nonceAgeOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1 || ms > OLDEST_MS) {
    throw new UsageError(`--nonce-after: expected a duration up to 14m such as 10m, got ${text}`);
  }
  return ms;
}

function helped(text: string, voice: Voice): number {
  for (const line of text.trimEnd().split('\n')) voice.say(line);
  return 0;
}

/** parseArgs says well enough what it does not take. */
function parsed<T>(command: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nnpm run vod:${command} -- --help says what there is`);
  }
}
