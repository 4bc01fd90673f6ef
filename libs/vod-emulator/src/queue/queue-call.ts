import type { IncomingHttpHeaders } from 'node:http';
import { type QueueRefusal, queueRefusals } from './queue-refusals';

export const QUEUE_ACTIONS = [
  'ListQueue',
  'CreateQueue',
  'SetQueueAttributes',
  'GetQueueAttributes',
  'DeleteQueue',
  'SendMessage',
  'ReceiveMessage',
  'PeekMessage',
  'DeleteMessage',
  'ChangeMessageVisibility',
] as const;

/** What SMQ can be asked, by its own names. A batch goes by the name of its single action. */
export type QueueAction = (typeof QUEUE_ACTIONS)[number];

/** One request as it arrived. */
export interface QueueCall {
  method: string;
  region: string;
  /** The endpoint as the client has it, without a slash at its end. */
  endpoint: string;
  /** Path and query behind the endpoint, as they were sent. */
  resource: string;
  /** Path and query with the endpoint's own path. */
  wholeResource: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Calls when the client is gone, or has its answer. */
  whenGone: (act: () => void) => void;
}

/** What a request asks for. Names of query items are in lower case: clients differ in theirs. */
export interface QueueQuestion {
  action: QueueAction;
  /** Empty for ListQueue. */
  queue: string;
  query: ReadonlyMap<string, string>;
}

const ITEMS: Partial<Record<QueueAction, readonly string[]>> = {
  CreateQueue: ['metaoverride'],
  SetQueueAttributes: ['metaoverride'],
  ReceiveMessage: ['peekonly', 'numofmessages', 'waitseconds'],
  PeekMessage: ['peekonly', 'numofmessages', 'waitseconds'],
  DeleteMessage: ['receipthandle'],
  ChangeMessageVisibility: ['receipthandle', 'visibilitytimeout'],
};

const FORMS = '/queues, /queues/{name} or /queues/{name}/messages';

export function questionOf({ method, resource }: QueueCall): QueueQuestion | QueueRefusal {
  const [path = '', ...rest] = resource.split('?');
  const query = queryOf(rest.join('?'));
  const [empty, root, queue = '', messages, ...deeper] = path.split('/');
  const isForm = empty === '' && root === 'queues' && (messages ?? 'messages') === 'messages' && deeper.length === 0;
  if (!isForm || (messages !== undefined && queue === '')) return queueRefusals.unknownUrl(FORMS);

  const place = queue === '' ? 'queues' : messages === undefined ? 'queue' : 'messages';
  const action = actionOf(method, place, query);
  if (!action) return queueRefusals.unknownUrl(`another method than ${method} for ${path}`);
  const known = ITEMS[action] ?? [];
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  return unknown === undefined ? { action, queue, query } : queueRefusals.unknownQueryItem(unknown);
}

function actionOf(
  method: string,
  place: 'queues' | 'queue' | 'messages',
  query: ReadonlyMap<string, string>,
): QueueAction | undefined {
  switch (`${method} ${place}`) {
    case 'GET queues':
      return 'ListQueue';
    case 'PUT queue':
      return isTrue(query.get('metaoverride')) ? 'SetQueueAttributes' : 'CreateQueue';
    case 'GET queue':
      return 'GetQueueAttributes';
    case 'DELETE queue':
      return 'DeleteQueue';
    case 'POST messages':
      return 'SendMessage';
    case 'GET messages':
      return isTrue(query.get('peekonly')) ? 'PeekMessage' : 'ReceiveMessage';
    case 'DELETE messages':
      return 'DeleteMessage';
    case 'PUT messages':
      return 'ChangeMessageVisibility';
    default:
      return undefined;
  }
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true';
}

/** A + stays a +: clients send receipt handles without escaping them. */
function queryOf(text: string): Map<string, string> {
  const items = text.split('&').filter((item) => item !== '');
  return new Map(
    items.map((item) => {
      const [name = '', ...value] = item.split('=');
      return [name.toLowerCase(), unescaped(value.join('='))];
    }),
  );
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
