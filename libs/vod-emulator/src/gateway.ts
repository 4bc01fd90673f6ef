import { Nonces } from './nonces';
import { type Refusal, refusals } from './refusals';
import { type Operation, operationOf } from './operation-names';
import type { Settings } from './settings';
import { sign, stringToSign } from './signature';
import { Throttle } from './throttle';

export interface AccessKey {
  id: string;
  secret: string;
  securityToken?: string;
}

/** One call as it arrived. */
export interface Call {
  method: string;
  region: string;
  /** Query and form together: the gateway makes no difference between them. */
  parameters: ReadonlyMap<string, string>;
}

export type Admission =
  | { outcome: 'admitted'; operation: Operation; nonce: string }
  | { outcome: 'throttled'; operation: Operation; refusal: Refusal }
  | { outcome: 'refused'; operation: Operation | undefined; refusal: Refusal };

const VERSION = '2017-03-21';
const TIMESTAMP_TOLERANCE_MS = 15 * 60_000;
const COMMON_PARAMETERS = [
  'Action',
  'Version',
  'AccessKeyId',
  'SignatureMethod',
  'SignatureVersion',
  'SignatureNonce',
  'Timestamp',
  'Signature',
];

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
    const { parameters } = call;
    const operation = operationOf(parameters.get('Action'));
    const refuse = (refusal: Refusal): Admission => ({ outcome: 'refused', operation, refusal });

    const malformed = this.#checkForm(call);
    if (malformed) return refuse(malformed);
    if (!operation) return refuse(refusals.unknownApi());
    const unsigned = this.#checkCaller(call, nowMs);
    if (unsigned) return refuse(unsigned);

    // A nonce is used up by the right signature, whatever comes of the call: a throttled call must be signed anew.
    const nonce = text(parameters, 'SignatureNonce');
    const nonces = this.#noncesSeen(nonceMemory);
    if (nonces?.use(text(parameters, 'AccessKeyId'), nonce, nowMs) === false) return refuse(refusals.nonceUsed());

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

  #checkForm({ region, parameters }: Call): Refusal | undefined {
    if (!this.regions.includes(region)) return refusals.unknownProduct();
    const missing = COMMON_PARAMETERS.find((name) => !parameters.get(name));
    if (missing) return refusals.missingParameter(missing);
    // XML is VOD's default.
    if (parameters.get('Format')?.toUpperCase() !== 'JSON') {
      return refusals.invalidParameter('Format', 'Only JSON is emulated: send Format=JSON.');
    }
    if (parameters.get('Version') !== VERSION) return refusals.unknownProduct();
    return undefined;
  }

  #checkCaller(call: Call, nowMs: number): Refusal | undefined {
    const { parameters } = call;
    const key = this.#keys.get(text(parameters, 'AccessKeyId'));
    if (!key) return refusals.unknownAccessKey();
    if (key.securityToken !== undefined && !parameters.get('SecurityToken')) {
      return refusals.missingParameter('SecurityToken');
    }
    if (parameters.get('SecurityToken') !== key.securityToken) return refusals.badSecurityToken();
    if (parameters.get('SignatureMethod') !== 'HMAC-SHA1') return refusals.invalidParameter('SignatureMethod');
    if (parameters.get('SignatureVersion') !== '1.0') return refusals.invalidParameter('SignatureVersion');
    return checkTimestamp(text(parameters, 'Timestamp'), nowMs) ?? checkSignature(call, key);
  }
}

function checkTimestamp(timestamp: string, nowMs: number): Refusal | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(timestamp) ? Date.parse(timestamp) : NaN;
  if (Number.isNaN(at)) return refusals.malformedTimestamp();
  return Math.abs(nowMs - at) > TIMESTAMP_TOLERANCE_MS ? refusals.expiredTimestamp() : undefined;
}

function checkSignature({ method, parameters }: Call, key: AccessKey): Refusal | undefined {
  const signed = stringToSign(method, parameters);
  return sign(signed, key.secret) === parameters.get('Signature') ? undefined : refusals.signatureDoesNotMatch(signed);
}

function text(parameters: ReadonlyMap<string, string>, name: string): string {
  return parameters.get(name) ?? '';
}
