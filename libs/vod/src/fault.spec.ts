import { faultOf } from './fault';

const secrets = ['Secret+/of=our key', 'Token/+==', 'LTAIourKey', 'nonce-1'];

/** As pop-core throws it. */
const refusal = (answer: object, told: readonly string[] = secrets) =>
  faultOf({ data: answer, entry: { response: { statusCode: 400 } } }, true, 300, told);

const messageOf = (Message: string, told?: readonly string[]) => {
  const fault = refusal({ Code: 'InvalidParameter', Message }, told);
  return fault.kind === 'error_code' ? fault.message : fault.kind;
};

describe('Of what VOD writes in an error', () => {
  it.each([
    ['The video does not exist.', 'The video does not exist.'],
    [
      'MediaId m1, Types AIVideoTag: 2 are wrong (see the page)',
      'MediaId m1, Types AIVideoTag: 2 are wrong (see the page)',
    ],
  ])('what a person needs is kept: %s', (message, kept) => {
    expect(messageOf(message)).toBe(kept);
  });

  it.each([
    ['not matched. server string to sign is:POST&%2F&Action%3DListAIJob', 'not matched.'],
    ['not matched. String To Sign: Action=ListAIJob, in this order', 'not matched.'],
    ['we signed POST&%2F&Action%3DListAIJob%26MediaId%3Dm1 here', 'we signed [removed] here'],
    ['we signed GET&%2F&Action%3DListAIJob%26MediaId%3Dm1 here', 'we signed [removed] here'],
  ])('the string to sign is taken out: %s', (message, scrubbed) => {
    expect(messageOf(message)).toBe(scrubbed);
  });

  it.each([
    ['cannot open http://vod.example/?Action=ListAIJob now', 'cannot open [removed] now'],
    ['cannot open https://vod.example/?Action=ListAIJob now', 'cannot open [removed] now'],
    ['HTTPS://a.example/?A=1 leads to http://b.example/?B=2', '[removed] leads to [removed]'],
  ])('a URL, which may be signed, is taken out: %s', (message, scrubbed) => {
    expect(messageOf(message)).toBe(scrubbed);
  });

  it.each(['AccessKeyId', 'Signature', 'SignatureNonce', 'SecurityToken', 'accesskeyid', 'signature'])(
    'the parameter %s is taken out in both forms, whoever’s it is',
    (name) => {
      expect(messageOf(`got ${name}=another&Action=ListAIJob twice`)).toBe('got [removed] twice');
      expect(messageOf(`got ${name}%3Danother%26Action%3DListAIJob twice`)).toBe('got [removed] twice');
    },
  );

  it.each(secrets)('the value %j is taken out, by itself and encoded once or twice', (secret) => {
    const encoded = encodeURIComponent(secret);
    for (const form of [secret, encoded, encodeURIComponent(encoded)]) {
      expect(messageOf(`<${form}> and again <${form}>`)).toBe('<[removed]> and again <[removed]>');
    }
  });

  it.each(['kRA2cnpJVacIhDMzXnoNZG9tDCI=', 'kRA2cnpJVacIhDMzX/oNZG9+DCI=', 'kRA2cnpJVacIhDMzX%2FoNZG9%2BDCI%3D'])(
    'the signature %s is taken out, by itself too',
    (signature) => {
      expect(messageOf(`"${signature}" is wrong`)).toBe('"[removed]" is wrong');
    },
  );

  it('nothing is lost when there is no token to hide', () => {
    expect(messageOf('The video does not exist.', ['', '', '', 'n'.repeat(8)])).toBe('The video does not exist.');
  });

  it('a code is cleaned like a message, and both are cut after that', () => {
    const long = `${'LTAIourKey'.repeat(40)} ${'x'.repeat(400)}`;
    expect(refusal({ Code: `Invalid.LTAIourKey http://vod.example/?A=1`, Message: 'm', RequestId: 'r1' })).toEqual({
      kind: 'error_code',
      httpStatus: 400,
      code: 'Invalid.[removed] [removed]',
      message: 'm',
      requestId: 'r1',
    });
    expect(refusal({ Code: long, Message: long })).toMatchObject({
      code: '[removed]'.repeat(40).slice(0, 128),
      message: '[removed]'.repeat(40).slice(0, 300),
    });
    expect(refusal({ Code: {} })).toMatchObject({ code: 'unreadable code', message: '' });
  });
});

describe('The cause of a call that brought no answer', () => {
  it.each([
    [{ code: 'ECONNRESET' }, 'ECONNRESET'],
    [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'ERR_SSL_WRONG_VERSION_NUMBER'],
    [{ code: 'ECONNRESET of http://user:pw@proxy' }, 'the call failed'],
    [{ code: 'http://user:pw@proxy ECONNRESET' }, 'the call failed'],
    [{ code: 'E'.repeat(62) }, 'the call failed'],
    [{ message: 'POST http://vod.example/?Signature=x failed' }, 'the call failed'],
    [{ name: 'SyntaxError', message: 'unexpected LTAIourKey' }, 'the answer is not JSON'],
    [{ name: 'RequestTimeoutError' }, 'no answer within 300 ms'],
    ['thrown as text with LTAIourKey', 'the call failed'],
  ])('is a code of Node or a sentence of ours, never the text of %j', (thrown, cause) => {
    expect(faultOf(thrown, true, 300, secrets)).toEqual({ kind: 'no_usable_answer', cause, requestId: null });
    expect(faultOf(thrown, false, 300, secrets)).toEqual({ kind: 'not_sent', cause });
  });
});
