import type { ConfigFor } from '@app/config';
import type { VodClient } from '@app/vod';
import { checkAccess, checkCredentials, checkOffer, checkPermissions } from './access';
import type { Api } from './arrival';
import { checkCallback } from './callback';
import { checkClock } from './clock';
import { skipped, type Finding } from './finding';
import { checkNonces } from './nonce';
import { checkQueue } from './queue';
import { spend, type Spending } from './spend';
import { checkUrl } from './url';

export interface DoctorParts {
  config: ConfigFor<'vod'>;
  /** A client of its own, for the caller to close. */
  open: () => VodClient;
  wait: (ms: number) => Promise<unknown>;
  now: () => number;
  /** Of this product, where the event of a paid job can be looked for. */
  api: Api | null;
}

export interface DoctorOptions {
  /** Sends something to the callback URL. */
  tryUrl: boolean;
  /** Repeats a submission after this time as well. */
  nonceAfterMs: number | null;
  /** Agreed to already. */
  spending: Spending | null;
}

/**
 * Looks at everything that has to be right before a job can be done, and gives what it found, region by region. Nothing is
 * changed at VOD and nothing is paid, but for the one job of `spending`.
 */
export async function* examine(parts: DoctorParts, options: DoctorOptions): AsyncGenerator<Finding> {
  const { config, open } = parts;
  const vod = open();
  try {
    const credentials = await checkCredentials(vod, config);
    yield credentials;
    if (credentials.verdict === 'bad') {
      yield skipped({ check: 'VOD', region: null }, 'not asked, without an access key');
      return;
    }
    const found = await Promise.all(config.vod.regions.map((region) => examineRegion(parts, vod, region, options)));
    yield* found.flat();
    if (options.spending) yield* await trySpending(parts, vod, options.spending, found.flat());
  } finally {
    vod.close();
  }
}

async function examineRegion(
  { config, open, wait }: DoctorParts,
  vod: VodClient,
  region: string,
  { tryUrl, nonceAfterMs }: DoctorOptions,
): Promise<Finding[]> {
  const { endpoint, callback } = config.vod;
  const about = (check: string) => ({ check, region });
  const access = await checkAccess(vod, region, endpoint.replaceAll('{region}', region));
  const answers = access.verdict === 'ok';
  const [permissions, nonces, settings, queue, url] = await Promise.all([
    answers ? checkPermissions(vod, region) : [skipped(about('permissions'), NOT_ANSWERED)],
    answers ? checkNonces({ open, wait }, region, nonceAfterMs) : skipped(about('nonce memory'), NOT_ANSWERED),
    answers ? checkCallback(vod, config, region) : skipped(about('callback settings'), NOT_ANSWERED),
    checkQueue(config, region),
    tryUrl
      ? checkUrl(config, region)
      : skipped(about('callback URL'), 'not tried: --try-url sends it a harmless event'),
  ]);
  const clock = checkClock(vod, region, callback.toleranceMs);
  return [checkOffer(region), access, clock, ...permissions, nonces, settings, queue, url];
}

const NOT_ANSWERED = 'not asked, as VOD does not answer this key';

async function trySpending(
  { open, wait, now, api }: DoctorParts,
  vod: VodClient,
  spending: Spending,
  found: readonly Finding[],
): Promise<Finding[]> {
  const { region } = spending;
  const answers = found.some((each) => each.region === region && each.check === 'access' && each.verdict === 'ok');
  if (!answers) return [skipped({ check: 'submission', region }, NOT_ANSWERED)];
  return spend({ vod, open, wait, now, api }, spending);
}
