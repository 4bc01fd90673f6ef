import { type AskQueue, bytesOf, messagesOf, outcomeOf, queueAsker, signedRequest } from '../../test/queue-support';
import { type Running, closeAll, connectAndSend, exchange, startEmulator, until } from '../../test/support';
import { type Fault, type FaultRule, faultRule } from '../faults';
import type { HostedQueue } from './hosted-queue';

afterEach(closeAll);

const MESSAGES = '/queues/events/messages';

interface Struck extends Running {
  queue: HostedQueue;
  askQueue: AskQueue;
  receive: (query?: string) => ReturnType<AskQueue>;
  remove: (handle: string | undefined) => ReturnType<AskQueue>;
}

async function start(on: FaultRule['on'], fault: Fault, when?: FaultRule['when']): Promise<Struck> {
  const running = await startEmulator({ queues: ['events'], faults: [faultRule(on, fault, when)] });
  const queue = running.emulator.queues.find('cn-shanghai', 'events');
  if (!queue) throw new Error('the emulator has no queue');
  const askQueue = queueAsker(running.url);
  return {
    ...running,
    queue,
    askQueue,
    receive: (query = '') => askQueue('GET', `${MESSAGES}${query}`),
    remove: (handle) => askQueue('DELETE', `${MESSAGES}?ReceiptHandle=${handle}`),
  };
}

describe('A message', () => {
  it('may come twice, and then its first handle is worth nothing', async () => {
    const { emulator, queue, receive, remove } = await start('ReceiveMessage', { fault: 'redeliver' }, { nth: 2 });
    expect(outcomeOf(await receive())).toBe('404 MessageNotExist');
    queue.put('twice');
    const [first] = messagesOf(await receive('?numOfMessages=16'));
    const [second] = messagesOf(await receive('?numOfMessages=16'));
    expect([first, second]).toMatchObject([
      { body: 'twice', dequeueCount: 1 },
      { body: 'twice', dequeueCount: 2 },
    ]);
    expect(outcomeOf(await remove(first?.handle))).toBe('400 ReceiptHandleError');
    expect(outcomeOf(await remove(second?.handle))).toBe('204');
    expect(emulator.faults().entries).toMatchObject([
      { on: 'ReceiveMessage', fault: 'redeliver', region: 'cn-shanghai', queue: 'events' },
    ]);
  });

  it('that was not there cannot come twice', async () => {
    const { emulator, receive } = await start('ReceiveMessage', { fault: 'redeliver' });
    await receive();
    expect(emulator.faults().fired).toBe(0);
  });

  it('may stay although its deletion was confirmed', async () => {
    const { emulator, queue, receive, remove } = await start('DeleteMessage', { fault: 'lost_delete' }, { limit: 1 });
    queue.change({ VisibilityTimeout: 1 });
    queue.put('stays');
    const [first] = messagesOf(await receive());
    expect(outcomeOf(await remove('unknown'))).toBe('400 ReceiptHandleError');
    expect(outcomeOf(await remove(first?.handle))).toBe('204');
    const [second] = messagesOf(await receive('?waitseconds=30'));
    expect(second).toMatchObject({ body: 'stays', dequeueCount: 2 });
    expect(outcomeOf(await remove(second?.handle))).toBe('204');
    expect(queue.counts()).toEqual({ active: 0, inactive: 0, delayed: 0 });
    expect(emulator.faults().fired).toBe(1);
  });

  it('is not taken by a receive that is never answered', async () => {
    const { url, emulator, queue, receive } = await start('ReceiveMessage', { fault: 'hang' }, { nth: 1 });
    queue.put('waits');
    const { socket, ended } = connectAndSend(url, bytesOf(signedRequest(url, 'GET', `${MESSAGES}?waitseconds=1`)));
    await until(() => emulator.faults().fired === 1);
    expect(messagesOf(await receive())).toMatchObject([{ body: 'waits', dequeueCount: 1 }]);
    socket.destroy();
    await ended;
  });

  it('is taken by a receive whose answer is lost, and comes again', async () => {
    const { queue, receive } = await start('ReceiveMessage', { fault: 'drop_after' }, { nth: 1 });
    queue.change({ VisibilityTimeout: 1 });
    queue.put('lost');
    await expect(receive()).rejects.toThrow();
    expect(queue.counts().inactive).toBe(1);
    expect(messagesOf(await receive('?waitseconds=30'))).toMatchObject([{ body: 'lost', dequeueCount: 2 }]);
  });

  it('is not taken by a receive that is lost before', async () => {
    const { queue, receive } = await start('ReceiveMessage', { fault: 'drop_before' });
    queue.put('safe');
    await expect(receive()).rejects.toThrow();
    expect(queue.counts().active).toBe(1);
  });
});

