import MnsClient from '@alicloud/mns';
import { Account, MNS, MQ, MQBatch, Msg } from 'ali-mns';
import { ACCESS_KEY, closeAll, startEmulator, submit, until } from '../../test/support';

// The clients of SMQ that people have, as they are installed.

afterEach(closeAll);

const REGION = 'cn-shanghai';
const ACCOUNT = '1234567';
const EVENTS = 'events';

describe('@alicloud/mns', () => {
  async function start(key: { id: string; secret: string; securityToken?: string } = ACCESS_KEY) {
    const running = await startEmulator({ accessKeys: [key], callback: { queue: { queue: EVENTS } } });
    const clientWith = ({ id, secret, securityToken }: typeof key) =>
      new MnsClient(ACCOUNT, {
        accessKeyId: id,
        accessKeySecret: secret,
        endpoint: `${running.url}/_mns/${REGION}`,
        ...(securityToken !== undefined && { securityToken }),
      });
    return { ...running, client: clientWith(key), clientWith };
  }

  it('receives an event and deletes it', async () => {
    const { client, ask, emulator } = await start();
    const jobId = await submit(ask, 'm');
    const { code, body } = await client.receiveMessage(EVENTS, 20);
    expect([code, body['DequeueCount']]).toEqual([200, '1']);
    expect(JSON.parse(body['MessageBody'] ?? '')).toMatchObject({ JobId: jobId, Status: 'success' });
    expect((await client.deleteMessage(EVENTS, body['ReceiptHandle'] ?? '')).code).toBe(204);
    expect(emulator.queues.find(REGION, EVENTS)?.counts()).toEqual({ active: 0, inactive: 0, delayed: 0 });
    await expect(client.receiveMessage(EVENTS)).rejects.toMatchObject({ name: 'MNSMessageNotExistError' });
  });

  it('waits for a message', async () => {
    const { client, emulator } = await start();
    const queue = emulator.queues.find(REGION, EVENTS);
    const received = client.batchReceiveMessage(EVENTS, 16, 20);
    await until(() => queue?.polls === 1);
    queue?.put('<&>');
    expect((await received).body).toMatchObject([{ MessageBody: '<&>' }]);
  });

  it('sends, looks at, receives and deletes batches', async () => {
    const { client } = await start();
    const sent = await client.batchSendMessage(EVENTS, [{ MessageBody: '1' }, { MessageBody: '2', Priority: 1 }]);
    expect([sent.code, sent.body.length]).toEqual([201, 2]);
    expect((await client.peekMessage(EVENTS)).body).toMatchObject({ MessageBody: '2', DequeueCount: '0' });
    expect((await client.batchPeekMessage(EVENTS, 16)).body).toHaveLength(2);
    const { body } = await client.batchReceiveMessage(EVENTS, 16);
    expect(body.map((message) => message['MessageBody'])).toEqual(['2', '1']);
    const handles = body.map((message) => message['ReceiptHandle'] ?? '');
    const inPart = await client.batchDeleteMessage(EVENTS, [...handles.slice(0, 1), '1-stale']);
    expect(inPart).toMatchObject({ code: 404, body: [{ ErrorCode: 'ReceiptHandleError', ReceiptHandle: '1-stale' }] });
    expect((await client.batchDeleteMessage(EVENTS, handles.slice(1))).code).toBe(204);
  });

  it('hides a message for longer', async () => {
    const { client } = await start();
    await client.sendMessage(EVENTS, { MessageBody: 'slow' });
    const { body: message } = await client.receiveMessage(EVENTS);
    const { code, body: changed } = await client.changeMessageVisibility(EVENTS, message['ReceiptHandle'] ?? '', 600);
    expect(code).toBe(200);
    expect(Number(changed['NextVisibleTime'])).toBeGreaterThan(Number(message['NextVisibleTime']));
    await expect(client.deleteMessage(EVENTS, message['ReceiptHandle'] ?? '')).rejects.toMatchObject({
      name: 'MNSReceiptHandleErrorError',
    });
    expect((await client.deleteMessage(EVENTS, changed['ReceiptHandle'] ?? '')).code).toBe(204);
  });

  it('makes, describes, changes, lists and deletes queues', async () => {
    const { client, url } = await start();
    const made = await client.createQueue('news', { VisibilityTimeout: 60 });
    expect([made.code, made.headers['location']]).toEqual([201, `${url}/_mns/${REGION}/queues/news`]);
    expect((await client.setQueueAttributes('news', { VisibilityTimeout: 90 })).code).toBe(204);
    expect((await client.getQueueAttributes('news')).body).toMatchObject({ QueueName: 'news', VisibilityTimeout: '90' });
    expect((await client.listQueue()).body.map((queue) => queue['QueueName'])).toEqual([EVENTS, 'news']);
    expect((await client.deleteQueue('news')).code).toBe(204);
    await expect(client.receiveMessage('news')).rejects.toMatchObject({ name: 'MNSQueueNotExistError' });
  });

  it('is refused with a wrong signature, and with a key that nobody has', async () => {
    const { clientWith } = await start();
    const refusalOf = (key: typeof ACCESS_KEY) => expect(clientWith(key).receiveMessage(EVENTS)).rejects;
    await refusalOf({ ...ACCESS_KEY, secret: 'wrong' }).toMatchObject({ name: 'MNSSignatureDoesNotMatchError' });
    await refusalOf({ ...ACCESS_KEY, id: 'nobody' }).toMatchObject({ name: 'MNSInvalidAccessKeyIdError' });
  });

  it('brings the token of a session', async () => {
    const session = { id: 'STS.id', secret: 'canary-secret', securityToken: 'canary-token' };
    const { client, clientWith } = await start(session);
    expect((await client.sendMessage(EVENTS, { MessageBody: 'x' })).code).toBe(201);
    const other = clientWith({ ...session, securityToken: 'other' });
    await expect(other.receiveMessage(EVENTS)).rejects.toMatchObject({ name: 'MNSAccessDeniedError' });
  });
});

