import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AskQueue,
  type AskQueueOptions,
  bytesOf,
  messageXml,
  messagesOf,
  outcomeOf,
  queueAsker,
  sendRaw,
  signedRequest,
  textIn,
} from '../../test/queue-support';
import { type Running, closeAll, connectAndSend, startEmulator, until } from '../../test/support';
import type { EmulatorOptions } from '../emulator';
import type { HostedQueue } from './hosted-queue';
import { type QueueRefusal, queueRefusals } from './queue-refusals';
import { type Element, parseXml } from './xml';

afterEach(closeAll);

const MESSAGES = '/queues/events/messages';
const NAMESPACE = 'xmlns="http://mns.aliyuncs.com/doc/v1/"';

interface Served extends Running {
  askQueue: AskQueue;
  queue: HostedQueue;
  send: (body: string, more?: string) => ReturnType<AskQueue>;
  receive: (query?: string) => ReturnType<AskQueue>;
}

async function serve(options: Partial<EmulatorOptions> = {}): Promise<Served> {
  const running = await startEmulator({ queues: ['events'], ...options });
  const askQueue = queueAsker(running.url);
  const queue = running.emulator.queues.find('cn-shanghai', 'events');
  if (!queue) throw new Error('the emulator has no queue');
  return {
    ...running,
    askQueue,
    queue,
    send: (body, more) => askQueue('POST', MESSAGES, messageXml(body, more)),
    receive: (query = '') => askQueue('GET', `${MESSAGES}${query}`),
  };
}

/** A clock that goes on only when it is told. What is signed carries the true time, so it starts there. */
function clockToSet() {
  let ahead = 0;
  return { clock: () => Date.now() + ahead, pass: (seconds: number) => (ahead += seconds * 1000) };
}

