import { answerJson, answerText, closeServers, type Loopback, serveHttp } from '../test/loopback';
import { sampleJson, sampleNames, sampleText } from '../test/samples';
import { VodClient } from './client';
import { catalogue, type SignedSubmission } from './types';
import { listAIJob } from './types/submit-ai-job';

const credentials = { accessKeyId: 'testAccessKeyId', accessKeySecret: 'testAccessKeySecret' };
const mediaId = '3d3d12340d92c641401fab46a0b847f1';
const tagJobId = '9e82640c85114bf5af23edfaf0a1b2c3';
const dnaJobId = '88c6ca184c0e47098a5b665e2a126701';
const unknownJobId = 'aasdcsfg1782740asd0000000000aaaa';

const submission: SignedSubmission = {
  operation: 'SubmitAIJob',
  mediaId,
  types: ['AIVideoTag', 'AIMediaDNA'],
  config: { AIVideoTag: { AnalyseTypes: 'ASR,OCR', OrigASRData: true }, AIMediaDNA: { DNADBId: 'db1' } },
  extend: 'request-1/attempt-1',
  nonce: '3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf',
  signedAt: new Date('2026-01-02T03:04:05.678Z'),
};

let server: Loopback;
let client: VodClient;
let answer: Parameters<typeof serveHttp>[0];

beforeEach(async () => {
  server = await serveHttp((response, received) => answer(response, received));
  client = new VodClient({ endpoint: `${server.url}/{region}`, timeoutMs: 2000, credentials });
});
afterEach(closeServers);

const sample = (name: string) => answerText(sampleText('api', name));