describe('An answer', () => {
  it.each<[Fault, string]>([
    [{ fault: 'error', status: 403, code: 'QpsLimitExceeded' }, '403 QpsLimitExceeded'],
    [{ fault: 'error', status: 404, code: 'MessageNotExist' }, '404 MessageNotExist'],
    [{ fault: 'error', status: 403, code: 'AccessDenied' }, '403 AccessDenied'],
    [{ fault: 'http_5xx_before', status: 500 }, '500 InternalError'],
    [{ fault: 'http_5xx_before', status: 503, code: null }, '503'],
    [{ fault: 'html_before', status: 502 }, '502'],
  ])('may be %j, and no message is taken', async (fault, outcome) => {
    const { emulator, queue, receive } = await start('ReceiveMessage', fault);
    queue.put('stays');
    expect(outcomeOf(await receive())).toBe(outcome);
    expect(queue.counts().active).toBe(1);
    expect(emulator.faults().fired).toBe(1);
  });

  it.each<[Fault, string]>([
    [{ fault: 'http_5xx_after', status: 500, code: 'InternalServerError' }, '500 InternalServerError'],
    [{ fault: 'html_after', status: 200 }, '200'],
    [{ fault: 'garbage' }, '200'],
    [{ fault: 'delay', ms: 1 }, '200'],
  ])('may be %j, although the message was taken', async (fault, outcome) => {
    const { queue, receive } = await start('ReceiveMessage', fault);
    queue.put('taken');
    const answer = await receive();
    expect(outcomeOf(answer)).toBe(outcome);
    expect(messagesOf(answer)).toHaveLength(fault.fault === 'delay' ? 1 : 0);
    expect(queue.counts().inactive).toBe(1);
  });

  it('may end in the middle', async () => {
    const { url, queue } = await start('ReceiveMessage', { fault: 'truncated' });
    queue.put('half');
    const answer = await exchange(url, bytesOf(signedRequest(url, 'GET', MESSAGES)));
    expect(answer).toMatchObject({ status: 200, contentType: 'text/xml;charset=utf-8' });
    expect(answer.body.length).toBeLessThan(answer.length ?? 0);
    expect(answer.body).toMatch(/^<\?xml .*<Message /s);
  });

  it('to a wrong signature is that, and no fault', async () => {
    const { emulator, askQueue } = await start('ReceiveMessage', { fault: 'error', status: 400, code: 'Other' });
    const wrong = await askQueue('GET', MESSAGES, '', { key: { id: 'test-id', secret: 'wrong' } });
    expect(outcomeOf(wrong)).toBe('403 SignatureDoesNotMatch');
    expect(emulator.faults().fired).toBe(0);
  });

  it('may come late, and then the call is served late', async () => {
    const { queue, receive } = await start('ReceiveMessage', { fault: 'delay_before', ms: 1 });
    queue.put('late');
    expect(messagesOf(await receive())).toHaveLength(1);
  });
});

describe('A rule', () => {
  it('for one call leaves the others alone', async () => {
    const { queue, receive, remove } = await start('DeleteMessage', { fault: 'error', status: 500, code: 'InternalError' });
    queue.put('one');
    const [message] = messagesOf(await receive());
    expect(outcomeOf(await remove(message?.handle))).toBe('500 InternalError');
  });

  it.each<[FaultRule['on'], Fault, FaultRule['when'], string]>([
    ['DeleteMessage', { fault: 'redeliver' }, undefined, 'redeliver strikes on ReceiveMessage'],
    ['ReceiveMessage', { fault: 'lost_delete' }, undefined, 'lost_delete strikes on DeleteMessage'],
    ['SubmitAIJob', { fault: 'hang' }, undefined, 'hang strikes on ReceiveMessage'],
    ['ReceiveMessage', { fault: 'throttle' }, undefined, 'throttle strikes on SubmitAIJob'],
    ['ReceiveMessage', { fault: 'lose' }, undefined, 'lose strikes on event'],
    ['ReceiveMessage', { fault: 'hang' }, { mediaId: 'm' }, 'a queue knows no media'],
  ])('on %s with %j %j is refused: %s', async (on, fault, when, message) => {
    await expect(start(on, fault, when)).rejects.toThrow(message);
  });
});
