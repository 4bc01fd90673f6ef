import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { eventually } from '@app/testing';
import { closeServers, deadUrl, type Loopback, serveHttp, serveTcp } from '../../test/loopback';
import { startProxy } from '../../test/proxy';
import { sampleText } from '../../test/samples';
import { EventQueue, type EventQueueOptions } from './event-queue';
import { signatureOf } from './sign';
import { queueTroubles, remedies, type QueueTrouble } from './trouble';

const now = new Date('2026-01-02T03:04:05Z');
const key = { accessKeyId: 'TestAccessID', accessKeySecret: 'TestAccessSecret-canary' };
const running = new AbortController().signal;

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
  await closeServers();
});

function queueAt(endpoint: string, more: Partial<EventQueueOptions> = {}): EventQueue {
  const options = { endpoint, queue: 'vod-callback', timeoutMs: 5_000, credentials: key, now: () => now };
  const queue = new EventQueue({ ...options, ...more });
  opened.push(() => queue.close());
  return queue;
}

/** A server that answers everything alike, and the headers that it was sent. */
async function answering(text: string, status = 200): Promise<Loopback & { headers: IncomingHttpHeaders[] }> {
  const headers: IncomingHttpHeaders[] = [];
  const server = await serveHttp((response: ServerResponse) => {
    headers.push(response.req.headers);
    response.writeHead(status).end(text);
  });
  return { ...server, headers };
}

const sample = (name: string) => sampleText('mns', `${name}.xml`);
const errorXml = (code: string, message = 'why') =>
  `<?xml version="1.0"?><Error xmlns="http://mns.aliyuncs.com/doc/v1/"><Code>${code}</Code><Message>${message}</Message><RequestId>R1</RequestId></Error>`;

describe('A queue of events', () => {
  it('is asked for sixteen messages, and to wait for them, by a signature that leaves out the path of the endpoint', async () => {
    const server = await answering(sample('BatchReceiveMessage.response'));
    await queueAt(`${server.url}/_mns/cn-shanghai/`).receive(running);
    const resource = '/queues/vod-callback/messages?numOfMessages=16&waitseconds=20';
    expect(server.received).toMatchObject([{ method: 'GET', url: `/_mns/cn-shanghai${resource}`, body: '' }]);
    const date = 'Fri, 02 Jan 2026 03:04:05 GMT';
    const mnsHeaders = { 'x-mns-version': '2015-06-06' };
    const signed = { method: 'GET', contentMd5: '', contentType: '', date, mnsHeaders, resource };
    const signature = signatureOf(signed, key.accessKeySecret);
    expect(server.headers[0]).toMatchObject({ date, ...mnsHeaders, authorization: `MNS TestAccessID:${signature}` });
    expect(server.headers[0]).not.toHaveProperty('content-type');
    expect(server.headers[0]).not.toHaveProperty('security-token');
  });

  it('gives the messages of a batch, in its order', async () => {
    const server = await answering(sample('BatchReceiveMessage.response'));
    const received = await queueAt(server.url).receive(running);
    expect(received).toMatchObject({
      outcome: 'messages',
      messages: [
        { receipt: '1-ODU4OTkzNDU5My0xNDM1MTk3NjAwLTItNg==', enqueuedAt: new Date(1767323060123) },
        { receipt: '1-ODU4OTkzNDU5My0xNDM1MTk3NjAwLTItNw==' },
      ],
    });
  });

  it.each(['raw-json-body', 'base64-body'])('gives a single message, whose body is JSON: %s', async (form) => {
    const server = await answering(sample(`ReceiveMessage.response.${form}`));
    const received = await queueAt(server.url).receive(running);
    const [message, ...others] = received.outcome === 'messages' ? received.messages : [];
    expect(others).toEqual([]);
    expect(JSON.parse(message?.body.toString() ?? '')).toMatchObject({ EventType: 'AIVideoTagComplete' });
  });

  it('gives a message without a body or a time, and none that could not be deleted', async () => {
    const without = '<Messages><Message><ReceiptHandle>r</ReceiptHandle></Message><Message/><Other/></Messages>';
    const server = await answering(without);
    expect(await queueAt(server.url).receive(running)).toEqual({
      outcome: 'messages',
      messages: [{ receipt: 'r', body: Buffer.alloc(0), enqueuedAt: null }],
    });
  });

  it('sends the token of a temporary key along', async () => {
    const server = await answering(errorXml('MessageNotExist'), 404);
    await queueAt(server.url, { credentials: { ...key, securityToken: 'token' } }).receive(running);
    expect(server.headers[0]).toMatchObject({ 'security-token': 'token' });
  });

  it('that has nothing is no fault', async () => {
    const server = await answering(sample('error.MessageNotExist.http404'), 404);
    expect(await queueAt(server.url).receive(running)).toEqual({ outcome: 'empty' });
    const none = await answering('<Messages/>');
    expect(await queueAt(none.url).receive(running)).toEqual({ outcome: 'empty' });
  });

  it('stops waiting when it is told to, and hangs up', async () => {
    let closed = 0;
    const server = await serveHttp((response) => void response.on('close', () => (closed += 1)));
    const stop = new AbortController();
    const receiving = queueAt(server.url).receive(stop.signal);
    await eventually('it waits', () => server.received.length === 1);
    stop.abort();
    expect(await receiving).toEqual({ outcome: 'stopped' });
    await eventually('it hangs up', () => closed === 1);
    expect(await queueAt(server.url).receive(stop.signal)).toEqual({ outcome: 'stopped' });
    expect(server.received).toHaveLength(1);
  });

  it('uses one connection for one call after the other', async () => {
    const server = await answering(errorXml('MessageNotExist'), 404);
    const queue = queueAt(server.url);
    for (let i = 0; i < 3; i += 1) await queue.receive(running);
    await queue.delete(['a']);
    expect(server.connections()).toBe(1);
  });

  it('is reached through a proxy, where there is one', async () => {
    const server = await answering(errorXml('MessageNotExist'), 404);
    const proxy = await startProxy({ to: server.url });
    opened.push(() => proxy.close());
    const proxies = { http: proxy.url.replace('//', '//user:pass@') };
    const queue = queueAt('http://1234.mns.cn-shanghai.test', { proxies });
    expect(queue.proxy).toBe(proxy.url);
    expect(await queue.receive(running)).toEqual({ outcome: 'empty' });
    expect(proxy.asked).toEqual([
      {
        what: 'GET http://1234.mns.cn-shanghai.test/queues/vod-callback/messages?numOfMessages=16&waitseconds=20',
        login: 'user:pass',
      },
    ]);
    expect(queueAt('http://elsewhere.test', { proxies: { ...proxies, none: '.test' } }).proxy).toBeNull();
  });
});

