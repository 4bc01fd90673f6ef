import { callbackUrls, type ConfigFor } from '@app/config';
import { signCallback } from '@app/vod';
import { bad, ok, skipped, type Finding } from './finding';

/** As long as VOD waits (docs/vod.md, "Retries"). */
const PATIENCE_MS = 5_000;
/** Of an answer this much is read: ours are shorter. */
const MOST_CHARACTERS = 2_000;
/** September 2001, in ten digits. */
const LONG_AGO = '1000000000';

/** No event of VOD: it is kept as ignored, about no job, and the next one is a copy of it. */
const PROBE = '{"probe":"vod:doctor"}';

type Answer = { status: number; code: string | null; ms: number } | { failed: string };

/**
 * Whether the callback URL answers as VOD needs it, asked from this machine: it refuses a wrong signature, it knows this key
 * and this very URL, and it keeps what is signed. What is sent for the first two is kept nowhere.
 */
export async function checkUrl(config: ConfigFor<'vod'>, region: string, nowMs = Date.now()): Promise<Finding> {
  const about = { check: 'callback URL', region };
  const url = callbackUrls(config).get(region);
  if (url === undefined) return skipped(about, 'VOD_CALLBACK_URL is not set here');
  const { keys, auth } = config.vod.callback;
  const [key] = keys;
  if (key === undefined && auth === 'required') return skipped(about, 'VOD_CALLBACK_KEYS is not set here');

  const seconds = String(Math.floor(nowMs / 1000));
  if (key !== undefined && auth === 'required') {
    const stranger = await post(url, seconds, '0'.repeat(32));
    const unguarded = objectionToStranger(stranger);
    if (unguarded) return bad(about, ...unguarded);
    const stale = await post(url, LONG_AGO, signCallback(url, LONG_AGO, key));
    if (!('failed' in stale) && stale.code === 'signature_mismatch') {
      const says = 'the webhook has another key than the first of VOD_CALLBACK_KEYS here, or another VOD_CALLBACK_URL';
      return bad(about, says, 'give both the same values, byte for byte, and restart the webhook');
    }
  }
  const taken = await post(url, seconds, key === undefined ? null : signCallback(url, seconds, key));
  const objection = objectionToEvent(taken);
  if (objection) return bad(about, ...objection);
  const time = 'ms' in taken ? ` (${taken.ms} ms; VOD waits for 5 s)` : '';
  const others = auth === 'required' ? ' and refuses a wrong signature' : '';
  return ok(about, `keeps what is signed${time}${others}`);
}

type Objection = [says: string, remedy: string];

const elsewhere =
  'look at what stands in front of the webhook: the path has to arrive unchanged, without a login or a redirect';

function objectionToStranger(answer: Answer): Objection | null {
  if ('failed' in answer) return notReached(answer.failed);
  if (answer.status === 401 && answer.code === 'signature_mismatch') return null;
  if (answer.status === 200) {
    return ['a wrong signature got 200: another program answers, or VOD_CALLBACK_AUTH=hint', elsewhere];
  }
  const says = `a wrong signature got ${answer.status} ${answer.code ?? ''}`.trimEnd();
  return [`${says}, expected 401 signature_mismatch`, answer.status === 503 ? 'look at the webhook' : elsewhere];
}

function objectionToEvent(answer: Answer): Objection | null {
  if ('failed' in answer) return notReached(answer.failed);
  if (answer.status === 200) return null;
  if (answer.code === 'signature_stale') {
    return ['the webhook finds our time too far off', 'have its clock, and this one, set by a time server (NTP)'];
  }
  if (answer.status === 503)
    return ['it can not keep what is signed (503)', "look at the webhook's log: is Postgres there?"];
  return [`what is signed got ${answer.status} ${answer.code ?? ''}`.trimEnd(), elsewhere];
}

function notReached(failed: string): Objection {
  return [
    `not reached from this machine: ${failed}`,
    'does the name lead to the webhook, with a certificate that is valid?',
  ];
}

/** No proxy: VOD doesn't take ours either. */
async function post(url: string, timestamp: string, signature: string | null): Promise<Answer> {
  const begun = performance.now();
  const headers = signature === null ? {} : { 'x-vod-timestamp': timestamp, 'x-vod-signature': signature };
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: PROBE,
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const code = codeIn(await beginningOf(response));
    return { status: response.status, code, ms: Math.round(performance.now() - begun) };
  } catch (error) {
    return { failed: reasonOf(error) };
  }
}

async function beginningOf(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MOST_CHARACTERS) break;
  }
  return text.slice(0, MOST_CHARACTERS);
}

function codeIn(text: string): string | null {
  try {
    const { code } = JSON.parse(text) as { code?: unknown };
    return typeof code === 'string' ? code.slice(0, 64) : null;
  } catch {
    return null;
  }
}

/** Never the message: it may hold the URL. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
  if (name === 'TimeoutError') return `no answer within ${PATIENCE_MS / 1000} s`;
  const code = cause?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'the connection broke';
}
