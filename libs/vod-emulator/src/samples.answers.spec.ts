import { fieldsOf, samplesOf, someMedia } from '../test/fields';
import { type Answered, type Ask, closeAll, startEmulator, submit } from '../test/support';
import type { EmulatorOptions } from './emulator';
import { faultRule } from './faults';

/** Every documented answer can be had from the emulator, field by field. */

afterEach(closeAll);

type Produce = () => Promise<unknown>;

const samples = samplesOf('api');
const wanted = (name: string) => fieldsOf(JSON.parse(samples.get(name) ?? '{}'));
const json = (value: unknown) => JSON.stringify(value);

const ALL_ITEMS = ['porn', 'terrorism', 'ad', 'live', 'logo', 'audio'];
const TEMPLATE = json({
  AuditRange: ['video', 'image-cover', 'text-title'],
  AuditContent: ['screen'],
  AuditItem: ALL_ITEMS,
  AuditAutoBlock: 'no',
});
const CALLBACK = {
  CallbackType: 'HTTP',
  CallbackURL: 'http://test.example.com/test',
  EventTypeList: 'FileUploadComplete,AIComplete',
  AuthSwitch: 'on',
  AuthKey: 'Abc12345678',
};
const QUEUE = { MnsEndpoint: 'http://1234567.mns.cn-shanghai.aliyuncs.com/', MnsQueueName: 'vodcallback' };

async function asking(options: Partial<EmulatorOptions> = {}): Promise<Ask> {
  return (await startEmulator(options)).ask;
}

async function bodyOf(answer: Promise<Answered>): Promise<Answered['body']> {
  return (await answer).body;
}

/** The answer about the first media whose fields are those of the sample, or about the last one that was tried. */
async function suchAs(name: string, answerAbout: (mediaId: string) => Promise<unknown>, prefix?: string) {
  let answer: unknown;
  for (const mediaId of someMedia(prefix)) {
    answer = await answerAbout(mediaId);
    if (json(fieldsOf(answer)) === json(wanted(name))) break;
  }
  return answer;
}

/** A review by a template that looks for everything. */
async function fullReview(ask: Ask, MediaId: string): Promise<string> {
  const template = await bodyOf(
    ask('AddAITemplate', { TemplateName: 'all', TemplateType: 'AIMediaAudit', TemplateConfig: TEMPLATE }),
  );
  const { body } = await ask('SubmitAIMediaAuditJob', { MediaId, TemplateId: template['TemplateId'] });
  return String(body['JobId']);
}

const ofReview = (name: string, read: (ask: Ask, jobId: string, mediaId: string) => Promise<Answered>) => async () => {
  const ask = await asking();
  return suchAs(name, async (mediaId) => bodyOf(read(ask, await fullReview(ask, mediaId), mediaId)));
};

const listed = (name: string, Types: string, more: object = {}, options: Partial<EmulatorOptions> = {}, prefix = 'm') =>
  async function produce() {
    const ask = await asking(options);
    const unknown = (name.includes('nonexist') && ',nobody,nobody-else') || '';
    return suchAs(
      name,
      async (mediaId) => bodyOf(ask('ListAIJob', { JobIds: (await submit(ask, mediaId, Types, more)) + unknown })),
      prefix,
    );
  };

const WITH_SPEECH = { Config: json({ AIVideoTag: { AnalyseTypes: 'ASR', OrigASRData: true } }) };