describe('Messages are deleted', () => {
  it('in one call, by receipts that are text and no markup', async () => {
    const server = await answering('', 204);
    expect(await queueAt(server.url).delete(['1-a==', '2-<&>'])).toEqual({ outcome: 'deleted', deleted: 2 });
    const [request] = server.received;
    expect(request).toMatchObject({ method: 'DELETE', url: '/queues/vod-callback/messages', contentType: 'text/xml' });
    expect(request?.body).toMatch(
      /<ReceiptHandles [^>]*><ReceiptHandle>1-a==<\/ReceiptHandle><ReceiptHandle>2-&lt;&amp;&gt;<\/ReceiptHandle><\/ReceiptHandles>$/,
    );
  });

  it.each([
    ['one that was given to somebody else meanwhile', 'ReceiptHandleError', 1],
    ['one that somebody else has deleted', 'MessageNotExist', 1],
  ])('but for %s', async (_what, code, left) => {
    const entry = `<Error><ErrorCode>${code}</ErrorCode><ErrorMessage>m</ErrorMessage><ReceiptHandle>a</ReceiptHandle></Error>`;
    const server = await answering(`<Errors xmlns="http://mns.aliyuncs.com/doc/v1/">${entry}</Errors>`, 404);
    expect(await queueAt(server.url).delete(['a', 'b', 'c'])).toEqual({ outcome: 'deleted', deleted: 3 - left });
  });

  it('or all of them come again, which is no fault', async () => {
    const server = await answering(sample('error.ReceiptHandleError.http400'), 400);
    expect(await queueAt(server.url).delete(['a', 'b'])).toEqual({ outcome: 'deleted', deleted: 0 });
  });

  it('unless SMQ says why not', async () => {
    const server = await answering(errorXml('AccessDenied'), 403);
    expect(await queueAt(server.url).delete(['a'])).toMatchObject({ outcome: 'failed', trouble: 'forbidden' });
  });

  it('in time', async () => {
    const mute = await serveTcp(() => undefined);
    expect(await queueAt(mute.url, { timeoutMs: 50 }).delete(['a'])).toEqual({
      outcome: 'failed',
      trouble: 'unavailable',
      code: 'TimedOut',
      message: 'no answer within 50 ms',
      requestId: null,
    });
  });
});