describe('submitAIJob', () => {
  const submit = (body: unknown, changes: Partial<SignedSubmission> = {}) => {
    answer = answerJson(body);
    return client.submit('cn-shanghai', { ...submission, ...changes });
  };
  const listed = (...AIJob: unknown[]) => ({ RequestId: 'r1', AIJobList: { AIJob } });

  it.each(sampleNames('api').filter((name) => name.startsWith('SubmitAIJob.response')))(
    'understands %s',
    async (name) => {
      answer = sample(name);
      const printed = sampleJson<{ RequestId: string; AIJobList: { AIJob: { Type: string; JobId: string }[] } }>(
        'api',
        name,
      );
      expect(await client.submit('cn-shanghai', submission)).toEqual({
        outcome: 'accepted',
        jobs: printed.AIJobList.AIJob.map((job) => ({ type: job.Type, vodJobId: job.JobId })),
        requestId: printed.RequestId,
      });
    },
  );

  it('sends the documented parameters to the region of the request', async () => {
    await submit(sampleJson('api', 'SubmitAIJob.response.json'));
    expect(server.received).toHaveLength(1);
    expect(server.received[0]).toMatchObject({
      method: 'POST',
      url: '/cn-shanghai/',
      params: {
        Action: 'SubmitAIJob',
        Version: '2017-03-21',
        Format: 'JSON',
        MediaId: mediaId,
        Types: 'AIVideoTag,AIMediaDNA',
        Config: '{"AIMediaDNA":{"DNADBId":"db1"},"AIVideoTag":{"AnalyseTypes":"ASR,OCR","OrigASRData":true}}',
        UserData: '{"Extend":"request-1/attempt-1"}',
        SignatureNonce: submission.nonce,
        Timestamp: '2026-01-02T03:04:05Z',
      },
    });
  });

  it('sends no Config when there is none', async () => {
    await submit(listed(), { config: null });
    expect(server.received[0]?.params).not.toHaveProperty('Config');
  });

  it('sends the same submission as the same bytes, also from another client and with the keys in another order', async () => {
    await submit(listed());
    await submit(listed());
    const config = { AIMediaDNA: { DNADBId: 'db1' }, AIVideoTag: { OrigASRData: true, AnalyseTypes: 'ASR,OCR' } };
    const other = new VodClient({ endpoint: `${server.url}/{region}`, timeoutMs: 999, credentials });
    await other.submit('cn-shanghai', { ...submission, config, signedAt: new Date('2026-01-02T03:04:05Z') });
    const bodies = server.received.map((request) => request.body);
    expect(bodies).toHaveLength(3);
    expect(new Set(bodies).size).toBe(1);
  });

  it('names the place for its event where that is set for its region, with the same bytes each time', async () => {
    const jobCallbacks = new Map([['cn-shanghai', { url: 'https://hooks.example.com/vod' }]]);
    const naming = () =>
      new VodClient({ endpoint: `${server.url}/{region}`, timeoutMs: 2000, credentials, jobCallbacks });
    answer = answerJson(listed());
    await naming().submit('cn-shanghai', submission);
    await naming().submit('cn-shanghai', submission);
    await naming().submit('cn-beijing', submission);
    const [one, same, elsewhere] = server.received;
    expect(one?.params['UserData']).toBe(
      '{"MessageCallback":{"CallbackType":"http","CallbackURL":"https://hooks.example.com/vod"},"Extend":"request-1/attempt-1"}',
    );
    expect(same?.body).toBe(one?.body);
    expect(elsewhere?.params['UserData']).toBe('{"Extend":"request-1/attempt-1"}');
  });

  it('sends another nonce as another request', async () => {
    await submit(listed());
    await submit(listed(), { nonce: 'another' });
    expect(server.received[0]?.params['Signature']).not.toBe(server.received[1]?.params['Signature']);
  });

  it('allows 512 bytes of UserData, and sends nothing beyond them', async () => {
    const room = 512 - '{"Extend":""}'.length;
    await submit(listed(), { extend: 'é'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2) });
    expect(Buffer.byteLength(server.received[0]?.params['UserData'] ?? '')).toBe(512);
    await expect(submit(listed(), { extend: 'x'.repeat(room + 1) })).rejects.toThrow(RangeError);
    expect(server.received).toHaveLength(1);
  });

  it('takes only jobs with a known type, an id and our media, and the first of each type', async () => {
    const body = listed(
      { Type: 'AIMediaAudit', JobId: 'a', MediaId: mediaId },
      { Type: 'AIVideoTag', JobId: '', MediaId: mediaId },
      { Type: 'AIVideoTag', JobId: 'b', MediaId: 'another' },
      null,
      { Type: 'AIVideoTag', JobId: 'c' },
      { Type: 'AIVideoTag', JobId: 'd', MediaId: mediaId },
    );
    expect(await submit(body)).toEqual({
      outcome: 'accepted',
      jobs: [{ type: 'AIVideoTag', vodJobId: 'c' }],
      requestId: 'r1',
    });
  });

  it.each([
    ['no list', { RequestId: 'r1' }],
    ['an empty list', listed()],
    ['a list that is text', { RequestId: 'r1', AIJobList: 'none' }],
    ['only jobs of another media', listed({ Type: 'AIVideoTag', JobId: 'a', MediaId: 'another' })],
    ['only jobs without an id', listed({ Type: 'AIVideoTag', MediaId: mediaId })],
  ])('does not know what a success with %s has done', async (_, body) => {
    const cause = 'success without a usable AIJobList';
    expect(await submit(body)).toEqual({ outcome: 'unknown', cause, requestId: 'r1' });
  });
});