describe('A message', () => {
  it('is received as it was sent, and deleted by its handle', async () => {
    const { send, receive, askQueue, queue } = await serve();
    const body = '{"EventType":"AIVideoTagComplete","Data":"<&> \\"é😀\\""}';
    const sent = await send(body);
    expect(sent.status).toBe(201);
    const received = await receive();
    const [message] = messagesOf(received);
    expect(message).toMatchObject({ id: textIn(sent.root, 'MessageId'), body, dequeueCount: 1 });
    expect(textIn(received.root, 'MessageBodyMD5')).toBe(textIn(sent.root, 'MessageBodyMD5'));
    const times = ['EnqueueTime', 'FirstDequeueTime', 'NextVisibleTime'].map((name) => Number(textIn(received.root, name)));
    const [enqueued = 0, first = 0, next = 0] = times;
    expect(first).toBeGreaterThanOrEqual(enqueued);
    expect(next).toBe(first + 30_000);
    expect(textIn(received.root, 'Priority')).toBe('8');

    expect(outcomeOf(await receive())).toBe('404 MessageNotExist');
    const deleted = await askQueue('DELETE', `${MESSAGES}?ReceiptHandle=${message?.handle}`);
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect(queue.counts()).toEqual({ active: 0, inactive: 0, delayed: 0 });
  });

  it('that is not deleted comes again by another handle, and then the first is worth nothing', async () => {
    const { clock, pass } = clockToSet();
    const { send, receive, askQueue } = await serve({ clock });
    await send('again');
    const [first] = messagesOf(await receive());
    pass(31);
    const outcome = async (handle = '') => outcomeOf(await askQueue('DELETE', `${MESSAGES}?ReceiptHandle=${handle}`));
    expect(await outcome(first?.handle)).toBe('400 ReceiptHandleError');
    const [second] = messagesOf(await receive());
    expect(second).toMatchObject({ id: first?.id, dequeueCount: 2 });
    expect(await outcome(first?.handle)).toBe('400 ReceiptHandleError');
    expect(await outcome(second?.handle)).toBe('204');
    expect(await outcome(second?.handle)).toBe('400 ReceiptHandleError');
  });

  it.each([
    ['receiptHandle', 'visibilityTimeout'],
    ['ReceiptHandle', 'VisibilityTimeout'],
  ])('can be hidden for longer by its handle: %s, %s', async (handleName, timeoutName) => {
    const { clock, pass } = clockToSet();
    const { send, receive, askQueue } = await serve({ clock });
    await send('slow');
    const [message] = messagesOf(await receive());
    const change = (handle = '') => askQueue('PUT', `${MESSAGES}?${handleName}=${handle}&${timeoutName}=100`);
    const changed = await change(message?.handle);
    expect([changed.status, changed.root?.name]).toEqual([200, 'ChangeVisibility']);
    const handle = textIn(changed.root, 'ReceiptHandle');
    expect(handle).not.toBe(message?.handle);
    expect(outcomeOf(await change(message?.handle))).toBe('404 MessageNotExist');
    pass(90);
    expect(outcomeOf(await receive())).toBe('404 MessageNotExist');
    expect((await askQueue('DELETE', `${MESSAGES}?ReceiptHandle=${handle}`)).status).toBe(204);
  });

  it('can be looked at without being taken', async () => {
    const { send, askQueue, queue } = await serve();
    await send('one');
    await send('two');
    const peeked = await askQueue('GET', `${MESSAGES}?peekonly=true`);
    expect(messagesOf(peeked)).toMatchObject([{ body: 'one', handle: '', dequeueCount: 0 }]);
    const both = await askQueue('GET', `${MESSAGES}?peekonly=true&numOfMessages=16`);
    expect(messagesOf(both).map(({ body }) => body)).toEqual(['one', 'two']);
    expect(queue.counts().active).toBe(2);
  });

  it('may be sent for later, and taken back before', async () => {
    const { clock, pass } = clockToSet();
    const { send, receive, askQueue } = await serve({ clock });
    const sent = await send('later', '<DelaySeconds>10</DelaySeconds>');
    await send('back', '<DelaySeconds>10</DelaySeconds>').then(({ root }) =>
      askQueue('DELETE', `${MESSAGES}?ReceiptHandle=${textIn(root, 'ReceiptHandle')}`),
    );
    expect(textIn(sent.root, 'ReceiptHandle')).toMatch(/^1-/);
    expect(outcomeOf(await receive())).toBe('404 MessageNotExist');
    pass(10);
    expect(messagesOf(await receive('?numOfMessages=16')).map(({ body }) => body)).toEqual(['later']);
  });
});

