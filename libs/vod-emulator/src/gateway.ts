import type { Call } from './call';
import { Nonces } from './nonces';
import { type Operation, operationOf } from './operation-names';
import { type Refusal, refusals } from './refusals';
import { type Scheme, schemeOf } from './schemes';
import type { Settings } from './settings';
import { Throttle } from './throttle';

export interface AccessKey {
  id: string;
  secret: string;
  securityToken?: string;
}

export type Admission =
  | { outcome: 'admitted'; operation: Operation; nonce: string }
  | { outcome: 'throttled'; operation: Operation; refusal: Refusal }
  | { outcome: 'refused'; operation: Operation | undefined; refusal: Refusal };

const VERSION = '2017-03-21';
const TIMESTAMP_TOLERANCE_MS = 15 * 60_000;

/** What stands in front of every operation: who is calling, is it signed, is it new, is it too much. */
export class Gateway {
  readonly #keys: ReadonlyMap<string, AccessKey>;
  /** The memory of each node. Usually there is one, or they share it. */
  readonly #nonces: Nonces[] = [];
  readonly #throttle = new Throttle();

  constructor(
    keys: readonly AccessKey[],
    private readonly regions: readonly string[],
    /** Which of so many nodes a call meets. */
    private readonly node: (count: number) => number,
  ) {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
  }

  admit(call: Call, { qps, nonceMemory }: Pick<Settings, 'qps' | 'nonceMemory'>, nowMs: number): Admission {
    const scheme = schemeOf(call);
    const operation = operationOf(call.parameters.get('Action'));
    const refuse = (refusal: Refusal): Admission => ({ outcome: 'refused', operation, refusal });

    const malformed = this.#checkForm(call, scheme);
    if (malformed) return refuse(malformed);
    if (!operation) return refuse(refusals.unknownApi());
    const unsigned = this.#checkCaller(call, scheme, nowMs);
    if (unsigned) return refuse(unsigned);

    // A nonce is used up by the right signature, whatever comes of the call: a throttled call must be signed anew.
    const nonce = scheme.nonce(call);
    const nonces = this.#noncesSeen(nonceMemory);
    if (nonces?.use(scheme.accessKeyId(call), nonce, nowMs) === false) return refuse(refusals.nonceUsed());

    if (!this.#throttle.admit(`${operation} ${call.region}`, qps[operation], nowMs)) {
      return { outcome: 'throttled', operation, refusal: refusals.throttled() };
    }
    return { outcome: 'admitted', operation, nonce };
  }

  #noncesSeen(memory: Settings['nonceMemory']): Nonces | undefined {
    if (memory === 'off') return undefined;
    const node = memory === 'on' ? 0 : this.node(memory.nodes);
    return (this.#nonces[node] ??= new Nonces());
  }

  #checkForm(call: Call, scheme: Scheme): Refusal | undefined {
    const { region, parameters } = call;
    if (!this.regions.includes(region)) return refusals.unknownProduct();
    const missing = scheme.missing(call);
    if (missing) return refusals.missingParameter(missing);
    const format = parameters.get('Format') ?? 'XML';
    if (!['XML', 'JSON'].includes(format.toUpperCase())) {
      return refusals.invalidParameter('Format', 'It must be XML, the default, or JSON.');
    }
    if (parameters.get('Version') !== VERSION) return refusals.unknownProduct();
    return undefined;
  }

  #checkCaller(call: Call, scheme: Scheme, nowMs: number): Refusal | undefined {
    const malformed = scheme.malformed(call);
    // Without a well-formed header nobody is named.
    if (malformed && scheme.accessKeyId(call) === '') return malformed;
    const key = this.#keys.get(scheme.accessKeyId(call));
    if (!key) return refusals.unknownAccessKey();
    const token = scheme.token(call);
    if (key.securityToken !== undefined && !token) return refusals.missingParameter(scheme.tokenName);
    if (token !== key.securityToken) return refusals.badSecurityToken();
    return malformed ?? checkTimestamp(scheme.timestamp(call), nowMs) ?? scheme.mismatch(call, key.secret);
  }
}

function checkTimestamp(timestamp: string, nowMs: number): Refusal | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(timestamp) ? Date.parse(timestamp) : NaN;
  if (Number.isNaN(at)) return refusals.malformedTimestamp();
  return Math.abs(nowMs - at) > TIMESTAMP_TOLERANCE_MS ? refusals.expiredTimestamp() : undefined;
}
