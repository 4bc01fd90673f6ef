import { fieldsOf, samplesOf, someMedia } from '../test/fields';
import { type Running, closeAll, startEmulator, startReceiver, submit } from '../test/support';
import type { EventFormsPatch } from './event-forms';
import type { MediaEventType, MediaOccasion } from './media-events';

/** Every documented event can be had from the emulator, field by field. */

afterEach(closeAll);

const samples = samplesOf('events');
const wanted = (name: string) => fieldsOf(JSON.parse(samples.get(name) ?? '{}'));
const json = (value: unknown) => JSON.stringify(value);

interface OfJob {
  type: 'AIVideoTag' | 'AIMediaDNA' | 'AIMediaAudit';
  forms?: EventFormsPatch;
  /** Which media to try: their ids begin with it. */
  media?: string;
  config?: object;
  userData?: object;
  /** What a review looks for. */
  items?: string[];
}

interface OfMedia extends MediaOccasion {
  event: MediaEventType;
  forms?: EventFormsPatch;
}

const SECONDS = { time: 'seconds' } as const;
const OLDER = { pages: 'older' } as const;
const PORN_AND_TERRORISM = ['porn', 'terrorism'];
const ALL_ITEMS = [...PORN_AND_TERRORISM, 'ad', 'live', 'logo', 'audio'];
const LOCAL_ID = json({ localId: 'order-42' });
const WITH_SPEECH = { AIVideoTag: { AnalyseTypes: 'ASR,OCR', OrigASRData: true } };

const produced: Record<string, OfJob | OfMedia> = {
  'AIMediaAuditComplete.fail.json': { type: 'AIMediaAudit', media: 'fail', forms: SECONDS },
  'AIMediaAuditComplete.full-model.json': { type: 'AIMediaAudit', items: ALL_ITEMS, forms: SECONDS },
  'AIMediaAuditComplete.success-data-string.json': {
    type: 'AIMediaAudit',
    items: PORN_AND_TERRORISM,
    forms: { ...SECONDS, data: 'text' },
  },
  'AIMediaAuditComplete.success-seconds.json': { type: 'AIMediaAudit', items: PORN_AND_TERRORISM, forms: SECONDS },
  'AIMediaAuditComplete.success.json': { type: 'AIMediaAudit', items: PORN_AND_TERRORISM },
  'AIMediaDNAComplete.fail.json': { type: 'AIMediaDNA', media: 'fail', forms: OLDER },
  'AIMediaDNAComplete.no-match.json': { type: 'AIMediaDNA', forms: OLDER },
  'AIMediaDNAComplete.success-2024.json': { type: 'AIMediaDNA' },
  'AIMediaDNAComplete.success.json': { type: 'AIMediaDNA', forms: OLDER },
  'AIVideoTagComplete.fail-no-data.json': { type: 'AIVideoTag', media: 'fail' },
  'AIVideoTagComplete.fail.json': { type: 'AIVideoTag', media: 'fail', forms: { dataOfFailure: 'empty_object_text' } },
  'AIVideoTagComplete.success-asr.json': { type: 'AIVideoTag', config: WITH_SPEECH },
  'AIVideoTagComplete.success-data-object.json': { type: 'AIVideoTag', media: 'unsorted', forms: { data: 'object' } },
  'AIVideoTagComplete.success.json': { type: 'AIVideoTag', media: 'unsorted' },
  'AIVideoTagComplete.with-extend.hypothetical.json': {
    type: 'AIVideoTag',
    media: 'unsorted',
    userData: { Extend: { localId: 'order-42', test: 'www' } },
  },
  'CreateAuditComplete.json': { event: 'CreateAuditComplete', failed: true },
  'DeleteMediaComplete.fail.json': { event: 'DeleteMediaComplete', failed: true },
  'DeleteMediaComplete.stream.json': { event: 'DeleteMediaComplete', variant: 'stream' },
  'DeleteMediaComplete.success.json': { event: 'DeleteMediaComplete' },
  'DynamicImageComplete.json': { event: 'DynamicImageComplete' },
  'FileUploadComplete.current.json': { event: 'FileUploadComplete', extend: json({ test: 'your extend data' }) },
  'FileUploadComplete.json': { event: 'FileUploadComplete', forms: OLDER },
  'ImageUploadComplete.json': { event: 'ImageUploadComplete' },
  'SnapshotComplete.json': { event: 'SnapshotComplete', extend: 'test data' },
  'StreamTranscodeComplete.fail.json': { event: 'StreamTranscodeComplete', failed: true, extend: LOCAL_ID },
  'StreamTranscodeComplete.success.json': { event: 'StreamTranscodeComplete', extend: 'test data' },
  'TranscodeComplete.partial.json': { event: 'TranscodeComplete', variant: 'partial', extend: LOCAL_ID },
  'TranscodeComplete.success.json': { event: 'TranscodeComplete', extend: 'test data' },
  'UploadByURLComplete.fail.json': { event: 'UploadByURLComplete', failed: true },
  'UploadByURLComplete.stream.json': { event: 'UploadByURLComplete', variant: 'stream', extend: LOCAL_ID },
  'UploadByURLComplete.success-trailing-space-keys.json': { event: 'UploadByURLComplete', forms: { blankKeys: true } },
  'UploadByURLComplete.success.json': { event: 'UploadByURLComplete' },
  'VideoAnalysisComplete.fail.json': { event: 'VideoAnalysisComplete', failed: true },
  'VideoAnalysisComplete.success-numbers.json': { event: 'VideoAnalysisComplete', forms: { numbers: 'number' } },
  'VideoAnalysisComplete.success.json': { event: 'VideoAnalysisComplete' },
};

