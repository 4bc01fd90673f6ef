import type { VodClient } from '@app/vod';
import { bad, ok, skipped, type Finding } from './finding';

/** Far below the 15 minutes at which VOD refuses calls, and far above what a clock that is set by a server is off. */
const ALLOWED_MS = 60_000;

/** VOD's clock and that of this machine, by the date of its latest answer. */
export function checkClock(vod: VodClient, region: string, toleranceMs: number): Finding {
  const about = { check: 'clock', region };
  const aheadMs = vod.clockAheadMs(region);
  if (aheadMs === null) return skipped(about, 'VOD has not said what time it is');
  const offMs = Math.abs(aheadMs);
  const seconds = Math.round(offMs / 1000);
  if (offMs <= ALLOWED_MS && offMs <= toleranceMs) return ok(about, `${seconds} s off VOD's`);
  const limits = `VOD refuses calls at 15 minutes, and VOD_CALLBACK_TOLERANCE is ${Math.round(toleranceMs / 1000)} s`;
  const says = `${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} VOD's; ${limits}`;
  return bad(about, says, 'have it set by a time server (NTP)');
}
