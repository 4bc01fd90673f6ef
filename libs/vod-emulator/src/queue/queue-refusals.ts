/** An error answer of SMQ: HTTP status, code and message (docs/vod.md, "SMQ"; codes and texts are those of the published table). */
export interface QueueRefusal {
  status: number;
  code: string;
  message: string;
}

export function isRefusal(value: object): value is QueueRefusal {
  return 'code' in value && 'message' in value;
}

// Where the table's text leaves open what was wrong, a sentence behind it says so. The real SMQ doesn't.

const badRequest = (code: string, message: string): QueueRefusal => ({ status: 400, code, message });
const forbidden = (code: string, message: string): QueueRefusal => ({ status: 403, code, message });
const notFound = (code: string, message: string): QueueRefusal => ({ status: 404, code, message });

export const queueRefusals = {
  // Who is calling?
  missingAuthorization: () => badRequest('MissingAuthorizationHeader', 'Authorization header is required.'),
  malformedAuthorization: () =>
    badRequest(
      'InvalidAuthorizationHeader',
      'The Authorization header format is invalid. Expected "MNS AccessKeyId:Signature".',
    ),
  missingVersion: () => badRequest('MissingVersionHeader', 'x-mns-version header is required.'),
  // No page names a code for it.
  otherVersion: (known: string) => badRequest('InvalidArgument', `The value of x-mns-version should be ${known}.`),
  missingDate: () => badRequest('MissingDateHeader', 'Date header is required.'),
  malformedDate: () =>
    badRequest(
      'InvalidDateHeader',
      'The Date header format is invalid. Expected one like "Fri, 02 Jan 2026 03:04:05 GMT".',
    ),
  expired: (sentAt: number, now: number): QueueRefusal => ({
    status: 408,
    code: 'TimeExpired',
    message:
      'The http request you sent is expired. ' +
      `Its date is ${new Date(sentAt).toISOString()}, here it is ${new Date(now).toISOString()}: 15 minutes are allowed.`,
  }),
  unknownAccessKey: () => forbidden('InvalidAccessKeyId', 'The AccessKey Id you provided is not exist.'),
  // What the real one says to a wrong security-token isn't published.
  wrongSecurityToken: (isGiven: boolean) =>
    forbidden(
      'AccessDenied',
      'The OwnerId that your Access Key Id associated to is forbidden for this operation. ' +
        (isGiven ? 'The security-token is not the one of this key.' : 'This key needs its security-token.'),
    ),
  wrongDigest: () =>
    badRequest(
      'InvalidDegist',
      'The Content-MD5 you specified is invalid. Expected the base64 of the MD5 of the body, or of its hex digits.',
    ),
  signatureDoesNotMatch: (stringToSign: string) =>
    forbidden(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method. ' +
        `The string to sign is here: ${JSON.stringify(stringToSign)}`,
    ),

  // What is asked?
  unknownUrl: (expected: string) =>
    badRequest('InvalidRequestURL', `Http request URL format invalid. Expected ${expected}.`),
  unknownQueryItem: (name: string) =>
    badRequest('InvalidQueryString', `Http request URL contains invalid querystring item "${name}".`),
  malformedXml: () => badRequest('MalformedXML', 'The XML you provided was not well-formed.'),
  otherXml: (cause: string) =>
    badRequest(
      'InvalidArgument',
      `The XML you provided did not validate against our published schema, cause by ${cause}.`,
    ),
  outOfRange: (name: string, least: number, most: number, unit = '') =>
    badRequest('InvalidArgument', `The value of ${name} should between ${least} and ${most}${unit && ` ${unit}`}.`),
  missingReceiptHandle: () => badRequest('MissingReceiptHandle', 'ReceiptHandle is required.'),
  missingVisibilityTimeout: () => badRequest('MissingVisibilityTimeout', 'VisibilityTimeout is required.'),

  // Is it there?
  noMessage: () => notFound('MessageNotExist', 'Message not exist.'),
  noQueue: () => notFound('QueueNotExist', 'The queue name you provided is not exist.'),
  receiptHandle: () => badRequest('ReceiptHandleError', 'The receipt handle you provide is not valid.'),
  queueExists: (): QueueRefusal => ({
    status: 409,
    code: 'QueueAlreadyExist',
    message: 'The queue you want to create is already exist. Its attributes are other ones.',
  }),
  queueName: () =>
    badRequest(
      'InvalidQueueName',
      'The queue name you provided is invalid. QueueName should start with letter or digit, and be constituted by letters, digits and "-".',
    ),
  queueNameLength: () => badRequest('QueueNameLengthError', 'Queue name length should between 1 and 256.'),
};
