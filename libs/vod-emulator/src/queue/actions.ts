import { ATTRIBUTES, ATTRIBUTE_NAMES, type AttributeName, type QueueAttributes, isQueueName, wholeNumber } from './attributes';
import type { HostedQueue } from './hosted-queue';
import { type Twist, answerMessages } from './message-actions';
import { type QueueAnswer, XML } from './queue-answer';
import type { QueueCall, QueueQuestion } from './queue-call';
import { type QueueRefusal, isRefusal, queueRefusals } from './queue-refusals';
import type { Queues } from './queues';
import { parseXml, printElements, printXml } from './xml';

// What is done for each question, once it is known who asks.

type Outcome = QueueAnswer | QueueRefusal;

export function execute(
  queues: Queues,
  question: QueueQuestion,
  call: QueueCall,
  twist?: Twist,
): Outcome | Promise<Outcome> {
  const { action, queue: name } = question;
  if (action === 'ListQueue') return list(queues, call);
  const queue = queues.find(call.region, name);
  if (action === 'CreateQueue') return create(queues, queue, name, call);
  if (!queue) return queueRefusals.noQueue();
  switch (action) {
    case 'GetQueueAttributes':
      return { status: 200, body: printXml('Queue', printElements(described(queue))), contentType: XML };
    case 'SetQueueAttributes': {
      const given = givenAttributes(call.body);
      if (isRefusal(given)) return given;
      queue.change(given);
      return { status: 204, body: '' };
    }
    case 'DeleteQueue':
      queues.delete(queue);
      return { status: 204, body: '' };
    default:
      return answerMessages(queue, { ...question, action }, call, twist);
  }
}

function list(queues: Queues, { region, endpoint, headers }: QueueCall): Outcome {
  const { 'x-mns-prefix': prefix = '', 'x-mns-marker': marker = '', 'x-mns-ret-number': number = '1000' } = headers;
  const size = wholeNumber(String(number), 1, 1000);
  if (size === undefined) return queueRefusals.outOfRange('x-mns-ret-number', 1, 1000);
  const all = queues.list(region).filter(({ name }) => name.startsWith(String(prefix)) && name >= String(marker));
  const items = all
    .slice(0, size)
    .map(({ name }) => `<Queue>\n${printElements({ QueueURL: `${endpoint}/queues/${name}`, QueueName: name })}</Queue>\n`);
  const next = printElements({ NextMarker: all[size]?.name });
  return { status: 200, body: printXml('Queues', items.join('') + next), contentType: XML };
}

function create(queues: Queues, existing: HostedQueue | undefined, name: string, call: QueueCall): Outcome {
  if (!isQueueName(name)) return name.length > 256 ? queueRefusals.queueNameLength() : queueRefusals.queueName();
  const given = givenAttributes(call.body);
  if (isRefusal(given)) return given;
  const headers = { Location: `${call.endpoint}/queues/${name}` };
  if (!existing) {
    queues.create(call.region, name, given);
    return { status: 201, body: '', headers };
  }
  const isTheSame = ATTRIBUTE_NAMES.every(
    (attribute) => (given[attribute] ?? ATTRIBUTES[attribute].usual) === existing.attributes[attribute],
  );
  return isTheSame ? { status: 204, body: '', headers } : queueRefusals.queueExists();
}

function described(queue: HostedQueue): Record<string, string | number> {
  const { active, inactive, delayed } = queue.counts();
  return {
    QueueName: queue.name,
    // In seconds, other than the times of messages.
    CreateTime: Math.floor(queue.createdAt / 1000),
    LastModifyTime: Math.floor(queue.modifiedAt / 1000),
    ...queue.attributes,
    ActiveMessages: active,
    InactiveMessages: inactive,
    DelayMessages: delayed,
    LoggingEnabled: 'False',
  };
}

function givenAttributes(body: string): Partial<QueueAttributes> | QueueRefusal {
  if (body === '') return {};
  const root = parseXml(body);
  if (!root) return queueRefusals.malformedXml();
  if (root.name !== 'Queue') return queueRefusals.otherXml(root.name);
  const given: Partial<QueueAttributes> = {};
  for (const { name, text } of root.children) {
    // There is no log that it could switch on.
    if (name === 'LoggingEnabled') continue;
    if (!isAttribute(name)) return queueRefusals.otherXml(name);
    const { least, most } = ATTRIBUTES[name];
    const value = wholeNumber(text, least, most);
    if (value === undefined) {
      return queueRefusals.outOfRange(name, least, most, name === 'MaximumMessageSize' ? 'bytes' : 'seconds');
    }
    given[name] = value;
  }
  return given;
}

function isAttribute(name: string): name is AttributeName {
  return Object.hasOwn(ATTRIBUTES, name);
}
