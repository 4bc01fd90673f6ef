import type { ConfigFor } from '@app/config';
import type { VodClient } from '@app/vod';
import { checkAccess, checkOffer, checkPermissions, permissionsNotAsked } from './access';
import { checkCallback } from './callback';
import { checkClock } from './clock';
import { bad, ok, skipped, type Finding } from './finding';
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
    const source = config.vod.credentials === 'default-chain' ? 'the default credential chain' : 'the environment';
    const about = { check: 'credentials', region: null };
    if ((await vod.signer()) === null) {
      const says = 'no access key, neither in the environment nor from the default credential chain';
      yield bad(about, says, 'set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or give this host a RAM role');
      yield skipped({ check: 'VOD', region: null }, 'not asked, without an access key');
      return;
    }
    yield ok(about, `an access key from ${source}`);
    // At the same time, and told one after the other.
    const regions = config.vod.regions.map((region) => ofRegion(parts, vod, region, options));
    for (const findings of regions) yield* await findings;
  } finally {
    vod.close();
  }
}

async function ofRegion(
  { config, open, wait, now }: DoctorParts,
  vod: VodClient,
  region: string,
  { tryUrl, nonceAfterMs, spending }: DoctorOptions,
): Promise<Finding[]> {
  const { endpoint, callback } = config.vod;
  const access = await checkAccess(vod, region, endpoint.replaceAll('{region}', region));
  const answers = access.verdict === 'ok';
  const [permissions, settings, nonces, queue, url] = await Promise.all([
    answers ? checkPermissions(vod, region) : [permissionsNotAsked(region)],
    answers ? checkCallback(vod, config, region) : skipped({ check: 'callback settings', region }, 'not asked'),
    answers ? checkNonces({ open, wait }, region, nonceAfterMs) : skipped({ check: 'nonce memory', region }, 'not tried'),
    checkQueue(config, region),
    tryUrl ? checkUrl(config, region) : skipped({ check: 'callback URL', region }, 'not tried: --try-url sends it a harmless event'),
  ]);
  const clock = checkClock(vod, region, callback.toleranceMs);
  const found = [checkOffer(region), access, clock, ...permissions, nonces, settings, queue, url];
  if (spending?.region !== region) return found;
  if (!answers) return [...found, skipped({ check: 'submission', region }, 'not tried, as VOD does not answer')];
  return [...found, ...(await spend({ vod, open, wait, now }, spending))];
}
