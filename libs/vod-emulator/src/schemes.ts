import { acs3Signature, acs3StringToSign, canonicalRequest, parseAuthorization, unsignedHeader } from './acs3';
import type { Call, SignedByHeaders } from './call';
import { type Refusal, refusals } from './refusals';
import { sign, stringToSign } from './signature';

/** One of the two ways in which a call says who makes it. */
export interface Scheme {
  /** What a call must have, besides what the operation wants. */
  missing(call: Call): string | undefined;
  accessKeyId(call: Call): string;
  /** Under which name a temporary key's token is sent, and what came there. */
  tokenName: string;
  token(call: Call): string | undefined;
  /** Whatever is wrong with the statement of how the call is signed. */
  malformed(call: Call): Refusal | undefined;
  timestamp(call: Call): string;
  nonce(call: Call): string;
  mismatch(call: Call, accessKeySecret: string): Refusal | undefined;
}

export function schemeOf(call: Call): Scheme {
  return call.signedByHeaders ? byHeaders : byParameters;
}

/** What stands in an explanation where a temporary key's token stood: whoever logs it shouldn't log that. */
const HIDDEN = '***';

const PARAMETERS = [
  'Action',
  'Version',
  'AccessKeyId',
  'SignatureMethod',
  'SignatureVersion',
  'SignatureNonce',
  'Timestamp',
  'Signature',
];

/** The RPC signature, version 1.0. */
const byParameters: Scheme = {
  missing: ({ parameters }) => PARAMETERS.find((name) => !parameters.get(name)),
  accessKeyId: ({ parameters }) => parameters.get('AccessKeyId') ?? '',
  tokenName: 'SecurityToken',
  token: ({ parameters }) => parameters.get('SecurityToken'),
  malformed: ({ parameters }) => {
    if (parameters.get('SignatureMethod') !== 'HMAC-SHA1') {
      return refusals.invalidParameter('SignatureMethod', 'It must be HMAC-SHA1.');
    }
    if (parameters.get('SignatureVersion') !== '1.0') {
      return refusals.invalidParameter('SignatureVersion', 'It must be 1.0.');
    }
    return undefined;
  },
  timestamp: ({ parameters }) => parameters.get('Timestamp') ?? '',
  nonce: ({ parameters }) => parameters.get('SignatureNonce') ?? '',
  mismatch: ({ method, parameters }, secret) => {
    if (sign(stringToSign(method, parameters), secret) === parameters.get('Signature')) return undefined;
    const shown = parameters.has('SecurityToken') ? new Map([...parameters, ['SecurityToken', HIDDEN]]) : parameters;
    return refusals.signatureDoesNotMatch(stringToSign(method, shown));
  },
};

const HEADERS = ['x-acs-action', 'x-acs-version', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-content-sha256'];

/** ACS3-HMAC-SHA256. */
const byHeaders: Scheme = {
  missing: (call) => HEADERS.find((name) => !partsOf(call).headers.get(name)),
  accessKeyId: (call) => parseAuthorization(partsOf(call).authorization)?.accessKeyId ?? '',
  tokenName: 'x-acs-security-token',
  token: (call) => partsOf(call).headers.get('x-acs-security-token'),
  malformed: (call) => {
    const { authorization, headers } = partsOf(call);
    const parsed = parseAuthorization(authorization);
    if (!parsed) {
      return refusals.incompleteSignature(
        'Expected Authorization: ACS3-HMAC-SHA256 Credential=<AccessKeyId>,SignedHeaders=<names, by semicolons>,Signature=<64 hexadecimal digits>.',
      );
    }
    const unsigned = unsignedHeader(headers, parsed.signedHeaders);
    return unsigned === undefined
      ? undefined
      : refusals.incompleteSignature(`The header ${unsigned} is sent but not among the SignedHeaders.`);
  },
  timestamp: (call) => partsOf(call).headers.get('x-acs-date') ?? '',
  nonce: (call) => partsOf(call).headers.get('x-acs-signature-nonce') ?? '',
  mismatch: (call, secret) => {
    const parts = { method: call.method, ...partsOf(call) };
    const { signedHeaders = [], signature } = parseAuthorization(parts.authorization) ?? {};
    const canonical = canonicalRequest(parts, signedHeaders);
    const candidates = [canonical, canonicalRequest(parts, signedHeaders, '')];
    if (candidates.some((text) => acs3Signature(acs3StringToSign(text), secret) === signature)) return undefined;
    const shown = parts.headers.has('x-acs-security-token')
      ? new Map([...parts.headers, ['x-acs-security-token', HIDDEN]])
      : parts.headers;
    return refusals.acs3SignatureDoesNotMatch(
      acs3StringToSign(canonical),
      canonicalRequest({ ...parts, headers: shown }, signedHeaders),
    );
  },
};

function partsOf({ signedByHeaders }: Call): SignedByHeaders {
  if (!signedByHeaders) throw new Error('expected a call that is signed by headers');
  return signedByHeaders;
}
