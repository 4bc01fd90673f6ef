import { otherId } from './chance';
import { type EventForms, eventTime } from './event-forms';
import { verdictOf } from './jobs';
import type { Media } from './media';
import type { Subscription } from './message-callbacks';
import { inColonMilliseconds, inSeconds } from './times';
import type { VodEvent } from './vod-event';

// The events that are not about AI jobs, in the forms of their pages (docs/vod.md, "Events"). What they say is invented, but for
// what is known of the media.

export interface MediaOccasion {
  /** Of those events that know failure. */
  failed?: boolean;
  /** `partial`: one stream of two failed. `stream`: that of a stream rather than of the media. */
  variant?: 'partial' | 'stream' | undefined;
  /** What the request gave along, in the events that have it. */
  extend?: string | undefined;
  jobId?: string | undefined;
}

interface Context {
  media: Media;
  forms: EventForms;
  failed: boolean;
  variant: MediaOccasion['variant'];
  extend: string | undefined;
  jobId: string;
  atMs: number;
}

/** Without EventType and EventTime, which all have. */
const BODIES = {
  FileUploadComplete: ({ media, forms, extend }: Context) => ({
    VideoId: media.mediaId,
    ...(forms.pages === 'newest' && { Status: 'success' }),
    Size: media.sizeBytes,
    FileUrl: urlOf(media, media.fileName),
    ...(forms.pages === 'newest' && extend !== undefined && { Extend: extend }),
  }),
  ImageUploadComplete: ({ media }: Context) => ({
    ImageId: media.mediaId,
    Status: 'success',
    Size: media.sizeBytes,
    FileURL: urlOf(media, `${media.mediaId}.jpg`),
    AppId: media.appId,
  }),
  VideoAnalysisComplete: ({ media, forms, failed }: Context) => ({
    VideoId: media.mediaId,
    Status: failed ? 'fail' : 'success',
    ...(failed ? failure() : analysisOf(media, forms)),
  }),
  StreamTranscodeComplete: (context: Context) => ({
    VideoId: context.media.mediaId,
    ...streamOf(context, 'LD', context.failed),
    ...extendOf(context),
  }),
  TranscodeComplete: (context: Context) => ({
    VideoId: context.media.mediaId,
    // `success` as soon as one stream has succeeded.
    Status: context.failed ? 'fail' : 'success',
    ...extendOf(context),
    StreamInfos: [
      streamOf(context, 'LD', context.failed),
      streamOf(context, 'SD', context.failed || context.variant === 'partial'),
    ],
  }),
  SnapshotComplete: (context: Context) => ({
    VideoId: context.media.mediaId,
    Status: 'success',
    CoverUrl: urlOf(context.media, 'covers/cover-00002.jpg'),
    ...extendOf(context),
    SnapshotInfos: [
      {
        Status: 'success',
        SnapshotType: 'CoverSnapshot',
        SnapshotCount: 2,
        SnapshotFormat: `${context.media.mediaId}/covers/cover-{SnapshotCount}.jpg`,
        SnapshotRegular: urlOf(context.media, 'covers/cover-{SnapshotCount}.jpg'),
        JobId: context.jobId,
      },
    ],
  }),
  DynamicImageComplete: ({ media, jobId }: Context) => ({
    VideoId: media.mediaId,
    Status: 'success',
    JobId: jobId,
    // The text of one object, although the table says an array.
    DynamicImageJobInfo: JSON.stringify({
      FileSize: '1834831',
      FileURL: urlOf(media, `image/dynamic/${jobId}.gif`),
      Fps: '25',
      Height: '200',
      JobId: jobId,
      Status: 'success',
      Width: '200',
    }),
  }),
  DeleteMediaComplete: ({ media, failed, variant, jobId }: Context) => ({
    Status: failed ? 'fail' : 'success',
    MediaType: 'video',
    DeleteType: variant === 'stream' ? 'stream' : 'all',
    MediaId: media.mediaId,
    ...(variant === 'stream' && { JobIds: `${jobId},${otherId(jobId)}` }),
    ...(failed && { ErrorCode: 'InvalidVideo.NotFound', ErrorMessage: 'The video does not exist.' }),
  }),
  UploadByURLComplete: ({ media, forms, failed, variant, jobId, ...rest }: Context) => {
    const blank = forms.blankKeys ? ' ' : '';
    const of = {
      Status: failed ? 'fail' : 'success',
      JobId: jobId,
      [`SourceURL${blank}`]: `http://sample.example.com/${media.fileName}`,
    };
    if (failed) {
      return {
        ...of,
        [`ErrorCode${blank}`]: 'URLInvalidError',
        [`ErrorMessage${blank}`]: 'download video failed by the url, please check it',
      };
    }
    if (variant !== 'stream') return { ...of, VideoId: media.mediaId, Size: String(media.sizeBytes) };
    return {
      ...of,
      VideoId: media.mediaId,
      FileType: 'Stream',
      StreamFileURL: urlOf(media, `sv/${media.fileName}`),
      ...extendOf(rest),
    };
  },
  CreateAuditComplete: ({ media, failed, atMs }: Context) => ({
    MediaId: media.mediaId,
    Status: 'success',
    CreationTime: inSeconds(atMs),
    SubType: 'video',
    AuditStatus: failed ? 'Blocked' : 'Normal',
    Auditor: 'author',
    ...(failed && { Reason: 'Vulgar content' }),
  }),
} satisfies Partial<Record<Subscription, (context: Context) => object>>;

