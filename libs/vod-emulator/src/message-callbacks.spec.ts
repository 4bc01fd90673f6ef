import { createHash } from 'node:crypto';
import { type Ask, type Running, closeAll, startEmulator, startReceiver, submit, until } from '../test/support';

afterEach(closeAll);

const KEY = 'Abc12345678';

const set = (ask: Ask, CallbackURL: string, more: object = {}, options: { region?: string } = {}) =>
  ask('SetMessageCallback', { CallbackType: 'HTTP', CallbackURL, EventTypeList: 'ALL', ...more }, options);

const read = async (ask: Ask, more: object = {}, options: { region?: string } = {}) =>
  (await ask('GetMessageCallback', { ...more }, options)).body['MessageCallback'];

/** Submits, and waits for the end. */
async function submitToEnd({ ask, emulator }: Running, more: object = {}): Promise<string> {
  const jobId = await submit(ask, 'm', 'AIVideoTag', more);
  await until(() => emulator.jobs().some((job) => job.jobId === jobId && job.completedAt !== undefined));
  return jobId;
}

describe('SetMessageCallback', () => {
  it('is what GetMessageCallback tells, until DeleteMessageCallback', async () => {
    const { ask } = await startEmulator();
    expect(await read(ask)).toBeUndefined();
    expect((await set(ask, 'http://test.example.com/a', { AuthSwitch: 'on', AuthKey: KEY })).status).toBe(200);
    expect(await read(ask)).toEqual({
      CallbackType: 'HTTP',
      CallbackURL: 'http://test.example.com/a',
      EventTypeList: 'ALL',
      AuthSwitch: 'on',
      AuthKey: KEY,
      AppId: 'app-1000000',
    });
    await ask('DeleteMessageCallback');
    expect(await read(ask)).toBeUndefined();
  });

  it('holds for one region and one application', async () => {
    const { ask } = await startEmulator();
    await set(ask, 'http://test.example.com/a');
    await set(ask, 'http://test.example.com/b', { AppId: 'app-2' });
    await set(ask, 'http://test.example.com/c', {}, { region: 'cn-beijing' });
    const urls = [read(ask), read(ask, { AppId: 'app-2' }), read(ask, {}, { region: 'cn-beijing' })];
    expect(await Promise.all(urls)).toMatchObject(['a', 'b', 'c'].map((end) => ({ CallbackURL: expect.stringMatching(end + '$') })));
    await ask('DeleteMessageCallback', { AppId: 'app-2' });
    expect(await read(ask)).toBeDefined();
  });

  it.each(['MNS', 'mns', 'Simple Message Queue (formerly MNS)'])('names a queue as %s', async (CallbackType) => {
    const { ask } = await startEmulator();
    const queue = { MnsEndpoint: 'http://1234567.mns.cn-shanghai.aliyuncs.com/', MnsQueueName: 'vodcallback' };
    await ask('SetMessageCallback', { CallbackType, EventTypeList: 'AIComplete', ...queue });
    expect(await read(ask)).toEqual({ CallbackType: 'MNS', EventTypeList: 'AIComplete', AppId: 'app-1000000', ...queue });
  });

  it.each([
    [{ CallbackType: 'SMS' }, 'InvalidParameter', 'HTTP or MNS'],
    [{ CallbackURL: '' }, 'MissingParameter', 'CallbackURL'],
    [{ CallbackURL: 'ftp://test.example.com' }, 'InvalidParameter', 'one http or https URL'],
    [{ CallbackURL: `http://test.example.com/${'x'.repeat(256)}` }, 'InvalidParameter', '256 bytes'],
    [{ EventTypeList: 'AIComplete,VideoAIComplete' }, 'InvalidParameter', 'VideoAIComplete is no event type'],
    [{ AuthSwitch: 'yes' }, 'InvalidParameter', 'on or off'],
    [{ AuthSwitch: 'on' }, 'MissingParameter', 'AuthKey'],
    [{ AuthSwitch: 'on', AuthKey: 'abc123' }, 'InvalidParameter', 'at most 32 characters'],
    [{ AuthSwitch: 'on', AuthKey: `Aa1${'x'.repeat(30)}` }, 'InvalidParameter', 'at most 32 characters'],
    [{ CallbackType: 'MNS' }, 'MissingParameter', 'MnsQueueName'],
    [{ CallbackType: 'MNS', MnsQueueName: 'q', MnsEndpoint: 'q' }, 'InvalidParameter', 'MnsEndpoint'],
  ])('refuses %j, says why, and keeps what was', async (change, Code, why) => {
    const { ask } = await startEmulator();
    const { status, body } = await set(ask, 'http://test.example.com/a', change);
    expect({ status, Code: body.Code }).toEqual({ status: 400, Code });
    expect(body.Message).toContain(why);
    expect(await read(ask)).toBeUndefined();
  });
});

