import { ATTRIBUTES, wholeNumber } from './attributes';
import type { HostedQueue } from './hosted-queue';
import type { Message, PutOptions } from './message-queue';
import { type QueueAnswer, XML } from './queue-answer';
import type { QueueAction, QueueCall, QueueQuestion } from './queue-call';
import { type QueueRefusal, isRefusal, queueRefusals } from './queue-refusals';
import { type Element, parseXml, printElements, printXml } from './xml';

type Outcome = QueueAnswer | QueueRefusal;

type MessageAction = Extract<
  QueueAction,
  'SendMessage' | 'ReceiveMessage' | 'PeekMessage' | 'DeleteMessage' | 'ChangeMessageVisibility'
>;

/** What goes wrong with an action that is executed, and what to call when it has. */
export interface Twist {
  /** The messages can be received again at once; the deletion is answered and not done. */
  fault: 'redeliver' | 'lost_delete';
  happened: () => void;
}

/** Messages of one batch, and bytes of all that it sends. */
const BATCH = 16;
const BATCH_BYTES = 65_536;

export function answerMessages(
  queue: HostedQueue,
  { action, query }: QueueQuestion & { action: MessageAction },
  call: QueueCall,
  twist?: Twist,
): Outcome | Promise<Outcome> {
  switch (action) {
    case 'SendMessage':
      return send(queue, call.body);
    case 'ReceiveMessage':
      return receive(queue, query, call, twist);
    case 'PeekMessage':
      return peek(queue, query);
    case 'DeleteMessage':
      return remove(queue, query, call.body, twist);
    case 'ChangeMessageVisibility':
      return changeVisibility(queue, query);
  }
}

async function receive(
  queue: HostedQueue,
  query: ReadonlyMap<string, string>,
  { whenGone }: QueueCall,
  twist?: Twist,
): Promise<Outcome> {
  const size = batchSize(query);
  if (typeof size === 'object') return size;
  const waitText = query.get('waitseconds');
  const wait = waitText === undefined ? queue.attributes.PollingWaitSeconds : wholeNumber(waitText, 0, 30);
  if (wait === undefined) return queueRefusals.outOfRange('waitseconds', 0, 30, 'seconds');

  const there = queue.receive(size ?? 1);
  const messages = there.length > 0 || wait === 0 ? there : await queue.poll(size ?? 1, wait * 1000, whenGone);
  if (messages.length === 0) return queueRefusals.noMessage();
  // Printed first: what is released may be handed out to the next one at once, by another handle.
  const answer = printed(messages, size !== undefined, printReceived);
  if (twist) {
    queue.release(messages);
    twist.happened();
  }
  return answer;
}

function peek(queue: HostedQueue, query: ReadonlyMap<string, string>): Outcome {
  const size = batchSize(query);
  if (typeof size === 'object') return size;
  const messages = queue.peek(size ?? 1);
  return messages.length === 0 ? queueRefusals.noMessage() : printed(messages, size !== undefined, printPeeked);
}

/** Undefined for a single message, whose answer has another form than a batch of one. */
function batchSize(query: ReadonlyMap<string, string>): number | undefined | QueueRefusal {
  const text = query.get('numofmessages');
  if (text === undefined) return undefined;
  return wholeNumber(text, 1, BATCH) ?? queueRefusals.outOfRange('numOfMessages', 1, BATCH);
}

function printed(messages: readonly Message[], isBatch: boolean, print: (message: Message) => string): QueueAnswer {
  const body = isBatch
    ? printXml('Messages', messages.map((message) => `<Message>\n${print(message)}</Message>\n`).join(''))
    : printXml('Message', messages.map(print).join(''));
  return { status: 200, body, contentType: XML };
}

function printReceived(message: Message): string {
  return printElements({
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    MessageBodyMD5: message.bodyMd5,
    MessageBody: message.body,
    EnqueueTime: message.enqueuedAt,
    NextVisibleTime: message.visibleAt,
    FirstDequeueTime: message.firstDequeuedAt,
    DequeueCount: message.dequeueCount,
    Priority: message.priority,
  });
}

/** A look brings no handle. What a message that nobody has received says of its first time isn't published: 0 is a guess. */
function printPeeked(message: Message): string {
  return printElements({
    MessageId: message.id,
    MessageBodyMD5: message.bodyMd5,
    MessageBody: message.body,
    EnqueueTime: message.enqueuedAt,
    FirstDequeueTime: message.firstDequeuedAt ?? 0,
    DequeueCount: message.dequeueCount,
    Priority: message.priority,
  });
}

/** A delayed message has a handle from the start, by which it can be taken back. */
function printSent(message: Message): string {
  return printElements({
    MessageId: message.id,
    MessageBodyMD5: message.bodyMd5,
    ReceiptHandle: message.state === 'delayed' ? message.receiptHandle : undefined,
  });
}

