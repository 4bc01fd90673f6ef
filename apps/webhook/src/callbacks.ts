import type { EventSignature } from '@app/domain';
import { toNotice, type Receive, type ReceivedBody } from '@app/lifecycle/receive';
import type { Signals } from '@app/observability';
import { verifyCallback, type CallbackVerdict } from '@app/vod/callback';
import { patiently } from './patience';

/** One POST of VOD, or of somebody who would like to be it. */
export interface Callback {
  /** Where it came in: the region whose callback URL was called, or '*' when one URL serves several. */
  region: string;
  timestamp: string | undefined;
  signature: string | undefined;
  path: string;
  remoteAddress: string | null;
  /** Reads the body; not called for a caller that is refused. */
  readBody: () => Promise<ReceivedBody>;
}

export interface CallbackOptions {
  /** The URLs registered at VOD, by region, byte for byte. */
  urls: ReadonlyMap<string, string>;
  keys: readonly string[];
  /** `required`: what is not signed changes nothing. `hint`: it is kept, and only makes a known job due. */
  auth: 'required' | 'hint';
  toleranceMs: number;
}

/** `refused` is 401. Whatever else happens is 200, because telling VOD to try again would not help, or a throw: 503. */
export type CallbackOutcome = { outcome: 'kept' } | { outcome: 'refused'; reason: EventSignature };

/** HTTP's part of receiving a notice: checks who calls, and has it kept before it is answered. */
export class Callbacks {
  constructor(
    private readonly receive: Receive,
    private readonly signals: Signals,
    private readonly options: CallbackOptions,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async take(callback: Callback): Promise<CallbackOutcome> {
    const checked = this.check(callback);
    // guard: unsigned-changes-nothing
    if (checked.verdict !== 'valid' && this.options.auth === 'required') {
      const { region, path, remoteAddress } = callback;
      const why = whyRefused(checked);
      this.signals.emit('event.refused', { reason: checked.verdict, why, region, path, remoteAddress });
      return { outcome: 'refused', reason: checked.verdict };
    }
    const notice = toNotice({
      source: 'http',
      region: callback.region,
      signature: checked.verdict,
      body: await callback.readBody(),
      receivedAt: this.now(),
    });
    await patiently(() => this.receive.keep(notice));
    return { outcome: 'kept' };
  }

  private check({ timestamp, signature }: Callback): Checked {
    const { urls, keys, toleranceMs } = this.options;
    if (keys.length === 0) return { verdict: 'unchecked' };
    const nowMs = this.now().getTime();
    return verifyCallback({ timestamp, signature, urls: [...urls.values()], keys, nowMs, toleranceMs });
  }
}

type Checked = CallbackVerdict | { verdict: 'unchecked' };

/** For the log: the caller is told no more than the verdict. */
function whyRefused(checked: Exclude<Checked, { verdict: 'valid' }>): string {
  switch (checked.verdict) {
    case 'missing':
      return 'it carries no signature: AuthSwitch is off at VOD, or the caller is not VOD';
    case 'malformed':
      return 'its signature or its time does not look like one of VOD';
    case 'mismatch':
      return 'it is signed with a key that VOD_CALLBACK_KEYS does not name, or for another URL than VOD_CALLBACK_URL, byte for byte';
    case 'stale': {
      const seconds = Math.round(Math.abs(checked.skewMs) / 1000);
      return `it was signed ${seconds} s ${checked.skewMs > 0 ? 'ago' : 'ahead of our clock'}, more than VOD_CALLBACK_TOLERANCE allows`;
    }
    case 'unchecked':
      return 'VOD_CALLBACK_KEYS is empty, and VOD_CALLBACK_AUTH wants a signature';
  }
}