export type MediaEventType = keyof typeof BODIES;
export const MEDIA_EVENT_TYPES = Object.keys(BODIES) as [MediaEventType, ...MediaEventType[]];

/** An event about a media, addressed to whoever hears of the media's application. */
export function eventOfMedia(
  type: MediaEventType,
  media: Media,
  { failed = false, jobId = otherId(`${media.mediaId} ${type}`), extend = media.extend, variant }: MediaOccasion,
  { forms, nowMs: atMs }: { forms: EventForms; nowMs: number },
): VodEvent {
  const time = type === 'ImageUploadComplete' ? inColonMilliseconds : inSeconds;
  return {
    eventType: type,
    region: media.region,
    appId: media.appId,
    subscription: type,
    own: media.callback,
    mediaId: media.mediaId,
    body: {
      EventTime: eventTime(forms, time, atMs),
      EventType: type,
      ...BODIES[type]({ media, forms, failed, variant, extend, jobId, atMs }),
    },
  };
}

function failure() {
  const { Code, Message } = verdictOf('fail');
  return { ErrorCode: Code, ErrorMessage: Message };
}

function analysisOf({ durationSeconds, sizeBytes }: Media, { numbers }: EventForms) {
  const measured = { Duration: durationSeconds, Height: 360, Width: 630, Size: sizeBytes };
  const printed =
    numbers === 'number'
      ? measured
      : Object.fromEntries(Object.entries(measured).map(([name, value]) => [name, String(value)]));
  return { ...printed, Fps: '30', Bitrate: String(bitrateOf(durationSeconds, sizeBytes)) };
}

function streamOf({ media, jobId }: Context, definition: 'LD' | 'SD', failed: boolean) {
  const id = definition === 'LD' ? jobId : otherId(jobId);
  const head = { Status: failed ? 'fail' : 'success', Definition: definition, Format: 'mp4', JobId: id };
  if (failed) return { ...head, ErrorCode: 'InternalError', ErrorMessage: 'The resource could not be transcoded.' };
  const { durationSeconds, sizeBytes } = media;
  return {
    ...head,
    Bitrate: String(bitrateOf(durationSeconds, sizeBytes)),
    Duration: durationSeconds,
    Encrypt: false,
    FileUrl: urlOf(media, `${definition.toLowerCase()}.mp4`),
    Fps: '30',
    Height: 960,
    Size: sizeBytes,
    Width: 540,
  };
}

function extendOf({ extend }: Pick<Context, 'extend'>) {
  return extend !== undefined && { Extend: extend };
}

/** In kbit/s. */
function bitrateOf(seconds: number, bytes: number): number {
  return seconds === 0 ? 0 : Math.round((bytes * 8) / 1000 / seconds);
}

/** URLs in events are always http (docs/vod.md, "Events"). Nothing is served there. */
function urlOf({ mediaId }: Media, path: string): string {
  return `http://vod.example.com/${mediaId}/${path}`;
}