interface ToSend extends PutOptions {
  body: string;
}

function send(queue: HostedQueue, body: string): Outcome {
  const root = parseXml(body);
  if (!root) return queueRefusals.malformedXml();
  const isBatch = root.name === 'Messages';
  const elements = isBatch ? root.children : [root];
  if (isBatch && (elements.length === 0 || elements.length > BATCH)) {
    return queueRefusals.outOfRange('the number of messages', 1, BATCH);
  }
  const toSend: ToSend[] = [];
  for (const element of elements) {
    const message = messageToSend(element, queue.attributes.MaximumMessageSize);
    if (isRefusal(message)) return message;
    toSend.push(message);
  }
  const bytes = toSend.reduce((sum, message) => sum + Buffer.byteLength(message.body), 0);
  if (bytes > BATCH_BYTES) return queueRefusals.outOfRange('all MessageBody together', 1, BATCH_BYTES, 'bytes');
  const sent = toSend.map((message) => queue.put(message.body, message));
  return { ...printed(sent, isBatch, printSent), status: 201 };
}

function messageToSend({ name, children }: Element, maximumSize: number): ToSend | QueueRefusal {
  if (name !== 'Message') return queueRefusals.otherXml(name);
  const values = new Map(children.map((child) => [child.name, child.text]));
  const body = values.get('MessageBody');
  if (body === undefined) return queueRefusals.otherXml('Message without MessageBody');
  const size = Buffer.byteLength(body);
  if (size === 0 || size > maximumSize) return queueRefusals.outOfRange('MessageBody', 1, maximumSize, 'bytes');

  const { least, most } = ATTRIBUTES.DelaySeconds;
  const [delay, rank] = [values.get('DelaySeconds'), values.get('Priority')];
  const delaySeconds = delay === undefined ? undefined : wholeNumber(delay, least, most);
  if (delay !== undefined && delaySeconds === undefined) {
    return queueRefusals.outOfRange('DelaySeconds', least, most, 'seconds');
  }
  const priority = rank === undefined ? undefined : wholeNumber(rank, 1, 16);
  if (rank !== undefined && priority === undefined) return queueRefusals.outOfRange('Priority', 1, 16);
  return { body, delaySeconds, priority };
}

function remove(
  queue: HostedQueue,
  query: ReadonlyMap<string, string>,
  body: string,
  twist: Twist | undefined,
): Outcome {
  const single = query.get('receipthandle');
  const handles = single === undefined ? handlesIn(body) : [single];
  if (!Array.isArray(handles)) return handles;
  const failed = handles.filter((handle) => (twist ? !queue.isValid(handle) : !queue.delete(handle)));
  if (twist && failed.length < handles.length) twist.happened();
  if (failed.length === 0) return { status: 204, body: '' };

  const { code, message } = queueRefusals.receiptHandle();
  if (single !== undefined) return queueRefusals.receiptHandle();
  const errors = failed.map((handle) => {
    const error = printElements({ ErrorCode: code, ErrorMessage: message, ReceiptHandle: handle });
    return `<Error>\n${error}</Error>\n`;
  });
  return { status: 404, body: printXml('Errors', errors.join('')), contentType: XML };
}

function handlesIn(body: string): string[] | QueueRefusal {
  if (body === '') return queueRefusals.missingReceiptHandle();
  const root = parseXml(body);
  if (!root) return queueRefusals.malformedXml();
  if (root.name !== 'ReceiptHandles') return queueRefusals.otherXml(root.name);
  const other = root.children.find(({ name }) => name !== 'ReceiptHandle');
  if (other) return queueRefusals.otherXml(other.name);
  if (root.children.length === 0) return queueRefusals.missingReceiptHandle();
  if (root.children.length > BATCH) return queueRefusals.outOfRange('the number of receipt handles', 1, BATCH);
  return root.children.map(({ text }) => text.trim());
}

function changeVisibility(queue: HostedQueue, query: ReadonlyMap<string, string>): Outcome {
  const [handle, text] = [query.get('receipthandle'), query.get('visibilitytimeout')];
  if (handle === undefined) return queueRefusals.missingReceiptHandle();
  if (text === undefined) return queueRefusals.missingVisibilityTimeout();
  const { least, most } = ATTRIBUTES.VisibilityTimeout;
  const seconds = wholeNumber(text, least, most);
  if (seconds === undefined) return queueRefusals.outOfRange('VisibilityTimeout', least, most, 'seconds');
  const message = queue.changeVisibility(handle, seconds);
  // The page of this call names MessageNotExist for a message that is visible again, or deleted.
  if (!message) return handle.startsWith('1-') ? queueRefusals.noMessage() : queueRefusals.receiptHandle();
  const changed = { ReceiptHandle: message.receiptHandle, NextVisibleTime: message.visibleAt };
  return { status: 200, body: printXml('ChangeVisibility', printElements(changed)), contentType: XML };
}
