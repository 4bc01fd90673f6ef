import type { EventSignature } from '@app/domain';
import { keptOf, toNotice, type Allowance, type NoticeBudget, type Pair, type Receive } from '@app/lifecycle/receive';
import type { Signals } from '@app/observability';
import type { Notice } from '@app/persistence';
import { verifyCallback, type CallbackVerdict } from '@app/vod/callback';
import type { HeldBody } from './body';
import { patiently } from './patience';

/** What listens at one path. */
export interface CallbackPlace {
  /** '*' when one URL serves several. */
  region: string;
  /** Those registered at VOD that have this path, byte for byte. */
  urls: readonly string[];
}

/** One POST of VOD, or of somebody who would like to be it. */
export interface Callback {
  /** Where it came in. */
  place: CallbackPlace;
  timestamp: string | undefined;
  signature: string | undefined;
  path: string;
  remoteAddress: string | null;
  /** Reads the body; not called for a caller that is refused. */
  readBody: () => Promise<HeldBody>;
}

export interface CallbackOptions {
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
    private readonly budget: NoticeBudget,
    private readonly signals: Signals,
    private readonly options: CallbackOptions,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async take(callback: Callback): Promise<CallbackOutcome> {
    const checked = this.check(callback);
    // guard: unsigned-changes-nothing
    if (checked.verdict !== 'valid' && this.options.auth === 'required') {
      const { place, path, remoteAddress } = callback;
      const why = whyRefused(checked);
      this.signals.emit('event.refused', { reason: checked.verdict, why, region: place.region, path, remoteAddress });
      return { outcome: 'refused', reason: checked.verdict };
    }
    const { notice, allowance } = this.read(callback, checked, await callback.readBody());
    await patiently(() => this.receive.keep(notice, allowance));
    return { outcome: 'kept' };
  }

  /** What is over a limit is read whole, and then no more of it is held than is kept: storing it may take long. */
  private read(callback: Callback, checked: Checked, body: HeldBody): { notice: Notice; allowance: Allowance } {
    const { region } = callback.place;
    const receivedAt = this.now();
    const pair = this.pairOf(callback, checked, receivedAt.getTime());
    const allowance = this.budget.spend(pair, body.head.length, receivedAt.getTime());
    const whole = toNotice({ source: 'http', region, signature: checked.verdict, body, receivedAt });
    const notice = keptOf(whole, allowance);
    if (allowance !== 'whole') body.keepOnly(notice.body); // guard: cut-body-let-go
    return { notice, allowance };
  }

  /** A pair of one region opens nothing at another's path: whoever has seen it could ring there as well. */
  private check({ place, timestamp, signature }: Callback): Checked {
    const { keys, toleranceMs } = this.options;
    if (keys.length === 0) return { verdict: 'unchecked' };
    const nowMs = this.now().getTime();
    return verifyCallback({ timestamp, signature, urls: place.urls, keys, nowMs, toleranceMs });
  }

  /** Without a valid signature anybody can write any second into the headers: then it is that of the arrival. */
  private pairOf({ place, timestamp }: Callback, { verdict }: Checked, nowMs: number): Pair {
    const isSigned = verdict === 'valid';
    const second = isSigned ? Number(timestamp) : Math.floor(nowMs / 1000);
    const untilMs = second * 1000 + (isSigned ? this.options.toleranceMs : 1000);
    return { name: `${place.region} ${isSigned ? 'signed' : 'unsigned'} ${second}`, untilMs };
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
      return 'it is signed with a key that VOD_CALLBACK_KEYS does not name, or for another URL than that of this path, byte for byte (VOD_CALLBACK_URL)';
    case 'stale': {
      const seconds = Math.round(Math.abs(checked.skewMs) / 1000);
      return `it was signed ${seconds} s ${checked.skewMs > 0 ? 'ago' : 'ahead of our clock'}, more than VOD_CALLBACK_TOLERANCE allows`;
    }
    case 'unchecked':
      return 'VOD_CALLBACK_KEYS is empty, and VOD_CALLBACK_AUTH wants a signature';
  }
}
