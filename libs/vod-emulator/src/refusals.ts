/** An error answer of VOD: HTTP status, code and message (docs/vod.md, "Errors"; the texts are those of the published tables). */
export interface Refusal {
  status: number;
  code: string;
  message: string;
}

export const refusals = {
  missingParameter: (name: string): Refusal => ({
    status: 400,
    code: 'MissingParameter',
    message: `The input parameter ${name} that is mandatory for processing this request is not supplied.`,
  }),
  invalidParameter: (name: string, why = ''): Refusal => ({
    status: 400,
    code: 'InvalidParameter',
    message: `The specified parameter ${name} is not valid.${why && ` ${why}`}`,
  }),
  unknownProduct: (): Refusal => ({
    status: 404,
    code: 'InvalidProduct.NotFound',
    message: 'Cannot find product according to your specified domain.',
  }),
  unknownApi: (): Refusal => ({
    status: 404,
    code: 'InvalidApi.NotFound',
    message: 'Specified api is not found, please check your url and method.',
  }),
  unsupportedMethod: (): Refusal => ({
    status: 400,
    code: 'UnsupportedHTTPMethod',
    message: 'This http method is not supported.',
  }),
  unknownAccessKey: (): Refusal => ({
    status: 404,
    code: 'InvalidAccessKeyId.NotFound',
    message: 'Specified access key is not found.',
  }),
  // The only code for a bad token in any source; its status is not documented.
  badSecurityToken: (): Refusal => ({
    status: 400,
    code: 'InvalidSecurityToken.Expired',
    message: 'Specified SecurityToken is expired.',
  }),
  malformedTimestamp: (): Refusal => ({
    status: 400,
    code: 'InvalidTimeStamp.Format',
    message: 'Specified time stamp or date value is not well formatted.',
  }),
  expiredTimestamp: (): Refusal => ({
    status: 400,
    code: 'InvalidTimeStamp.Expired',
    message: 'Specified time stamp or date value is expired.',
  }),
  // The real gateway echoes its string to sign; whoever logs the message logs every parameter of the call with it.
  signatureDoesNotMatch: (serverStringToSign: string): Refusal => ({
    status: 400,
    code: 'SignatureDoesNotMatch',
    message: `Specified signature is not matched with our calculation. server string to sign is:${serverStringToSign}`,
  }),
  incompleteSignature: (why: string): Refusal => ({
    status: 400,
    code: 'IncompleteSignature',
    message: `The request signature does not conform to Aliyun standards. ${why}`,
  }),
  // The form of this text is known from reports of users only.
  acs3SignatureDoesNotMatch: (serverStringToSign: string, serverCanonicalRequest: string): Refusal => ({
    status: 400,
    code: 'SignatureDoesNotMatch',
    message:
      'Specified signature does not match our calculation. ' +
      `server StringToSign is [${serverStringToSign}] server CanonicalRequest is [${serverCanonicalRequest}]`,
  }),
  nonceUsed: (): Refusal => ({
    status: 400,
    code: 'SignatureNonceUsed',
    message: 'Specified signature nonce was used already.',
  }),
  throttled: (): Refusal => ({
    status: 400,
    code: 'Throttling.User',
    message: 'Request was denied due to user flow control.',
  }),
  unknownVideo: (): Refusal => ({
    status: 404,
    code: 'InvalidVideo.NotFound',
    message: 'The video does not exist.',
  }),
  illegalStatus: (): Refusal => ({
    status: 400,
    code: 'Forbidden.IllegalStatus',
    message: 'Status of the video is illegal.',
  }),
  unknownJob: (): Refusal => ({
    status: 404,
    code: 'NoSuchResource',
    message: 'The specified resource does not exist.',
  }),
  tooManyJobIds: (): Refusal => ({
    status: 400,
    code: 'JobIdsExceededMax',
    message: 'The specified parameter JobIds is more than 10.',
  }),
};