describe('listAIJob', () => {
  const list = (body: unknown, ids: readonly string[]) => {
    answer = answerJson(body);
    return client.readJobs('cn-shanghai', listAIJob, ids);
  };
  const value = async (body: unknown, ids: readonly string[]) => {
    const outcome = await list(body, ids);
    if (outcome.outcome !== 'answered') throw new Error(`not answered: ${JSON.stringify(outcome)}`);
    return outcome.value;
  };

  it.each(sampleNames('api').filter((name) => name.startsWith('ListAIJob')))('understands %s', async (name) => {
    const printed = sampleJson<{ RequestId: string; AIJobList: { AIJob: Record<string, string>[] } }>('api', name);
    answer = sample(name);
    const ids = [...printed.AIJobList.AIJob.map((job) => job['JobId'] ?? ''), unknownJobId];
    const missing = /dna|asr/.test(name) ? [] : [unknownJobId];
    expect(await client.readJobs('cn-shanghai', listAIJob, ids)).toEqual({
      outcome: 'answered',
      requestId: printed.RequestId,
      value: {
        missing,
        jobs: printed.AIJobList.AIJob.map((job) => ({
          jobId: job['JobId'],
          mediaId: job['MediaId'],
          type: job['Type'],
          status: ['init', 'processing'].includes(job['Status'] ?? '') ? 'running' : job['Status'],
          rawStatus: job['Status'],
          code: job['Code'] ?? null,
          message: job['Message'] ?? null,
          creationTime: new Date(job['CreationTime'] ?? ''),
          completeTime: job['CompleteTime'] === undefined ? null : new Date(job['CompleteTime']),
          data: job['Data'] ?? null,
        })),
      },
    });
  });

  it('asks for all ids at once, comma-separated', async () => {
    await list({}, [tagJobId, dnaJobId]);
    expect(server.received[0]?.params).toMatchObject({ Action: 'ListAIJob', JobIds: `${tagJobId},${dnaJobId}` });
  });

  it('asks for 1 to 10 ids and sends nothing otherwise', async () => {
    const ids = Array.from({ length: 11 }, (_, index) => `id${index}`);
    await expect(list({}, ids)).rejects.toThrow(RangeError);
    await expect(list({}, [])).rejects.toThrow(RangeError);
    expect(server.received).toHaveLength(0);
    expect(await list({}, ids.slice(1))).toMatchObject({ outcome: 'answered' });
  });

  it.each([
    ['an array', [unknownJobId], [unknownJobId]],
    ['one text with a JSON array', JSON.stringify([unknownJobId]), [unknownJobId]],
    ['an array of one text with a JSON array', [JSON.stringify([unknownJobId])], [unknownJobId]],
    ['plain text', unknownJobId, [unknownJobId]],
    ['an empty array', [], []],
    ['an empty text', '', []],
    ['ids we did not ask for', ['another'], []],
  ])('reads missing ids from %s', async (_, text, missing) => {
    expect(await value({ NonExistAIJobIds: { String: text } }, [unknownJobId])).toEqual({ jobs: [], missing });
  });

  it('keeps no more of a text than anybody reads', async () => {
    const long = 'x'.repeat(100_000);
    const AIJob = [{ JobId: 'a', Status: long, Type: long, Code: long, Message: long }];
    const { jobs } = await value({ AIJobList: { AIJob } }, ['a']);
    expect(jobs).toHaveLength(1);
    expect(JSON.stringify(jobs).length).toBeLessThan(2_000);
  });

  it('drops jobs that were not asked for and keeps the first of two', async () => {
    const AIJob = [
      { JobId: 'x', Status: 'success' },
      { JobId: 'a', Status: 'init' },
      { JobId: 'a', Status: 'fail' },
      {},
    ];
    const { jobs } = await value({ AIJobList: { AIJob } }, ['a', 'b']);
    expect(jobs).toMatchObject([{ jobId: 'a', status: 'running' }]);
  });

  it('does not call a job missing that it lists', async () => {
    const body = { AIJobList: { AIJob: [{ JobId: 'a', Status: 'init' }] }, NonExistAIJobIds: { String: ['a'] } };
    expect((await value(body, ['a'])).missing).toEqual([]);
  });

  it.each([
    ['init', 'running'],
    ['Processing', 'running'],
    ['reserved', 'running'],
    ['analysing', 'running'],
    ['Submitted', 'running'],
    ['SUCCESS', 'success'],
    [' success ', 'success'],
    ['Fail', 'fail'],
    ['paused', 'unrecognised'],
    [undefined, 'unrecognised'],
  ])('reads the status %j as %s', async (Status, status) => {
    const { jobs } = await value({ AIJobList: { AIJob: [{ JobId: 'a', Status }] } }, ['a']);
    expect(jobs).toMatchObject([{ status, rawStatus: Status ?? '' }]);
  });

  it.each([
    ['text, byte for byte', ' {"Keyword" : [ ]}\n', ' {"Keyword" : [ ]}\n'],
    ['an object, as its JSON text', { Keyword: [] }, '{"Keyword":[]}'],
    ['nothing', undefined, null],
    ['null', null, null],
    ['an empty text', '', null],
  ])('keeps a Data that is %s', async (_, Data, data) => {
    const { jobs } = await value({ AIJobList: { AIJob: [{ JobId: 'a', Status: 'success', Data }] } }, ['a']);
    expect(jobs).toMatchObject([{ data }]);
  });

  it.each([{ AIJobList: 'x' }, { AIJobList: [] }, { AIJobList: { AIJob: 'x' } }, { AIJobList: { AIJob: 3 } }])(
    'does not trust the shape %j',
    async (body) => {
      const cause = 'an answer to ListAIJob of an unexpected shape';
      expect(await list(body, ['a'])).toEqual({ outcome: 'unavailable', cause });
    },
  );
});