describe('ali-mns', () => {
  const saved = process.env['HTTP_PROXY'];
  afterEach(() => {
    if (saved === undefined) delete process.env['HTTP_PROXY'];
    else process.env['HTTP_PROXY'] = saved;
  });

  /** It only knows SMQ's own hosts, and takes the emulator for the proxy that leads there. */
  async function start() {
    const running = await startEmulator({ queueBody: 'base64', callback: { queue: { queue: EVENTS } } });
    process.env['HTTP_PROXY'] = running.url;
    const account = (secret = ACCESS_KEY.secret) => {
      const one = new Account(ACCOUNT, ACCESS_KEY.id, secret);
      one.setGA(false);
      return one;
    };
    return { ...running, account };
  }

  it('receives an event and deletes it', async () => {
    const { ask, emulator, account } = await start();
    const jobId = await submit(ask, 'é');
    const mq = new MQ(EVENTS, account(), 'shanghai');
    const { Message } = await mq.recvP(20);
    expect(JSON.parse(Message['MessageBody'] ?? '')).toMatchObject({ JobId: jobId, MediaId: 'é' });
    expect(await mq.deleteP(Message['ReceiptHandle'] ?? '')).toBe(204);
    expect(emulator.queues.find(REGION, EVENTS)?.counts()).toEqual({ active: 0, inactive: 0, delayed: 0 });
    await expect(mq.recvP()).rejects.toMatchObject({ Error: { Code: 'MessageNotExist' } });
  });

  it('waits for a message, looks at it, and hides it for longer', async () => {
    const { emulator, account } = await start();
    const mq = new MQ(EVENTS, account(), 'shanghai');
    const received = mq.recvP(20);
    await until(() => emulator.queues.find(REGION, EVENTS)?.polls === 1);
    await mq.sendP('first');
    const { Message } = await received;
    await mq.sendP('second');
    expect((await mq.peekP()).Message).toMatchObject({ MessageBody: 'second', DequeueCount: '0' });
    const { ChangeVisibility } = await mq.reserveP(Message['ReceiptHandle'] ?? '', 600);
    await expect(mq.deleteP(Message['ReceiptHandle'] ?? '')).rejects.toMatchObject({
      Error: { Code: 'ReceiptHandleError' },
    });
    expect(await mq.deleteP(ChangeVisibility['ReceiptHandle'] ?? '')).toBe(204);
  });

  it('sends, looks at, receives and deletes batches', async () => {
    const { emulator, account } = await start();
    const mq = new MQBatch(EVENTS, account(), 'shanghai');
    await mq.sendP([new Msg('1'), new Msg('2', 1)]);
    expect((await mq.peekP(16)).Messages.Message).toHaveLength(2);
    const { Messages } = await mq.recvP(5, 16);
    expect(Messages.Message.map((message) => message['MessageBody'])).toEqual(['2', '1']);
    expect(await mq.deleteP(Messages.Message.map((message) => message['ReceiptHandle'] ?? ''))).toBe(204);
    expect(emulator.queues.find(REGION, EVENTS)?.counts().inactive).toBe(0);
  });

  it('makes, describes, changes, lists and deletes queues', async () => {
    const { emulator, account } = await start();
    const mns = new MNS(account(), 'shanghai');
    expect(await mns.createP('news', { VisibilityTimeout: 60 })).toBe(201);
    expect(await mns.createP('plain')).toBe(201);
    const news = new MQ('news', account(), 'shanghai');
    expect(await news.setAttrsP({ PollingWaitSeconds: 5 })).toBe(204);
    expect((await news.getAttrsP()).Queue).toMatchObject({ VisibilityTimeout: '60', PollingWaitSeconds: '5' });
    expect((await mns.listP('new')).Queues.Queue).toMatchObject({
      QueueURL: `http://${ACCOUNT}.mns.${REGION}.aliyuncs.com/queues/news`,
    });
    expect(await mns.deleteP('news')).toBe(204);
    expect(emulator.queues.list(REGION).map(({ name }) => name)).toEqual([EVENTS, 'plain']);
  });

  it('is refused with a wrong signature', async () => {
    const { account } = await start();
    await expect(new MQ(EVENTS, account('wrong'), 'shanghai').recvP()).rejects.toMatchObject({
      Error: { Code: 'SignatureDoesNotMatch' },
    });
  });
});