const produced: Record<string, Produce> = {
  'AddAITemplate.response.json': async () =>
    bodyOf((await asking())('AddAITemplate', { TemplateName: 't', TemplateType: 'AIImage', TemplateConfig: '{}' })),
  'DeleteAIImageInfos.response.json': async () => bodyOf((await asking())('DeleteAIImageInfos', { AIImageInfoIds: 'x' })),
  'DeleteMessageCallback.response.json': async () => bodyOf((await asking())('DeleteMessageCallback')),
  'GetAIImageJobs.response.json': async () => {
    const ask = await asking();
    const UserData = json({ Extend: { localId: 'order-42', test: 'www' } });
    const { body } = await ask('SubmitAIImageJob', { VideoId: 'm', AITemplateId: 't', UserData });
    return bodyOf(ask('GetAIImageJobs', { JobIds: body['JobId'] }));
  },
  'GetAIMediaAuditJob.response.json': ofReview('GetAIMediaAuditJob.response.json', (ask, JobId) =>
    ask('GetAIMediaAuditJob', { JobId }),
  ),
  'GetAIVideoTagResult.response.full-model.json': async () => tagResult('GetAIVideoTagResult.response.full-model.json'),
  'GetAIVideoTagResult.response.json': async () => tagResult('GetAIVideoTagResult.response.json'),
  'GetJobDetail.response.ai.json': async () => {
    const ask = await asking();
    return bodyOf(ask('GetJobDetail', { JobId: await fullReview(ask, 'm'), JobType: 'ai' }));
  },
  'GetMediaAuditAudioResultDetail.response.json': ofReview(
    'GetMediaAuditAudioResultDetail.response.json',
    (ask, _jobId, MediaId) => ask('GetMediaAuditAudioResultDetail', { MediaId }),
  ),
  'GetMediaAuditResult.response.json': ofReview('GetMediaAuditResult.response.json', (ask, _jobId, MediaId) =>
    ask('GetMediaAuditResult', { MediaId }),
  ),
  'GetMediaAuditResultDetail.response.json': ofReview(
    'GetMediaAuditResultDetail.response.json',
    (ask, _jobId, MediaId) => ask('GetMediaAuditResultDetail', { MediaId }),
  ),
  'GetMediaAuditResultTimeline.response.json': ofReview(
    'GetMediaAuditResultTimeline.response.json',
    (ask, _jobId, MediaId) => ask('GetMediaAuditResultTimeline', { MediaId }),
  ),
  'GetMediaDNAResult.response.json': async () => {
    const ask = await asking();
    return suchAs('GetMediaDNAResult.response.json', async (MediaId) => {
      await submit(ask, MediaId, 'AIMediaDNA');
      return bodyOf(ask('GetMediaDNAResult', { MediaId }));
    });
  },
  'GetMessageCallback.response.http.json': async () => setting({ ...CALLBACK, ...QUEUE }),
  'GetMessageCallback.response.mns.json': async () =>
    setting({ CallbackType: 'MNS', EventTypeList: 'AIComplete', ...QUEUE }),
  'ListAIImageInfo.response.json': async () => {
    const ask = await asking();
    await ask('SubmitAIImageJob', { VideoId: 'm', AITemplateId: 't' });
    return bodyOf(ask('ListAIImageInfo', { VideoId: 'm' }));
  },
  'ListAIJob.response.all-unknown.json': async () => bodyOf((await asking())('ListAIJob', { JobIds: 'nobody' })),
  'ListAIJob.response.dna-malformed-data.json': listed(
    'ListAIJob.response.dna-malformed-data.json',
    'AIMediaDNA',
    {},
    { faults: [faultRule('ListAIJob', { fault: 'malformed_data' })] },
  ),
  'ListAIJob.response.dna.json': listed('ListAIJob.response.dna.json', 'AIMediaDNA'),
  'ListAIJob.response.mixed.json': mixed,
  'ListAIJob.response.nonexist-string.json': listed(
    'ListAIJob.response.nonexist-string.json',
    'AIVideoTag',
    WITH_SPEECH,
    { missingIds: 'text' },
    'speech',
  ),
  'ListAIJob.response.success-asr.json': listed(
    'ListAIJob.response.success-asr.json',
    'AIVideoTag',
    WITH_SPEECH,
    {},
    'speech',
  ),
  'ListAITemplate.response.json': async () => {
    const ask = await asking();
    await fullReview(ask, 'm');
    return bodyOf(ask('ListAITemplate', { TemplateType: 'AIMediaAudit' }));
  },
  'ListJobInfo.response.json': async () => {
    const ask = await asking();
    await submit(ask, 'm');
    return bodyOf(ask('ListJobInfo', { MediaId: 'm', JobType: 'ai' }));
  },
  'SearchMedia.response.json': async () => {
    const { ask, emulator } = await startEmulator();
    emulator.addMedia({ title: 'demo', tags: 'tag1,tag2', cateId: 781111, cateName: 'demo' });
    const sample = JSON.parse(samples.get('SearchMedia.response.json') ?? '{}') as { MediaList: { Video: object }[] };
    const Fields = Object.keys(sample.MediaList[0]?.Video ?? {}).join(',');
    return bodyOf(ask('SearchMedia', { Fields }));
  },
  'SetMessageCallback.response.json': async () => bodyOf((await asking())('SetMessageCallback', CALLBACK)),
  'SubmitAIImageAuditJob.response.json': async () =>
    bodyOf((await asking())('SubmitAIImageAuditJob', { MediaId: 'm', TemplateId: 't' })),
  'SubmitAIImageJob.response.json': async () =>
    bodyOf((await asking())('SubmitAIImageJob', { VideoId: 'm', AITemplateId: 't' })),
  'SubmitAIJob.response.json': async () => bodyOf((await asking())('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag' })),
  'SubmitAIJob.response.legacy-2021.json': async () =>
    bodyOf((await asking({ submitEntries: 'of_2021' }))('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag' })),
  'SubmitAIJob.response.two-types.json': async () =>
    bodyOf((await asking())('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag,AIMediaDNA' })),
  'SubmitAIMediaAuditJob.response.json': async () => bodyOf((await asking())('SubmitAIMediaAuditJob', { MediaId: 'm' })),
  'SubmitDynamicImageJob.response.json': async () =>
    bodyOf((await asking())('SubmitDynamicImageJob', { VideoId: 'm', DynamicImageTemplateId: 't' })),
  'SubmitMediaDNADeleteJob.response.json': async () =>
    bodyOf((await asking())('SubmitMediaDNADeleteJob', { MediaId: 'm' })),
};

