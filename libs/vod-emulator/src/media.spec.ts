import { type Ask, closeAll, startEmulator, startReceiver, submit, until } from '../test/support';

afterEach(closeAll);

async function control(url: string, path: string, method = 'GET', body?: unknown) {
  const answer = await fetch(`${url}/_emulator${path}`, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text && JSON.parse(text)) as Record<string, unknown> };
}

const submission = (ask: Ask, MediaId: string, region?: string) =>
  ask('SubmitAIJob', { MediaId, Types: 'AIVideoTag' }, region ? { region } : {});

describe('A media', () => {
  it('that nobody added exists, unless its id starts with missing', async () => {
    const { ask } = await startEmulator();
    expect((await submission(ask, 'anything')).status).toBe(200);
    expect((await submission(ask, 'missing-1')).body.Code).toBe('InvalidVideo.NotFound');
  });

  it('that was added is shown with what was said of it, and what was not is invented', async () => {
    const { url, emulator } = await startEmulator();
    const given = { mediaId: 'missing-no-more', region: 'cn-beijing', title: 'A film', durationSeconds: 12.04 };
    const { status, body } = await control(url, '/media', 'POST', given);
    expect({ status, body }).toMatchObject({ status: 201, body: { ...given, status: 'Normal', sizeBytes: 1_204_000 } });
    emulator.addMedia();
    expect((await control(url, '/media')).body['items']).toHaveLength(2);
    expect((await control(url, '/media?region=cn-beijing')).body['items']).toEqual([body]);
    expect((await control(url, '/media/missing-no-more', 'DELETE')).status).toBe(204);
    expect((await control(url, '/media/missing-no-more', 'DELETE')).status).toBe(404);
  });

  it('is known in its region only', async () => {
    const { ask, emulator } = await startEmulator();
    emulator.addMedia({ mediaId: 'missing-here', region: 'cn-beijing' });
    expect((await submission(ask, 'missing-here', 'cn-beijing')).status).toBe(200);
    expect((await submission(ask, 'missing-here')).body.Code).toBe('InvalidVideo.NotFound');
  });

  it.each([
    ['Uploading', 'Forbidden.IllegalStatus'],
    ['UploadSucc', 'Forbidden.IllegalStatus'],
    ['UploadFail', 'Forbidden.IllegalStatus'],
    ['Deleted', 'InvalidVideo.NotFound'],
  ] as const)('in status %s has no job', async (status, Code) => {
    const { ask, emulator } = await startEmulator();
    emulator.addMedia({ mediaId: 'm', status });
    for (const operation of ['SubmitAIJob', 'SubmitAIMediaAuditJob', 'SubmitAIImageJob', 'SubmitDynamicImageJob']) {
      const parameters = { MediaId: 'm', Types: 'AIVideoTag', VideoId: 'm', AITemplateId: 't', DynamicImageTemplateId: 't' };
      expect((await ask(operation, parameters)).body).toMatchObject({ Code });
    }
    expect(emulator.ledger().billed).toBe(0);
  });

  it.each([
    [{ mediaId: '' }, 400, 'invalid_request'],
    [{ status: 'Ready' }, 400, 'invalid_request'],
    [{ durationSeconds: -1 }, 400, 'invalid_request'],
    [{ region: 'moon-1' }, 400, 'unknown_region'],
    [{ mediaId: 'taken' }, 409, 'id_taken'],
  ])('is not added as %j', async (media, status, code) => {
    const { url, emulator } = await startEmulator();
    emulator.addMedia({ mediaId: 'taken' });
    expect(await control(url, '/media', 'POST', media)).toMatchObject({ status, body: { code } });
    expect(emulator.media()).toHaveLength(1);
  });

  it('makes room for newer ones, and a reset forgets all', async () => {
    const { emulator } = await startEmulator({ keep: 2 });
    for (const mediaId of ['a', 'b', 'c']) emulator.addMedia({ mediaId });
    expect(emulator.media().map(({ mediaId }) => mediaId)).toEqual(['c', 'b']);
    emulator.reset();
    expect(emulator.media()).toEqual([]);
  });
});

