import type { Proxies } from '@app/config';
import { type AccessKey, credentialsProvider, type CredentialsProvider, type VodCredentials } from '../credentials';
import { originOf } from '../proxy';
import { messageBody } from './body';
import { Http, NoAnswerError } from './http';
import { signedHeaders } from './sign';
import { noAnswer, noCredentials, queueFault, type QueueFault } from './trouble';
import { readXml, textIn, type XmlElement } from './xml';

export interface EventQueueOptions {
  /** Of one region and account; may have a path, as the emulator's has, which isn't signed. */
  endpoint: string;
  queue: string;
  /** For any call, and for a poll beyond the time that SMQ is asked to wait. */
  timeoutMs: number;
  credentials: VodCredentials;
  /** Default: none. */
  proxies?: Proxies;
  now?: () => Date;
}

export interface QueueMessage {
  /** By which it is deleted, until somebody else is given it. */
  receipt: string;
  /** As its sender meant it: without the Base64 that it may have come in. */
  body: Buffer;
  /** By SMQ's clock. */
  enqueuedAt: Date | null;
}

export type Received =
  | { outcome: 'messages'; messages: QueueMessage[] }
  /** Nothing came while SMQ waited, or SMQ did not wait: it answers at once when there are too many polls. */
  | { outcome: 'empty' }
  /** `stop` was given while it waited. */
  | { outcome: 'stopped' }
  | QueueFault;

/** Those that were given to somebody else meanwhile, since it took too long, stay and come again. */
export type Deleted = { outcome: 'deleted'; deleted: number } | QueueFault;

/** What SMQ takes at most. */
const BATCH = 16;

/** SMQ takes up to 30. Between us and it are balancers and proxies that end what is idle: 30 s is a common limit, and too close. */
const WAIT_SECONDS = 20;

interface Answer {
  status: number;
  root: XmlElement | null;
  secrets: string[];
}

/** A queue of SMQ (API version 2015-06-06), as one who takes messages sees it. Nothing is ever repeated in here. */
export class EventQueue {
  private readonly http: Http;
  private readonly credentials: CredentialsProvider;
  private readonly path: string;
  private readonly now: () => Date;

  constructor(private readonly options: EventQueueOptions) {
    const { endpoint, queue, timeoutMs, proxies = {} } = options;
    this.http = new Http(withoutSlash(endpoint), timeoutMs, proxies);
    this.credentials = credentialsProvider(options.credentials);
    this.path = `/queues/${encodeURIComponent(queue)}/messages`;
    this.now = options.now ?? (() => new Date());
  }

  /** The proxy on the way, without user and password; null when there is none. */
  get proxy(): string | null {
    return this.http.proxy && originOf(this.http.proxy);
  }

  /** Waits for messages, and takes up to 16. Nobody else is given them until the queue's VisibilityTimeout is over. */
  async receive(stop: AbortSignal): Promise<Received> {
    const resource = `${this.path}?numOfMessages=${BATCH}&waitseconds=${WAIT_SECONDS}`;
    const answer = await this.call({ method: 'GET', resource }, WAIT_SECONDS * 1_000, stop);
    if ('outcome' in answer) return stop.aborted ? { outcome: 'stopped' } : answer;
    const { status, root, secrets } = answer;
    if (status !== 200) {
      const fault = queueFault(status, root, secrets);
      return fault.code === 'MessageNotExist' ? { outcome: 'empty' } : fault;
    }
    const messages = root && messagesIn(root);
    if (messages === null) return noAnswer('NoMessages', 'an answer that is no list of messages');
    return messages.length > 0 ? { outcome: 'messages', messages } : { outcome: 'empty' };
  }

  /** @param receipts from one to 16 */
  async delete(receipts: readonly string[]): Promise<Deleted> {
    const handles = receipts.map((each) => `<ReceiptHandle>${escaped(each)}</ReceiptHandle>`).join('');
    const body = `<?xml version="1.0" encoding="utf-8"?><ReceiptHandles xmlns="http://mns.aliyuncs.com/doc/v1/">${handles}</ReceiptHandles>`;
    const answer = await this.call({ method: 'DELETE', resource: this.path, body });
    if ('outcome' in answer) return answer;
    const { status, root, secrets } = answer;
    if (status >= 200 && status < 300) return { outcome: 'deleted', deleted: receipts.length };
    // Of some of them: one entry for each that stays.
    if (root?.name === 'Errors') {
      const left = root.children.filter(({ name }) => name === 'Error').length;
      return { outcome: 'deleted', deleted: Math.max(receipts.length - left, 0) };
    }
    const fault = queueFault(status, root, secrets);
    const isLate = fault.code === 'ReceiptHandleError' || fault.code === 'MessageNotExist';
    return isLate ? { outcome: 'deleted', deleted: 0 } : fault;
  }

  /** A call under way ends as one whose connection was lost. */
  close(): void {
    this.http.close();
  }

  private async call(
    { method, resource, body }: { method: string; resource: string; body?: string | undefined },
    waitMs = 0,
    stop?: AbortSignal,
  ): Promise<Answer | QueueFault> {
    const key = await this.key();
    if (key === null) return noCredentials;
    const contentType = body === undefined ? '' : 'text/xml';
    const headers = signedHeaders({ method, resource, contentType }, key, this.now());
    const patienceMs = waitMs + this.options.timeoutMs;
    try {
      const { status, text } = await this.http.call({ method, resource, headers, body, patienceMs, stop });
      const { accessKeyId, accessKeySecret, securityToken = '' } = key;
      return { status, root: readXml(text), secrets: [accessKeySecret, securityToken, accessKeyId] };
    } catch (error) {
      if (error instanceof NoAnswerError) return noAnswer(error.code, error.message);
      throw error;
    }
  }

  private async key(): Promise<AccessKey | null> {
    try {
      return await this.credentials.getCredentials();
    } catch {
      return null; // its own message may quote what it has asked
    }
  }
}

/** Without those that could not be deleted: they come again. Null when it isn't a list of messages. */
function messagesIn(root: XmlElement): QueueMessage[] | null {
  const found = root.name === 'Message' ? [root] : root.name === 'Messages' ? root.children : null;
  return (
    found?.flatMap((element) => {
      const receipt = textIn(element, 'ReceiptHandle')?.trim();
      if (element.name !== 'Message' || !receipt) return [];
      return [
        {
          receipt,
          body: messageBody(textIn(element, 'MessageBody') ?? ''),
          enqueuedAt: timeOf(textIn(element, 'EnqueueTime')),
        },
      ];
    }) ?? null
  );
}

function timeOf(text: string | null): Date | null {
  return text !== null && /^\d{13}$/.test(text.trim()) ? new Date(Number(text)) : null;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** VOD's own form of an endpoint ends with one. */
function withoutSlash(url: string): string {
  return url.endsWith('/') ? withoutSlash(url.slice(0, -1)) : url;
}