describe('What keeps a queue from being read', () => {
  const table: [string, number, QueueTrouble][] = [
    [sample('error.QueueNotExist.http404'), 404, 'no_queue'],
    [errorXml('InvalidQueueName'), 400, 'no_queue'],
    [errorXml('QueueNameLengthError'), 400, 'no_queue'],
    [sample('error.SignatureDoesNotMatch.http403'), 403, 'forbidden'],
    [errorXml('AccessDenied'), 403, 'forbidden'],
    [errorXml('InvalidAccessKeyId'), 403, 'forbidden'],
    [errorXml('InvalidSecurityToken.Expired'), 403, 'forbidden'],
    [errorXml('TimeExpired'), 408, 'clock'],
    [errorXml('TimeExpired'), 400, 'clock'],
    [errorXml('QpsLimitExceeded'), 403, 'throttled'],
    [errorXml('Throttling.User'), 400, 'throttled'],
    [errorXml('Anything'), 429, 'throttled'],
    [errorXml('InternalError'), 500, 'unavailable'],
    [errorXml('InternalServerError'), 500, 'unavailable'],
    [errorXml('InvalidArgument'), 400, 'refused'],
    [errorXml('toString'), 400, 'refused'],
    ['<html>Bad Gateway<br></html>', 502, 'unavailable'],
    ['<html>who are you?<br></html>', 403, 'forbidden'],
    ['{"ok":false}', 404, 'refused'],
    ['<html>Sign in to this wifi<br></html>', 200, 'unavailable'],
    ['<Queue/>', 200, 'unavailable'],
    ['', 302, 'refused'],
  ];

  it.each(table)('%j with HTTP %d is %s', async (text, status, trouble) => {
    const server = await answering(text, status);
    expect(await queueAt(server.url).receive(running)).toMatchObject({ outcome: 'failed', trouble });
    expect(server.received).toHaveLength(1);
  });

  it('is told by its code, its sentence and the id for support', async () => {
    const server = await answering(errorXml('QueueNotExist', 'The queue name you provided is not exist.'), 404);
    expect(await queueAt(server.url).receive(running)).toEqual({
      outcome: 'failed',
      trouble: 'no_queue',
      code: 'QueueNotExist',
      message: 'The queue name you provided is not exist.',
      requestId: 'R1',
    });
  });

  it('is the way there', async () => {
    const nobody = await queueAt(await deadUrl()).receive(running);
    expect(nobody).toMatchObject({ trouble: 'unavailable', code: 'ECONNREFUSED', message: 'the call failed' });
    const hangsUp = await serveTcp((socket) => socket.once('data', () => socket.destroy()));
    expect(await queueAt(hangsUp.url).receive(running)).toMatchObject({ trouble: 'unavailable' });
    const half = await serveTcp((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<Messages>')),
    );
    expect(await queueAt(half.url).receive(running)).toMatchObject({ trouble: 'unavailable' });
    const proxies = { http: await deadUrl() };
    expect(await queueAt('http://smq.test', { proxies }).receive(running)).toMatchObject({
      trouble: 'unavailable',
      code: 'NoProxy',
      message: 'the proxy cannot be reached: ECONNREFUSED',
    });
  });

  it('is an answer without an end', async () => {
    const endless = await serveHttp((response) => {
      const goOn = () => {
        if (!response.destroyed) response.write(Buffer.alloc(1024 * 1024, 'x'), goOn);
      };
      goOn();
    });
    expect(await queueAt(endless.url).receive(running)).toMatchObject({ trouble: 'unavailable', code: 'TooLarge' });
  });

  it('is a key that nobody has', async () => {
    const server = await answering('');
    const queue = queueAt(server.url, { credentials: { accessKeyId: '', accessKeySecret: '' } });
    expect(await queue.receive(running)).toMatchObject({ outcome: 'failed', trouble: 'no_credentials' });
    expect(server.received).toEqual([]);
  });

  it('is told without what is secret, whatever SMQ quotes', async () => {
    const server = await serveHttp((response) => {
      const { authorization = '' } = response.req.headers;
      const quoted = `${authorization} ${key.accessKeySecret} token-canary http://user:pw@host/?x=canary`;
      response.writeHead(403).end(errorXml('SignatureDoesNotMatch', `no: ${quoted}`));
    });
    const credentials = { ...key, accessKeyId: 'id-canary', securityToken: 'token-canary' };
    const fault = JSON.stringify(await queueAt(server.url, { credentials }).receive(running));
    expect(fault).toContain('SignatureDoesNotMatch');
    expect(fault).not.toMatch(/canary|[A-Za-z0-9+/]{27}=/);
  });

  it('has a remedy, unless it goes away by itself', () => {
    expect(Object.keys(remedies)).toEqual([...queueTroubles]);
    const passing = queueTroubles.filter((trouble) => remedies[trouble] === null);
    expect(passing).toEqual(['unavailable', 'throttled']);
  });
});