async function tagResult(name: string) {
  const ask = await asking();
  return suchAs(name, async (MediaId) => {
    await submit(ask, MediaId);
    return bodyOf(ask('GetAIVideoTagResult', { MediaId }));
  });
}

async function setting(parameters: object) {
  const ask = await asking();
  await ask('SetMessageCallback', { ...parameters });
  return bodyOf(ask('GetMessageCallback'));
}

/** Jobs in each state, and an id that nobody has. */
async function mixed() {
  let now = Date.parse('2026-01-02T03:04:05Z');
  const Timestamp = '2026-01-02T03:04:05Z';
  const { ask, emulator } = await startEmulator({ clock: () => now });
  const inTime: Ask = (action, parameters) => ask(action, { ...parameters, Timestamp });
  const failed = await submit(inTime, 'fail-1');
  emulator.configure({ jobTimeMs: { min: 3_600_000, max: 3_600_000 } });
  const processing = await submit(inTime, 'm', 'AIMediaDNA');
  now += 10 * 60_000;
  const waiting = await submit(inTime, 'm');
  emulator.configure({ jobTimeMs: { min: 0, max: 0 } });
  return suchAs('ListAIJob.response.mixed.json', async (mediaId) => {
    const JobIds = [await submit(inTime, mediaId), processing, waiting, failed, 'nobody'].join(',');
    const body = await bodyOf(inTime('ListAIJob', { JobIds }));
    const { AIJob } = body['AIJobList'] as { AIJob: { Status: string }[] };
    expect(AIJob.map(({ Status }) => Status)).toEqual(['success', 'processing', 'init', 'fail']);
    return body;
  });
}

it.each(Object.entries(produced))('%s has the fields of an answer of the emulator', async (name, produce) => {
  expect(fieldsOf(await produce())).toEqual(wanted(name));
});

it('SubmitAIJob.request-params.json is a request that is taken', async () => {
  const { Action, Version, ...parameters } = JSON.parse(
    samples.get('SubmitAIJob.request-params.json') ?? '{}',
  ) as Record<string, string>;
  expect(Version).toBe('2017-03-21');
  expect(await (await asking())(Action ?? '', parameters)).toMatchObject({ status: 200 });
});

it('leaves no sample of an answer out', () => {
  expect([...Object.keys(produced), 'SubmitAIJob.request-params.json'].toSorted()).toEqual([...samples.keys()].toSorted());
});