describe('A batch', () => {
  const batch = (...bodies: string[]) => `<Messages ${NAMESPACE}>${bodies.map((body) => messageXml(body)).join('')}</Messages>`;
  const handles = (all: string[]) =>
    `<ReceiptHandles ${NAMESPACE}>${all.map((handle) => `<ReceiptHandle>${handle}</ReceiptHandle>`).join('')}</ReceiptHandles>`;

  it('is sent, received and deleted in one call each', async () => {
    const { askQueue, receive, queue } = await serve();
    const sent = await askQueue('POST', MESSAGES, batch('1', '2', '3'));
    expect([sent.status, sent.root?.name, sent.root?.children.length]).toEqual([201, 'Messages', 3]);
    const received = messagesOf(await receive('?numOfMessages=16&waitseconds=5'));
    expect(received.map(({ body }) => body)).toEqual(['1', '2', '3']);
    const deleted = await askQueue('DELETE', MESSAGES, handles(received.map(({ handle }) => handle)));
    expect(deleted.status).toBe(204);
    expect(queue.counts()).toEqual({ active: 0, inactive: 0, delayed: 0 });
  });

  it('of one message has the form of a batch', async () => {
    const { send, receive } = await serve();
    await send('alone');
    expect((await receive('?numOfMessages=1')).root?.name).toBe('Messages');
  });

  it('that can be deleted in part says which messages stay', async () => {
    const { send, receive, askQueue, queue } = await serve();
    await send('gone');
    await send('also gone');
    const [one, two] = messagesOf(await receive('?numOfMessages=16'));
    const all = [one?.handle ?? '', 'stale', two?.handle ?? ''];
    const deleted = await askQueue('DELETE', MESSAGES, handles(all));
    expect([deleted.status, deleted.root?.name]).toEqual([404, 'Errors']);
    const errors = deleted.root?.children.map((error) => [textIn(error, 'ErrorCode'), textIn(error, 'ReceiptHandle')]);
    expect(errors).toEqual([['ReceiptHandleError', 'stale']]);
    expect(queue.counts().inactive).toBe(0);
  });

  it('is refused as a whole when a message of it cannot be taken', async () => {
    const { askQueue, queue } = await serve();
    const tooLong = 'x'.repeat(65_537);
    expect(outcomeOf(await askQueue('POST', MESSAGES, batch('fits', tooLong)))).toBe('400 InvalidArgument');
    const half = 'x'.repeat(40_000);
    expect(outcomeOf(await askQueue('POST', MESSAGES, batch(half, half)))).toBe('400 InvalidArgument');
    const seventeen = Array.from({ length: 17 }, String);
    expect(outcomeOf(await askQueue('POST', MESSAGES, batch(...seventeen)))).toBe('400 InvalidArgument');
    expect(outcomeOf(await askQueue('DELETE', MESSAGES, handles(seventeen)))).toBe('400 InvalidArgument');
    expect(queue.counts().active).toBe(0);
  });
});

describe('A long poll', () => {
  it('is answered by the first message that comes, the longest waiting first', async () => {
    const { send, receive, queue } = await serve();
    const first = receive('?waitseconds=30');
    await until(() => queue.polls === 1);
    const second = receive('?numOfMessages=16&waitseconds=30');
    await until(() => queue.polls === 2);
    await send('for the first');
    expect(messagesOf(await first).map(({ body }) => body)).toEqual(['for the first']);
    await send('for the second');
    expect(messagesOf(await second).map(({ body }) => body)).toEqual(['for the second']);
    expect(queue.polls).toBe(0);
  });

  it('ends without a message when its time is over', async () => {
    const { receive, queue } = await serve();
    expect(outcomeOf(await receive('?waitseconds=1'))).toBe('404 MessageNotExist');
    expect(queue.polls).toBe(0);
  });

  it('gets a message whose time is over while it waits', async () => {
    const { askQueue, send, receive } = await serve();
    await askQueue('PUT', '/queues/events?metaoverride=true', '<Queue><VisibilityTimeout>1</VisibilityTimeout></Queue>');
    await send('again');
    await receive();
    expect(messagesOf(await receive('?waitseconds=30'))).toMatchObject([{ body: 'again', dequeueCount: 2 }]);
  });

  it('gets it also when the clock was set forward', async () => {
    const { clock, pass } = clockToSet();
    const { emulator, send, receive, queue } = await serve({ clock });
    await send('again');
    await receive();
    const polled = receive('?waitseconds=30');
    await until(() => queue.polls === 1);
    pass(30);
    emulator.queues.look();
    expect(messagesOf(await polled)).toMatchObject([{ body: 'again', dequeueCount: 2 }]);
  });

  it('waits as long as the queue says when it does not say so itself', async () => {
    const { askQueue, send, receive, queue } = await serve();
    await askQueue('PUT', '/queues/events?metaoverride=true', '<Queue><PollingWaitSeconds>30</PollingWaitSeconds></Queue>');
    expect(outcomeOf(await receive('?waitseconds=0'))).toBe('404 MessageNotExist');
    const polled = receive();
    await until(() => queue.polls === 1);
    await send('came');
    expect(messagesOf(await polled)).toHaveLength(1);
  });

  it('takes no message once its client has gone', async () => {
    const { url, send, receive, queue } = await serve();
    const whole = receive('?waitseconds=30');
    await until(() => queue.polls === 1);
    const sameByHand = signedRequest(url, 'GET', `${MESSAGES}?waitseconds=30`);
    const { socket, ended } = connectAndSend(url, bytesOf(sameByHand));
    await until(() => queue.polls === 2);
    socket.destroy();
    await ended;
    await until(() => queue.polls === 1);
    await send('for who is there');
    await whole;
    await send('for whoever comes');
    expect(queue.counts()).toEqual({ active: 1, inactive: 1, delayed: 0 });
  });

  it('ends when the queue is deleted, and when the emulator is reset', async () => {
    const { emulator, askQueue, receive, queue } = await serve({ queues: ['events', 'other'] });
    const polled = receive('?waitseconds=30');
    await until(() => queue.polls === 1);
    await askQueue('DELETE', '/queues/events');
    expect(outcomeOf(await polled)).toBe('404 MessageNotExist');
    expect(outcomeOf(await receive())).toBe('404 QueueNotExist');

    const other = emulator.queues.find('cn-shanghai', 'other');
    const polledToo = askQueue('GET', '/queues/other/messages?waitseconds=30');
    await until(() => other?.polls === 1);
    emulator.reset();
    expect(outcomeOf(await polledToo)).toBe('404 MessageNotExist');
    expect(outcomeOf(await receive())).toBe('404 MessageNotExist');
  });
});

