import { readable } from '../fault';
import { textIn, type XmlElement } from './xml';

/** What can keep a queue from being read; what to do about each is in `remedies`. */
export const queueTroubles = [
  /** No usable answer: the way to SMQ, or SMQ itself. */
  'unavailable',
  /** Too many calls. */
  'throttled',
  'no_queue',
  /** The access key, its secret, its token or its permissions. */
  'forbidden',
  'no_credentials',
  'clock',
  /** Anything else that SMQ, or who answers in its place, says no to. */
  'refused',
] as const;
export type QueueTrouble = (typeof queueTroubles)[number];

/** For the person who has to mend it. Null: it goes away, and is tried again. */
export const remedies: Readonly<Record<QueueTrouble, string | null>> = {
  unavailable: null,
  throttled: null,
  no_queue: 'make the queue in this region, or correct VOD_MNS_QUEUE or VOD_MNS_ENDPOINT',
  forbidden: 'allow the access key mns:ReceiveMessage and mns:DeleteMessage on the queue, or correct the key',
  no_credentials:
    'set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET and restart, or give this machine a RAM role',
  clock: 'set the clock of this machine right: SMQ refuses what is 15 minutes off',
  refused: 'correct VOD_MNS_ENDPOINT: what answers there is not the queue service, or not of this account',
};

/** A call that did not do what it should. All texts in it are short and safe to log. */
export interface QueueFault {
  outcome: 'failed';
  trouble: QueueTrouble;
  /** SMQ's own, or a word for what happened instead of an answer. */
  code: string;
  message: string;
  requestId: string | null;
}

/** The codes that SMQ documents and that an HTTP status does not sort. */
const byCode: Readonly<Record<string, QueueTrouble>> = {
  QueueNotExist: 'no_queue',
  InvalidQueueName: 'no_queue',
  QueueNameLengthError: 'no_queue',
  AccessDenied: 'forbidden',
  InvalidAccessKeyId: 'forbidden',
  SignatureDoesNotMatch: 'forbidden',
  TimeExpired: 'clock',
  QpsLimitExceeded: 'throttled',
};

/** @param secrets values that were sent along and that may come back in the message */
export function queueFault(status: number, root: XmlElement | null, secrets: readonly string[]): QueueFault {
  const code = root && textIn(root, 'Code')?.trim();
  if (!root || !code) {
    return { ...noAnswer(`HTTP ${status}`, 'an answer without an error code'), trouble: troubleOf('', status) };
  }
  return {
    outcome: 'failed',
    trouble: troubleOf(code, status),
    code: readable(code, secrets).slice(0, 128),
    message: readable(textIn(root, 'Message') ?? '', secrets).slice(0, 300),
    requestId: textIn(root, 'RequestId')?.slice(0, 128) ?? null,
  };
}

export function noAnswer(code: string, message: string): QueueFault {
  return { outcome: 'failed', trouble: 'unavailable', code, message, requestId: null };
}

export const noCredentials: QueueFault = {
  outcome: 'failed',
  trouble: 'no_credentials',
  code: 'NoCredentials',
  message: 'no access key was found where the credential chain looks',
  requestId: null,
};

function troubleOf(code: string, status: number): QueueTrouble {
  const known = Object.hasOwn(byCode, code) ? byCode[code] : undefined;
  if (known) return known;
  if (status >= 500) return 'unavailable';
  if (status === 429 || code.startsWith('Throttling')) return 'throttled';
  return status === 401 || status === 403 ? 'forbidden' : 'refused';
}