describe('An event', () => {
  it('goes where the account has set it, signed with the key of that setting', async () => {
    const [configured, setByCall] = [await startReceiver(), await startReceiver()];
    const { ask } = await startEmulator({ callback: { url: configured.url, key: 'Other1' } });
    const url = `${setByCall.url}/events?x=1`;
    await set(ask, url, { AuthSwitch: 'on', AuthKey: KEY });
    await submit(ask, 'm');
    await setByCall.arrivedAtLeast(1);
    const { headers } = setByCall.received[0] ?? {};
    const signed = `${url}|${String(headers?.['x-vod-timestamp'])}|${KEY}`;
    expect(headers?.['x-vod-signature']).toBe(createHash('md5').update(signed).digest('hex'));

    await ask('DeleteMessageCallback');
    await submit(ask, 'm');
    await configured.arrivedAtLeast(1);
    expect([configured.received.length, setByCall.received.length]).toEqual([1, 1]);
  });

  it('goes nowhere when its type is not selected', async () => {
    const receiver = await startReceiver();
    const running = await startEmulator({ callback: { url: receiver.url } });
    const { ask, emulator } = running;
    for (const EventTypeList of ['', 'FileUploadComplete']) {
      await set(ask, receiver.url, { EventTypeList });
      expect(emulator.sendCallback(await submitToEnd(running))).toBe('no_url');
    }
    await set(ask, receiver.url, { EventTypeList: 'TranscodeComplete,AIComplete' });
    const told = await submit(ask, 'm');
    await receiver.arrivedAtLeast(1);
    expect(receiver.received.map(({ body }) => body['JobId'])).toEqual([told]);
  });

  it('of a media of another application goes where that application wants it', async () => {
    const [usual, other] = [await startReceiver(), await startReceiver()];
    const { ask, emulator } = await startEmulator();
    await set(ask, usual.url);
    await set(ask, other.url, { AppId: 'app-2' });
    emulator.addMedia({ mediaId: 'theirs', appId: 'app-2' });
    await submit(ask, 'theirs');
    await other.arrivedAtLeast(1);
    expect(usual.received).toEqual([]);
  });

  it('is written into the queue that the account has set', async () => {
    const { ask, emulator } = await startEmulator({ callback: { retryGapMs: 1 } });
    await ask('SetMessageCallback', { CallbackType: 'MNS', MnsQueueName: 'q', EventTypeList: 'ALL' });
    const jobId = await submit(ask, 'm');
    await until(() => emulator.callbacks({ jobId }).length > 0);
    expect(emulator.callbacks({ jobId })[0]).toMatchObject({ via: 'mns', eventType: 'AIVideoTagComplete' });
  });
});