/** The events that arrive, one after the other, as they are asked for. */
async function hearing(forms: EventFormsPatch = {}) {
  const receiver = await startReceiver();
  const running = await startEmulator({ callback: { url: receiver.url }, eventForms: forms, echoExtend: true });
  const next = async (ask: () => unknown) => {
    const before = receiver.received.length;
    await ask();
    await receiver.arrivedAtLeast(before + 1);
    return receiver.received[before]?.body;
  };
  return { ...running, next };
}

async function eventOfMedia({ event, forms, ...occasion }: OfMedia) {
  const { emulator, next } = await hearing(forms);
  return next(() => emulator.tellOfMedia('m', event, occasion));
}

/** That of the first media whose event has the fields of the sample, or of the last one that was tried. */
async function eventOfJob(name: string, wish: OfJob) {
  const { ask, next } = await hearing(wish.forms);
  const TemplateId = wish.items && (await template(ask, wish.items));
  let event: unknown;
  for (const MediaId of someMedia(wish.media)) {
    const UserData = json(wish.userData ?? {});
    event = await next(() =>
      wish.type === 'AIMediaAudit'
        ? ask('SubmitAIMediaAuditJob', { MediaId, UserData, ...(TemplateId !== undefined && { TemplateId }) })
        : submit(ask, MediaId, wish.type, { UserData, Config: json(wish.config ?? {}) }),
    );
    if (json(fieldsOf(event)) === json(wanted(name))) break;
  }
  return event;
}

async function template(ask: Running['ask'], AuditItem: string[]): Promise<unknown> {
  const TemplateConfig = json({ AuditItem, AuditRange: ['video', 'image-cover', 'text-title'] });
  const { body } = await ask('AddAITemplate', { TemplateName: 't', TemplateType: 'AIMediaAudit', TemplateConfig });
  return body['TemplateId'];
}

it.each(Object.entries(produced))('%s has the fields of an event of the emulator', async (name, wish) => {
  const event = 'event' in wish ? await eventOfMedia(wish) : await eventOfJob(name, wish);
  expect(fieldsOf(event)).toEqual(wanted(name));
  expect(event).toHaveProperty('EventType', name.split('.')[0]);
});

it('leaves no sample of an event out', () => {
  expect(Object.keys(produced).toSorted()).toEqual([...samples.keys()].toSorted());
});