describe('A queue', () => {
  it('is made, described, changed, listed and deleted', async () => {
    const { url, askQueue } = await serve();
    const made = await askQueue('PUT', '/queues/news', `<Queue ${NAMESPACE}><VisibilityTimeout>60</VisibilityTimeout></Queue>`);
    expect([made.status, made.headers.location]).toEqual([201, `${url}/_mns/cn-shanghai/queues/news`]);
    const attributes = await askQueue('GET', '/queues/news');
    expect(Object.fromEntries(attributes.root?.children.map(({ name, text }) => [name, text]) ?? [])).toEqual({
      QueueName: 'news',
      CreateTime: expect.stringMatching(/^\d{10}$/),
      LastModifyTime: expect.stringMatching(/^\d{10}$/),
      DelaySeconds: '0',
      MaximumMessageSize: '65536',
      MessageRetentionPeriod: '345600',
      PollingWaitSeconds: '0',
      VisibilityTimeout: '60',
      ActiveMessages: '0',
      InactiveMessages: '0',
      DelayMessages: '0',
      LoggingEnabled: 'False',
    });
    const same = `<Queue><VisibilityTimeout>60</VisibilityTimeout></Queue>`;
    expect(outcomeOf(await askQueue('PUT', '/queues/news', same))).toBe('204');
    expect(outcomeOf(await askQueue('PUT', '/queues/news'))).toBe('409 QueueAlreadyExist');
    const change = '<Queue><VisibilityTimeout>5</VisibilityTimeout></Queue>';
    expect(outcomeOf(await askQueue('PUT', '/queues/news?metaoverride=true', change))).toBe('204');
    expect(textIn((await askQueue('GET', '/queues/news')).root, 'VisibilityTimeout')).toBe('5');
    const listed = await askQueue('GET', '/queues');
    expect(listed.root?.children.map((child) => textIn(child, 'QueueURL'))).toEqual([
      `${url}/_mns/cn-shanghai/queues/events`,
      `${url}/_mns/cn-shanghai/queues/news`,
    ]);
    expect(outcomeOf(await askQueue('DELETE', '/queues/news'))).toBe('204');
    expect(outcomeOf(await askQueue('GET', '/queues/news'))).toBe('404 QueueNotExist');
  });

  it('is listed page by page', async () => {
    const { askQueue } = await serve({ queues: ['a1', 'a2', 'a3', 'b1', 'events'] });
    const page = async (headers: Record<string, string>) => {
      const { root } = await askQueue('GET', '/queues', '', { headers: { 'x-mns-ret-number': '2', ...headers } });
      const names = root?.children.flatMap((child) => textIn(child, 'QueueName') ?? []);
      return { names, next: textIn(root, 'NextMarker') };
    };
    const first = await page({ 'x-mns-prefix': 'a' });
    expect(first.names).toEqual(['a1', 'a2']);
    const second = await page({ 'x-mns-prefix': 'a', 'x-mns-marker': first.next ?? '' });
    expect(second).toEqual({ names: ['a3'], next: undefined });
  });

  it('belongs to its region', async () => {
    const { askQueue, send } = await serve({ regions: ['cn-shanghai', 'cn-beijing'], queues: ['events', 'only-{region}'] });
    await send('here');
    expect(outcomeOf(await askQueue('GET', MESSAGES, '', { region: 'cn-beijing' }))).toBe('404 MessageNotExist');
    expect(outcomeOf(await askQueue('GET', '/queues/only-cn-beijing', '', { region: 'cn-beijing' }))).toBe('200');
    expect(outcomeOf(await askQueue('GET', '/queues/only-cn-beijing'))).toBe('404 QueueNotExist');
    expect(outcomeOf(await askQueue('GET', MESSAGES, '', { region: 'us-east-1' }))).toBe('400 InvalidRequestURL');
  });

  it('takes messages as long as it says, in bytes', async () => {
    const { askQueue, send } = await serve();
    await askQueue('PUT', '/queues/events?metaoverride=true', '<Queue><MaximumMessageSize>1024</MaximumMessageSize></Queue>');
    expect(outcomeOf(await send('é'.repeat(512)))).toBe('201');
    expect(outcomeOf(await send('é'.repeat(513)))).toBe('400 InvalidArgument');
  });
});

