import { NoCredentialsError } from './credentials';
import { type Fields, fieldsOf, textOf, wordOf } from './fields';
import type { Fault } from './outcome';
import { ProxyError } from './proxy';

/**
 * What pop-core threw, as a fault. Its messages carry URLs, and VOD's can echo the string to sign: nothing is taken over
 * from the former, and only the readable part of the latter.
 *
 * @param sent false when the connection for this request never came about
 * @param secrets values that VOD was told and that may come back in its message
 */
export function faultOf(error: unknown, sent: boolean, timeoutMs: number, secrets: readonly string[]): Fault {
  if (error instanceof NoCredentialsError) return { kind: 'no_credentials' };
  // json-bigint throws plain objects, so there may be no Error to ask.
  const thrown = fieldsOf(error) ?? {};
  const answer = fieldsOf(thrown['data']);
  if (answer !== null) return errorAnswer(thrown, answer, secrets);
  const cause = error instanceof ProxyError ? error.reason : causeOf(thrown, timeoutMs);
  return sent ? { kind: 'no_usable_answer', cause, requestId: null } : { kind: 'not_sent', cause };
}

function errorAnswer(thrown: Fields, answer: Fields, secrets: readonly string[]): Fault {
  const response = fieldsOf(fieldsOf(thrown['entry'])?.['response']);
  return {
    kind: 'error_code',
    httpStatus: Number(response?.['statusCode']),
    code: readable(textOf(answer['Code']) ?? 'unreadable code', secrets).slice(0, 128),
    message: readable(textOf(answer['Message']) ?? '', secrets).slice(0, 300),
    requestId: requestIdOf(answer),
  };
}

export function requestIdOf(answer: Fields): string | null {
  return wordOf(answer['RequestId']);
}

function causeOf(thrown: Fields, timeoutMs: number): string {
  if (thrown['name'] === 'RequestTimeoutError') return `no answer within ${timeoutMs} ms`;
  if (thrown['name'] === 'SyntaxError') return 'the answer is not JSON';
  const code = textOf(thrown['code']);
  return code !== null && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'the call failed';
}

const placeholder = '[removed]';

/** SignatureDoesNotMatch quotes the string that was signed; proxies quote what they were asked. */
export function readable(text: string, secrets: readonly string[]): string {
  const [beforeQuote = ''] = text.split(/(?:server )?string to sign/i, 1);
  return secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret), encodeURIComponent(encodeURIComponent(secret))])
    .reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, placeholder)), beforeQuote)
    .replace(/\b(?:GET|POST)&%2F&\S*/g, placeholder)
    .replace(/https?:\/\/\S+/gi, placeholder)
    .replace(/(?:AccessKeyId|Signature(?:Nonce)?|SecurityToken)(?:=|%3D)\S*/gi, placeholder)
    .replace(base64Sha1, placeholder)
    .trim();
}

/** 20 bytes, as the text itself or encoded once for the form. */
const base64Sha1 = /(?:[A-Za-z0-9+/]|%2[BF]){27}(?:=|%3D)/gi;