describe('CreateUploadVideo', () => {
  const upload = (ask: Ask, more: object = {}) => ask('CreateUploadVideo', { Title: 'A film', FileName: 'D:\\film.mp4', ...more });

  it('answers with an id, and with addresses that open nothing', async () => {
    const { ask, emulator } = await startEmulator();
    const { body } = await upload(ask, { FileSize: 123, Tags: 'a,b', CateId: 7 });
    expect(body).toEqual({
      RequestId: expect.any(String),
      VideoId: expect.stringMatching(/^[0-9a-f]{32}$/),
      UploadAddress: expect.any(String),
      UploadAuth: expect.any(String),
    });
    const address = Buffer.from(String(body['UploadAddress']), 'base64').toString();
    expect(JSON.parse(address)).toMatchObject({ Bucket: expect.any(String), FileName: expect.stringMatching(/\/film.mp4$/) });
    expect(emulator.media()).toMatchObject([
      { mediaId: body['VideoId'], title: 'A film', status: 'Uploading', sizeBytes: 123, tags: 'a,b', cateId: 7 },
    ]);
  });

  it('waits for the call that brings the file, and then two events follow', async () => {
    const receiver = await startReceiver();
    const { ask, url } = await startEmulator({ callback: { url: receiver.url } });
    const VideoId = String((await upload(ask, { UserData: '{"Extend":"mine"}' })).body['VideoId']);
    expect((await submission(ask, VideoId)).body.Code).toBe('Forbidden.IllegalStatus');

    const path = `/media/${VideoId}/upload`;
    expect(await control(url, path, 'POST', { durationSeconds: 61.5, sizeBytes: 9_000_000 })).toMatchObject({ status: 202 });
    await receiver.arrivedAtLeast(2);
    expect(receiver.received.map(({ body }) => body)).toMatchObject([
      { EventType: 'FileUploadComplete', VideoId, Status: 'success', Size: 9_000_000, Extend: 'mine' },
      { EventType: 'VideoAnalysisComplete', VideoId, Status: 'success', Duration: '61.5', Size: '9000000' },
    ]);
    expect((await submission(ask, VideoId)).status).toBe(200);
    expect(await control(url, path, 'POST')).toMatchObject({ status: 409, body: { code: 'not_waiting' } });
    expect(await control(url, '/media/nobody/upload', 'POST')).toMatchObject({ status: 404 });
  });

  it('brings the file by itself after the time that was set', async () => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url }, uploadTimeMs: 5 });
    await upload(ask);
    await receiver.arrivedAtLeast(2);
    expect(emulator.media()).toMatchObject([{ status: 'Normal' }]);
  });

  it('may bring a file that can not be read', async () => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url } });
    const VideoId = String((await upload(ask)).body['VideoId']);
    emulator.upload(VideoId, { status: 'fail' });
    await receiver.arrivedAtLeast(2);
    expect(receiver.received[1]?.body).toMatchObject({
      EventType: 'VideoAnalysisComplete',
      Status: 'fail',
      ErrorCode: 'InvalidParameter.ResourceContentBad',
    });
    expect((await submission(ask, VideoId)).body.Code).toBe('Forbidden.IllegalStatus');
  });

  it('tells nobody while events are off', async () => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url, enabled: false } });
    emulator.upload(String((await upload(ask)).body['VideoId']));
    await ask('SearchMedia');
    emulator.configure({ callback: { enabled: true } });
    await submit(ask, 'told');
    await receiver.arrivedAtLeast(1);
    expect(receiver.received.map(({ body }) => body['EventType'])).toEqual(['AIVideoTagComplete']);
  });

  it.each([
    [{ Title: '' }, 'MissingParameter'],
    [{ FileName: '' }, 'MissingParameter'],
    [{ FileName: 'film' }, 'InvalidParameter'],
    [{ Title: 'x'.repeat(129) }, 'InvalidParameter'],
    [{ FileSize: 'much' }, 'InvalidParameter'],
    [{ UserData: 'x' }, 'InvalidParameter'],
  ])('refuses %j', async (change, Code) => {
    const { ask, emulator } = await startEmulator();
    expect((await upload(ask, change)).body.Code).toBe(Code);
    expect(emulator.media()).toEqual([]);
  });
});

describe('An event about a media', () => {
  it('is sent when somebody asks for it', async () => {
    const receiver = await startReceiver();
    const { url, emulator } = await startEmulator({ callback: { url: receiver.url, enabled: false } });
    const path = '/media/m/events';
    expect(await control(url, path, 'POST', { type: 'TranscodeComplete', variant: 'partial' })).toMatchObject({ status: 202 });
    await until(() => emulator.callbacks({ mediaId: 'm' }).length === 1);
    expect(receiver.received[0]?.body).toMatchObject({
      EventType: 'TranscodeComplete',
      VideoId: 'm',
      StreamInfos: [{ Status: 'success' }, { Status: 'fail' }],
    });
    expect(await control(url, path, 'POST', { type: 'AIComplete' })).toMatchObject({ status: 400 });
    emulator.configure({ callback: { url: null } });
    expect(await control(url, path, 'POST', { type: 'TranscodeComplete' })).toMatchObject({ status: 409 });
  });

  it('follows SubmitDynamicImageJob', async () => {
    const receiver = await startReceiver();
    const { ask } = await startEmulator({ callback: { url: receiver.url } });
    const { body } = await ask('SubmitDynamicImageJob', { VideoId: 'm', DynamicImageTemplateId: 't' });
    await receiver.arrivedAtLeast(1);
    expect({ DynamicImageJob: { JobId: receiver.received[0]?.body['JobId'] } }).toEqual({
      DynamicImageJob: body['DynamicImageJob'],
    });
  });
});

describe('GetMezzanineInfo', () => {
  it('tells how long a media is, the same each time', async () => {
    const { ask, emulator } = await startEmulator();
    emulator.addMedia({ mediaId: 'm', durationSeconds: 42.493, sizeBytes: 4_096_477 });
    const read = async (VideoId: string, more: object = {}) =>
      (await ask('GetMezzanineInfo', { VideoId, ...more })).body['Mezzanine'] as Record<string, unknown>;
    expect(await read('m')).toMatchObject({ VideoId: 'm', Status: 'Normal', Duration: '42.4930', Size: 4_096_477 });
    expect(await read('m')).not.toHaveProperty('VideoStreamList');
    expect(await read('m', { AdditionType: 'video,audio' })).toMatchObject({
      VideoStreamList: [{ Duration: '42.4930' }],
      AudioStreamList: [{ Duration: '42.4930' }],
    });
    expect(await read('nobody-added-it')).toMatchObject({ Duration: (await read('nobody-added-it'))['Duration'] });
  });

  it('has no length of a file that is still to come, and nothing of a media that is none', async () => {
    const { ask, emulator } = await startEmulator();
    emulator.addMedia({ mediaId: 'm', status: 'Uploading' });
    expect((await ask('GetMezzanineInfo', { VideoId: 'm' })).body['Mezzanine']).not.toHaveProperty('Duration');
    expect((await ask('GetMezzanineInfo', { VideoId: 'missing' })).body.Code).toBe('InvalidVideo.NotFound');
    expect((await ask('GetMezzanineInfo')).body.Code).toBe('MissingParameter');
  });
});