describe('What is malformed', () => {
  it.each([
    ['GET', '/', '', '400 InvalidRequestURL'],
    ['GET', '/topics/t', '', '400 InvalidRequestURL'],
    ['GET', '/queues/events/other', '', '400 InvalidRequestURL'],
    ['GET', '/queues//messages', '', '400 InvalidRequestURL'],
    ['GET', '/queues/events/messages/deeper', '', '400 InvalidRequestURL'],
    ['POST', '/queues/events', '', '400 InvalidRequestURL'],
    ['DELETE', '/queues', '', '400 InvalidRequestURL'],
    ['GET', `${MESSAGES}?wait=1`, '', '400 InvalidQueryString'],
    ['DELETE', `${MESSAGES}?ReceiptHandle=x&more=1`, '', '400 InvalidQueryString'],
    ['GET', `${MESSAGES}?waitseconds=31`, '', '400 InvalidArgument'],
    ['GET', `${MESSAGES}?waitseconds=-1`, '', '400 InvalidArgument'],
    ['GET', `${MESSAGES}?numOfMessages=17`, '', '400 InvalidArgument'],
    ['GET', `${MESSAGES}?numOfMessages=0`, '', '400 InvalidArgument'],
    ['GET', `${MESSAGES}?numOfMessages=many`, '', '400 InvalidArgument'],
    ['DELETE', MESSAGES, '', '400 MissingReceiptHandle'],
    ['DELETE', MESSAGES, '<ReceiptHandles/>', '400 MissingReceiptHandle'],
    ['DELETE', MESSAGES, '<ReceiptHandles><Handle/></ReceiptHandles>', '400 InvalidArgument'],
    ['DELETE', MESSAGES, 'handles', '400 MalformedXML'],
    ['DELETE', `${MESSAGES}?ReceiptHandle=1-unknown`, '', '400 ReceiptHandleError'],
    ['PUT', `${MESSAGES}?VisibilityTimeout=5`, '', '400 MissingReceiptHandle'],
    ['PUT', `${MESSAGES}?ReceiptHandle=1-x`, '', '400 MissingVisibilityTimeout'],
    ['PUT', `${MESSAGES}?ReceiptHandle=1-x&VisibilityTimeout=0`, '', '400 InvalidArgument'],
    ['PUT', `${MESSAGES}?ReceiptHandle=1-x&VisibilityTimeout=43201`, '', '400 InvalidArgument'],
    ['PUT', `${MESSAGES}?ReceiptHandle=other&VisibilityTimeout=5`, '', '400 ReceiptHandleError'],
    ['POST', MESSAGES, '', '400 MalformedXML'],
    ['POST', MESSAGES, '<Message>', '400 MalformedXML'],
    ['POST', MESSAGES, '<Other/>', '400 InvalidArgument'],
    ['POST', MESSAGES, '<Messages/>', '400 InvalidArgument'],
    ['POST', MESSAGES, '<Message/>', '400 InvalidArgument'],
    ['POST', MESSAGES, messageXml(''), '400 InvalidArgument'],
    ['POST', MESSAGES, messageXml('x', '<DelaySeconds>604801</DelaySeconds>'), '400 InvalidArgument'],
    ['POST', MESSAGES, messageXml('x', '<Priority>0</Priority>'), '400 InvalidArgument'],
    ['POST', '/queues/nowhere/messages', messageXml('x'), '404 QueueNotExist'],
    ['PUT', '/queues/n%20', '', '400 InvalidQueueName'],
    ['PUT', '/queues/-n', '', '400 InvalidQueueName'],
    ['PUT', `/queues/${'n'.repeat(257)}`, '', '400 QueueNameLengthError'],
    ['PUT', '/queues/n', '<Queue><Colour>red</Colour></Queue>', '400 InvalidArgument'],
    ['PUT', '/queues/n', '<Queue><PollingWaitSeconds>31</PollingWaitSeconds></Queue>', '400 InvalidArgument'],
    ['PUT', '/queues/nowhere?metaoverride=true', '<Queue/>', '404 QueueNotExist'],
  ])('%s %s %s: %s', async (method, resource, body, outcome) => {
    const { askQueue } = await serve();
    expect(outcomeOf(await askQueue(method, resource, body))).toBe(outcome);
  });
});

