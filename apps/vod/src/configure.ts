import type { ConfigFor } from '@app/config';
import { aiEvents, type CallbackSettings, type ReadOutcome, type VodClient } from '@app/vod';
import { differences, eventTypesWanted, type Difference } from './difference';
import { explained, lacksPermission, policyPage, type NoAnswer } from './remedies';
import { objectionsToKey, targetsOf, type Target, type Way } from './target';
import type { Voice } from './terminal';

/** How it ended, for a script. */
const exitCodes = {
  /** All is as it should be: it was, or it is now. */
  same: 0,
  /** VOD's settings are others: with `--check`, after a no, or because VOD refused the new ones. */
  different: 1,
  /** Wrong usage, a setting that can't be read, or VOD could not be asked. Nothing was changed. */
  unknown: 2,
} as const;
type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface ConfigureOptions {
  /** Only compare. */
  check: boolean;
  /** Don't ask a person. */
  yes: boolean;
  /** Which of two ways. */
  to: Way | null;
}

interface Compared {
  region: string;
  target: Target;
  current: CallbackSettings;
  found: Difference[];
}

interface Failed {
  region: string;
  failed: string;
}

type Chosen = Pick<Compared, 'region' | 'target'>;

/** Brings VOD's callback settings of all regions to what the environment says, when somebody has agreed to the difference. */
export async function configure(
  { config, vod, voice }: { config: ConfigFor<'vod'>; vod: VodClient; voice: Voice },
  { check, yes, to }: ConfigureOptions,
): Promise<ExitCode> {
  const targets = chosenTargets(config, to);
  if (typeof targets === 'string') {
    voice.note(targets);
    return exitCodes.unknown;
  }
  for (const warning of warnings(config, targets)) voice.note(warning);

  const { appId, callback } = config.vod;
  const compared = await Promise.all(targets.map((each) => compare(vod, appId, callback.keys, each)));
  for (const each of compared) tell(each, appId, voice);
  const known = compared.filter((each): each is Compared => !('failed' in each));
  if (known.length < compared.length) return exitCodes.unknown;
  const different = known.filter(({ found }) => found.length > 0);
  if (different.length === 0) return exitCodes.same;
  if (check) return exitCodes.different;

  const agreed = yes || (await agreedTo(different, voice));
  if (agreed !== true) return agreed; // guard: settings-agreed
  let exitCode: ExitCode = exitCodes.same;
  for (const each of different) if (!(await set(vod, config, each, voice))) exitCode = exitCodes.different;
  return exitCode;
}

/** One way for each region; or what is missing for that. */
function chosenTargets(config: ConfigFor<'vod'>, to: Way | null): Chosen[] | string {
  const { keys, auth } = config.vod.callback;
  const chosen: Chosen[] = [];
  for (const region of config.vod.regions) {
    const all = targetsOf(config, region);
    const fitting = all.filter(({ way }) => to === null || way === to);
    const [target] = fitting;
    if (target === undefined) return missing[to ?? 'either'];
    if (fitting.length > 1)
      return 'both a callback URL and a queue are set, and VOD takes one of them: say --to url or --to queue';
    if (target.way === 'url' && keys.length === 0 && auth === 'required') {
      return 'VOD_CALLBACK_KEYS: expected the key that VOD is to sign events with (or VOD_CALLBACK_AUTH=hint), got nothing';
    }
    chosen.push({ region, target });
  }
  return chosen;
}

const missing = {
  url: 'VOD_CALLBACK_URL: expected the URL that VOD is to call, got nothing',
  queue: 'VOD_MNS_ENDPOINT and VOD_MNS_QUEUE: expected the queue that VOD is to write to, got nothing',
  either: 'expected VOD_CALLBACK_URL, or VOD_MNS_ENDPOINT and VOD_MNS_QUEUE: where VOD is to send events. Got nothing',
} as const;