describe('the results of a media', () => {
  it.each(sampleNames('api').filter((name) => name.startsWith('GetAIVideoTagResult')))('reads %s', async (name) => {
    answer = sample(name);
    const printed = sampleJson<{ RequestId: string; VideoTagResult: unknown }>('api', name);
    expect(await client.readMedia('cn-shanghai', catalogue.AIVideoTag.fallback, mediaId)).toEqual({
      outcome: 'answered',
      value: { data: JSON.stringify(printed.VideoTagResult) },
      requestId: printed.RequestId,
    });
    expect(server.received[0]?.params).toMatchObject({ Action: 'GetAIVideoTagResult', MediaId: mediaId });
  });

  it.each(sampleNames('api').filter((name) => name.startsWith('GetMediaDNAResult')))('reads %s', async (name) => {
    answer = sample(name);
    const printed = sampleJson<{ RequestId: string; DNAResult: unknown }>('api', name);
    expect(await client.readMedia('cn-shanghai', catalogue.AIMediaDNA.fallback, mediaId)).toEqual({
      outcome: 'answered',
      value: { data: JSON.stringify(printed.DNAResult) },
      requestId: printed.RequestId,
    });
    expect(server.received[0]?.params).toMatchObject({ Action: 'GetMediaDNAResult', MediaId: mediaId });
  });

  it.each([undefined, null, '', {}])('are null when VOD gives %j', async (empty) => {
    answer = answerJson({ RequestId: 'r1', VideoTagResult: empty, DNAResult: empty });
    const nothing = { outcome: 'answered', value: { data: null }, requestId: 'r1' };
    expect(await client.readMedia('cn-shanghai', catalogue.AIVideoTag.fallback, mediaId)).toEqual(nothing);
    expect(await client.readMedia('cn-shanghai', catalogue.AIMediaDNA.fallback, mediaId)).toEqual(nothing);
  });
});

describe('listJobInfo', () => {
  const list = (body: unknown) => {
    answer = answerJson(body);
    return client.listJobInfo('cn-shanghai', mediaId);
  };

  it('gives the AI jobs of a media', async () => {
    expect(await list(sampleJson('api', 'ListJobInfo.response.json'))).toEqual({
      outcome: 'answered',
      value: {
        jobs: [
          {
            jobId: '5c9dff751ba14c4e9d9a9c59d50a967f',
            status: 'success',
            createTime: new Date('2026-01-02T03:04:05Z'),
            completeTime: new Date('2026-01-02T03:04:26Z'),
          },
        ],
      },
      requestId: '6708D849-F109-1A6C-AC91-000000000002',
    });
    expect(server.received[0]?.params).toMatchObject({ Action: 'ListJobInfo', MediaId: mediaId, JobType: 'ai' });
  });

  it('answers that there is none only when VOD says so', async () => {
    expect(await list({ JobInfoList: [] })).toMatchObject({ outcome: 'answered', value: { jobs: [] } });
  });

  it.each([
    ['without a list', { RequestId: 'r1' }],
    ['with a job without id', { JobInfoList: [{ JobId: 'a' }, { Status: 'init' }] }],
    ['with an entry that is no job', { JobInfoList: [{ JobId: 'a' }, null] }],
    ['with an entry that is text', { JobInfoList: ['a'] }],
    ['about another media', { MediaId: 'another', JobInfoList: [] }],
  ])('takes an answer %s for no answer, as absence may lead to a second bill', async (_, body) => {
    expect(await list(body)).toMatchObject({ outcome: 'unavailable' });
  });
});

describe('regions', () => {
  it('are called at their own endpoints, over one kept connection each', async () => {
    answer = answerJson({});
    for (const region of ['cn-shanghai', 'cn-beijing', 'cn-shanghai', 'cn-beijing']) {
      await client.readJobs(region, listAIJob, ['a']);
    }
    const urls = server.received.map((request) => request.url);
    expect(urls).toEqual(['/cn-shanghai/', '/cn-beijing/', '/cn-shanghai/', '/cn-beijing/']);
    expect(server.connections()).toBe(2);
  });

  it('are connected to anew after a close', async () => {
    answer = answerJson({});
    await client.readJobs('cn-shanghai', listAIJob, ['a']);
    client.close();
    expect(await client.readJobs('cn-shanghai', listAIJob, ['a'])).toMatchObject({ outcome: 'answered' });
    expect(server.connections()).toBe(2);
  });
});