describe('A caller', () => {
  it.each<[AskQueueOptions['way']]>([['path'], ['whole path'], ['host'], ['proxy']])(
    'is served by the way of the %s',
    async (way) => {
      const { askQueue, queue } = await serve();
      expect(outcomeOf(await askQueue('POST', MESSAGES, messageXml('came'), { way }))).toBe('201');
      expect(queue.counts().active).toBe(1);
      const { root } = await askQueue('GET', '/queues/nowhere', '', { way });
      expect(textIn(root, 'HostId')).toMatch(
        way === 'host' || way === 'proxy'
          ? /^http:\/\/1234567\.mns\.cn-shanghai\.aliyuncs\.com$/
          : /^http:\/\/127\.0\.0\.1:\d+\/_mns\/cn-shanghai$/,
      );
    },
  );

  it.each(['cn-shanghai-internal', 'cn-shanghai-internal-vpc'])('may use the host of %s', async (region) => {
    const { askQueue } = await serve();
    expect(outcomeOf(await askQueue('GET', MESSAGES, '', { way: 'host', region }))).toBe('404 MessageNotExist');
  });

  it.each<[string, string, AskQueueOptions]>([
    ['with a wrong secret', '403 SignatureDoesNotMatch', { key: { id: 'test-id', secret: 'wrong' } }],
    ['with another key', '403 InvalidAccessKeyId', { key: { id: 'other', secret: 'canary-secret' } }],
    ['without authorization', '400 InvalidAuthorizationHeader', { tamper: { headers: { authorization: 'none' } } }],
    ['with another path than the signed one', '403 SignatureDoesNotMatch', { tamper: { resource: '/queues/events/messages?numOfMessages=2' } }],
    ['with another method', '403 SignatureDoesNotMatch', { tamper: { method: 'DELETE' } }],
    ['with a date of yesterday', '408 TimeExpired', { headers: { date: new Date(Date.now() - 86_400_000).toUTCString() } }],
  ])('%s is refused: %s', async (_what, outcome, options) => {
    const { askQueue, queue } = await serve();
    queue.put('kept');
    for (const way of ['path', 'host', 'proxy'] as const) {
      expect(outcomeOf(await askQueue('GET', MESSAGES, '', { ...options, way }))).toBe(outcome);
    }
    expect(queue.counts().active).toBe(1);
  });

  it('reaches nothing but queues by a name of theirs', async () => {
    const { url } = await serve();
    const headers = { host: '1234567.mns.cn-shanghai.aliyuncs.com' };
    for (const path of ['/_emulator', '/healthz', '/_emulator/reset', 'http://1.mns.cn-shanghai.aliyuncs.com/_emulator']) {
      const { status, root } = await sendRaw(url, { method: 'GET', path, headers, body: '' });
      expect([status, textIn(root, 'Code')]).toEqual([400, 'MissingAuthorizationHeader']);
    }
    const page = { ...headers, origin: 'https://evil.example' };
    expect((await sendRaw(url, { method: 'GET', path: MESSAGES, headers: page, body: '' })).status).toBe(403);
    const rebound = { host: 'mns.cn-shanghai.aliyuncs.com.evil.example' };
    expect((await sendRaw(url, { method: 'GET', path: MESSAGES, headers: rebound, body: '' })).status).toBe(403);
  });
});