function warnings(config: ConfigFor<'vod'>, targets: readonly Chosen[]): string[] {
  if (!targets.some(({ target }) => target.way === 'url')) return [];
  const [key] = config.vod.callback.keys;
  const open = config.weaknesses.map(({ variable, weakness }) => `${variable}: ${weakness}`);
  const objections = key === undefined ? [] : objectionsToKey(key);
  return [
    ...open,
    ...objections.map(
      (objection) => `VOD_CALLBACK_KEYS: key 1 ${objection}; VOD may refuse it, or sign with something else`,
    ),
  ];
}

async function compare(
  vod: VodClient,
  appId: string,
  keys: readonly string[],
  { region, target }: Chosen,
): Promise<Compared | Failed> {
  const answer = await vod.callbackSettings(region, appId);
  if (answer.outcome === 'answered') {
    const current = answer.value;
    return { region, target, current, found: differences(current, target.callback, keys) };
  }
  return { region, failed: sentence(answer, 'GetMessageCallback') };
}

function tell(compared: Compared | Failed, appId: string, voice: Voice): void {
  const where = `${compared.region}, ${appId}`;
  if ('failed' in compared) return voice.note(`${where}: ${compared.failed}`);
  const { target, current, found } = compared;
  const to = target.way === 'url' ? 'the URL' : 'the queue';
  if (found.length === 0) return voice.say(`${where}: as it should be, events go to ${to}`);
  voice.say(`${where}: different`);
  for (const { setting, is, ours } of found) voice.say(`  ${setting}: ${is} → ${ours}`);
  const others = current.eventTypes.filter((name) => name !== aiEvents);
  if (others.length > 0) voice.say(`  stays in EventTypeList: ${others.join(', ')}`);
}

async function agreedTo(different: readonly Compared[], voice: Voice): Promise<true | ExitCode> {
  if (voice.ask === null) {
    voice.note('nothing was changed: nobody is here to be asked. Say --yes to set this, or --check to compare only');
    return exitCodes.unknown;
  }
  const regions = different.map(({ region }) => region).join(', ');
  const moves = different.some(({ current }) => current.url !== null || current.mnsQueue !== null);
  const cost = moves ? ' All events of the region go there from then on, those of other systems too.' : '';
  if (await voice.ask(`Set this at VOD in ${regions}?${cost}`)) return true;
  voice.note('nothing was changed');
  return exitCodes.different;
}

/**
 * Asks before and afterwards: so what was selected meanwhile stays, and "set" is what VOD says, also when its answer to the
 * setting was lost.
 */
async function set(vod: VodClient, config: ConfigFor<'vod'>, chosen: Chosen, voice: Voice): Promise<boolean> {
  const { appId, callback } = config.vod;
  const { region, target } = chosen;
  const before = await compare(vod, appId, callback.keys, chosen);
  if ('failed' in before) {
    voice.note(`${region}: not set. ${before.failed}`);
    return false;
  }
  const outcome = await vod.setCallback(region, appId, target.callback, eventTypesWanted(before.current));
  const after = await compare(vod, appId, callback.keys, chosen);
  if (!('failed' in after) && after.found.length === 0) {
    voice.say(`${region}: set`);
    return true;
  }
  voice.note(`${region}: ${whyNotSet(outcome, after)}`);
  return false;
}

function whyNotSet(outcome: ReadOutcome<object>, after: Compared | Failed): string {
  if (outcome.outcome !== 'answered') return `not set. ${sentence(outcome, 'SetMessageCallback')}`;
  if ('failed' in after) return `VOD has taken it, and does not say what is set now. ${after.failed}`;
  const settings = after.found.map(({ setting }) => setting).join(', ');
  return `VOD has taken it, and still says something else: ${settings}`;
}

function sentence(outcome: NoAnswer, operation: string): string {
  const { says, remedy } = explained(outcome);
  const todo = lacksPermission(outcome) ? `allow vod:${operation}: ${policyPage}` : remedy;
  return todo === null ? says : `${says} → ${todo}`;
}