describe('UserData.MessageCallback', () => {
  const own = (url: string, CallbackType?: string) => ({ ...(CallbackType && { CallbackType }), CallbackURL: url });

  it.each([
    ['an object', (url: string) => own(url)],
    ['an object with its type', (url: string) => own(url, 'http')],
    ['the text of an object', (url: string) => JSON.stringify(own(url, 'HTTP'))],
  ])('as %s leads the event of its job to its own URL', async (_what, form) => {
    const [account, mine] = [await startReceiver(), await startReceiver()];
    const { ask, emulator } = await startEmulator({ callback: { url: account.url, key: KEY } });
    const MessageCallback = form(`${mine.url}/mine`);
    const jobId = await submit(ask, 'm', 'AIVideoTag', { UserData: JSON.stringify({ MessageCallback }) });
    await mine.arrivedAtLeast(1);
    expect(mine.received[0]).toMatchObject({ path: '/mine', body: { JobId: jobId } });

    const other = await submit(ask, 'm');
    await account.arrivedAtLeast(1);
    expect(account.received.map(({ body }) => body['JobId'])).toEqual([other]);
    await until(() => emulator.overview().callbacks.open === 0);
  });

  it.each([
    ['request', 'mine'],
    ['configured', 'account'],
  ] as const)('has its event signed for the URL of the %s', async (signedUrl, whose) => {
    const [account, mine] = [await startReceiver(), await startReceiver()];
    const { ask } = await startEmulator({ callback: { url: account.url, key: KEY }, signedUrl });
    const UserData = JSON.stringify({ MessageCallback: { CallbackURL: mine.url } });
    await submit(ask, 'm', 'AIVideoTag', { UserData });
    await mine.arrivedAtLeast(1);
    const { headers } = mine.received[0] ?? {};
    const url = { mine, account }[whose].url;
    const signed = `${url}|${String(headers?.['x-vod-timestamp'])}|${KEY}`;
    expect(headers?.['x-vod-signature']).toBe(createHash('md5').update(signed).digest('hex'));
  });

  it('leads into a queue', async () => {
    const { ask, emulator } = await startEmulator({ callback: { retryGapMs: 1 } });
    const MessageCallback = { CallbackType: 'MNS', MnsQueueName: 'mine' };
    const jobId = await submit(ask, 'm', 'AIVideoTag', { UserData: JSON.stringify({ MessageCallback }) });
    await until(() => emulator.callbacks({ jobId }).length > 0);
    expect(emulator.callbacks({ jobId })[0]).toMatchObject({ via: 'mns' });
  });

  it('may count only where the event is selected, or not at all', async () => {
    const [account, mine] = [await startReceiver(), await startReceiver()];
    const running = await startEmulator();
    const { ask, emulator } = running;
    const UserData = JSON.stringify({ MessageCallback: { CallbackURL: mine.url } });
    const submitted = () => submitToEnd(running, { UserData });

    emulator.configure({ requestCallbacks: 'when_selected' });
    expect(emulator.sendCallback(await submitted())).toBe('no_url');
    await set(ask, account.url, { EventTypeList: 'FileUploadComplete' });
    expect(emulator.sendCallback(await submitted())).toBe('no_url');
    await set(ask, account.url, { EventTypeList: 'AIComplete' });
    const heard = await submitted();
    await mine.arrivedAtLeast(1);
    emulator.configure({ requestCallbacks: 'ignored' });
    const ignored = await submitted();
    await account.arrivedAtLeast(1);
    expect([mine, account].map(({ received }) => received.map(({ body }) => body['JobId']))).toEqual([[heard], [ignored]]);
  });

  it('that came with the upload holds for the jobs of the media that bring none', async () => {
    const [ofUpload, ofJob] = [await startReceiver(), await startReceiver()];
    const { ask, emulator } = await startEmulator();
    const withCallback = (url: string) => JSON.stringify({ MessageCallback: { CallbackURL: url } });
    const upload = { Title: 't', FileName: 'f.mp4', UserData: withCallback(ofUpload.url) };
    const VideoId = String((await ask('CreateUploadVideo', upload)).body['VideoId']);
    emulator.upload(VideoId);
    await ofUpload.arrivedAtLeast(2);
    await submit(ask, VideoId);
    await ofUpload.arrivedAtLeast(3);
    await submit(ask, VideoId, 'AIVideoTag', { UserData: withCallback(ofJob.url) });
    await ofJob.arrivedAtLeast(1);
    expect(ofUpload.received.map(({ body }) => body['EventType'])).toEqual([
      'FileUploadComplete',
      'VideoAnalysisComplete',
      'AIVideoTagComplete',
    ]);
  });

  it.each([
    ['a list', [], 'JSON object'],
    ['another type', { CallbackType: 'SMS', CallbackURL: 'http://127.0.0.1' }, 'http or mns'],
    ['no URL', { CallbackType: 'http' }, 'CallbackURL is missing'],
    ['another scheme', { CallbackURL: 'ftp://127.0.0.1' }, 'http or https'],
    ['no queue', { CallbackType: 'mns' }, 'MnsQueueName is missing'],
    ['a queue somewhere unknown', { CallbackType: 'mns', MnsQueueName: 'q', MnsEndpoint: 'q' }, 'MnsEndpoint'],
  ])('is refused with %s', async (_what, MessageCallback, why) => {
    const { ask, emulator } = await startEmulator();
    const parameters = { MediaId: 'm', Types: 'AIVideoTag', UserData: JSON.stringify({ MessageCallback }) };
    const { body } = await ask('SubmitAIJob', parameters);
    expect(body).toMatchObject({ Code: 'InvalidParameter', Message: expect.stringContaining(why) });
    expect(emulator.ledger().billed).toBe(0);
  });
});