describe('Answers', () => {
  const folder = join(__dirname, '../../../vod/test/samples/mns');
  const namesIn = (element: Element | undefined): unknown =>
    element && [element.name, ...element.children.map((child) => (child.children.length > 0 ? namesIn(child) : child.name))];

  it.each(readdirSync(folder))('have the fields of %s, in their order', async (file) => {
    const { send, receive, askQueue } = await serve();
    const [kind = '', code = ''] = file.split('.');
    await send('one');
    await send('two');
    const asked: Record<string, () => ReturnType<AskQueue>> = {
      ReceiveMessage: () => receive(),
      BatchReceiveMessage: () => receive('?numOfMessages=16'),
      MessageNotExist: () => receive('?numOfMessages=16').then(() => receive()),
      QueueNotExist: () => askQueue('GET', '/queues/nowhere/messages'),
      ReceiptHandleError: () => askQueue('DELETE', `${MESSAGES}?ReceiptHandle=1-x`),
      SignatureDoesNotMatch: () => askQueue('GET', MESSAGES, '', { key: { id: 'test-id', secret: 'wrong' } }),
    };
    const answer = await asked[kind === 'error' ? code : kind]?.();
    const sample = parseXml(readFileSync(join(folder, file), 'utf8'));
    expect(namesIn(answer?.root)).toEqual(namesIn(sample));
    expect(answer?.text).toContain(`<${sample?.name} ${NAMESPACE}>`);
    expect(answer?.status).toBe(Number(/http(\d+)/.exec(file)?.[1] ?? 200));
    expect(answer?.headers).toMatchObject({
      'content-type': 'text/xml;charset=utf-8',
      'x-mns-version': '2015-06-06',
      'x-mns-request-id': expect.stringMatching(/^[0-9A-F]{24}$/),
    });
  });

  it.each(readdirSync(folder).filter((file) => file.startsWith('error.')))('say what %s says', (file) => {
    const sample = parseXml(readFileSync(join(folder, file), 'utf8'));
    const said = Object.values(queueRefusals)
      .map((refusal) => (refusal as (...args: unknown[]) => QueueRefusal)(0, 0, 0))
      .find(({ code }) => code === textIn(sample, 'Code'));
    expect(said?.message.startsWith(textIn(sample, 'Message') ?? 'nothing')).toBe(true);
  });
});
