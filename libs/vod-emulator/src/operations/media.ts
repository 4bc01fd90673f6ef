import { hash, hexId, otherId } from '../chance';
import { split } from '../json';
import type { Media } from '../media';
import { matching } from '../media-search';
import { refusals } from '../refusals';
import { inSeconds } from '../times';
import { userDataOf } from '../user-data';
import { type AdmittedCall, type OperationOutcome, type Service, done, refuse, wholeNumber } from './service';

const SEARCH_TYPES = ['video', 'audio', 'image', 'attached'];
const MAX_TITLE = 128;

/** The whole list of the region, as far as it fits: by pages, or from where a token points to. */
export function searchMedia(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const searchType = parameters.get('SearchType') ?? 'video';
  if (!SEARCH_TYPES.includes(searchType)) {
    return refuse(refusals.invalidParameter('SearchType', `It must be one of ${SEARCH_TYPES.join(', ')}.`));
  }
  const pageNo = wholeNumber(parameters.get('PageNo'), { min: 1, max: 1_000_000, otherwise: 1 });
  if (pageNo === undefined) return refuse(refusals.invalidParameter('PageNo', 'It must be a whole number from 1 on.'));
  const pageSize = wholeNumber(parameters.get('PageSize'), { min: 1, max: 100, otherwise: 10 });
  if (pageSize === undefined) return refuse(refusals.invalidParameter('PageSize', 'It must be from 1 to 100.'));
  const order = ORDERS.get(parameters.get('SortBy') ?? 'CreationTime:Desc');
  if (!order) return refuse(refusals.invalidParameter('SortBy', 'It must be CreationTime:Desc or CreationTime:Asc.'));
  const token = parameters.get('ScrollToken');
  const after = token ? readToken(token) : undefined;
  if (token && !after) return refuse(refusals.invalidParameter('ScrollToken', 'It must be one of an earlier answer.'));

  // All that was added here is video.
  const found = matching(searchType === 'video' ? service.media.of(region) : [], parameters.get('Match') ?? '');
  if ('problem' in found) return refuse(refusals.invalidParameter('Match', found.problem));
  const sorted = found.toSorted(order);
  const page = after
    ? sorted.filter((media) => order(media, after) > 0).slice(0, pageSize)
    : sorted.slice((pageNo - 1) * pageSize, pageNo * pageSize);
  const last = page.at(-1);
  const scrollToken = last ? tokenOf(last) : token;
  const fields = split(parameters.get('Fields'));
  return done({
    Total: found.length,
    ...(scrollToken !== undefined && { ScrollToken: scrollToken }),
    MediaList: page.map((media) => listed(media, fields)),
  });
}

type Position = Pick<Media, 'createdAt' | 'sequence'>;

const ORDERS = new Map([
  ['CreationTime:Desc', (a: Position, b: Position) => b.createdAt - a.createdAt || b.sequence - a.sequence],
  ['CreationTime:Asc', (a: Position, b: Position) => a.createdAt - b.createdAt || a.sequence - b.sequence],
]);

/** 32 characters, as VOD's has: where one is, so that what is added meanwhile moves nobody. */
function tokenOf({ createdAt, sequence }: Position): string {
  const place = `${hex(Math.max(0, createdAt), 12)}${hex(sequence, 12)}`;
  return place + hex(hash(place), 8);
}

function readToken(token: string): Position | undefined {
  const [, createdAt, sequence, check] = /^([0-9a-f]{12})([0-9a-f]{12})([0-9a-f]{8})$/.exec(token) ?? [];
  if (createdAt === undefined || sequence === undefined || check !== hex(hash(createdAt + sequence), 8)) return undefined;
  return { createdAt: parseInt(createdAt, 16), sequence: parseInt(sequence, 16) };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** Without `Fields` only what each media has is named: id, type and time. */
function listed(media: Media, fields: readonly string[]): object {
  const basic = { VideoId: media.mediaId, CreationTime: inSeconds(media.createdAt) };
  const asked = Object.entries(videoOf(media)).filter(([name]) => fields.includes(name));
  return {
    MediaId: media.mediaId,
    MediaType: 'video',
    CreationTime: inSeconds(media.createdAt),
    Video: { ...basic, ...(Object.fromEntries(asked) as object) },
  };
}

function videoOf(media: Media) {
  return {
    VideoId: media.mediaId,
    Title: media.title,
    Description: media.description,
    Status: media.status,
    Duration: media.durationSeconds,
    Size: media.sizeBytes,
    CoverURL: `http://vod.example.com/${media.mediaId}/cover.jpg`,
    CreationTime: inSeconds(media.createdAt),
    ModificationTime: inSeconds(media.modifiedAt),
    CateId: media.cateId,
    CateName: media.cateName,
    Tags: media.tags,
    StorageLocation: `outin-example.oss-${media.region}.aliyuncs.com`,
    AppId: media.appId,
    MediaSource: 'general',
    Snapshots: [],
    SpriteSnapshots: [],
    DownloadSwitch: 'on',
    PreprocessStatus: 'UnPreprocess',
    TranscodeMode: 'FastTranscode',
    StorageClass: 'Standard',
  };
}

/** The source file of a media, and with it the length of the video. */
export function mezzanineInfo(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const media = service.media.see(region, parameters.get('VideoId') ?? '', service.clock());
  if ('refusal' in media) return refuse(media.refusal);
  const { mediaId, status, durationSeconds, sizeBytes, fileName, createdAt } = media;
  const seconds = durationSeconds.toFixed(4);
  const wasRead = status === 'Normal' || status === 'Blocked';
  const additions = split(parameters.get('AdditionType'));
  const measured = {
    Duration: seconds,
    Size: sizeBytes,
    Bitrate: durationSeconds === 0 ? '0' : ((sizeBytes * 8) / 1000 / durationSeconds).toFixed(4),
    Fps: '30.0000',
    Width: 630,
    Height: 360,
    ...(additions.includes('video') && {
      VideoStreamList: [{ Index: '0', CodecName: 'h264', Duration: seconds, Fps: '30.0', Width: '630', Height: '360' }],
    }),
    ...(additions.includes('audio') && {
      AudioStreamList: [{ Index: '1', CodecName: 'aac', Duration: seconds, SampleRate: '44100', Channels: '2' }],
    }),
  };
  return done({
    Mezzanine: {
      VideoId: mediaId,
      Status: status,
      CreationTime: inSeconds(createdAt),
      FileName: fileName,
      FileURL: `http://vod.example.com/${mediaId}/${fileName}`,
      OutputType: parameters.get('OutputType') ?? 'cdn',
      StorageClass: 'Standard',
      PreprocessStatus: 'UnPreprocess',
      ...(wasRead && measured),
    },
  });
}

/** A media whose file is still to come. */
export function createUploadVideo(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const title = parameters.get('Title') ?? '';
  if ([...title].length > MAX_TITLE) {
    return refuse(refusals.invalidParameter('Title', `It must not exceed ${MAX_TITLE} characters.`));
  }
  // A path of Windows is the page's own example.
  const fileName = (parameters.get('FileName') ?? '').split(/[/\\]/).at(-1) ?? '';
  if (!/[^.]\.[A-Za-z0-9]{1,10}$/.test(fileName)) {
    return refuse(refusals.invalidParameter('FileName', 'It must have an extension, such as video.mp4.'));
  }
  const sizeBytes = wholeNumber(parameters.get('FileSize'), { min: 0, max: 9_999_999_999, otherwise: 0 });
  if (sizeBytes === undefined) return refuse(refusals.invalidParameter('FileSize', 'It must be a whole number.'));
  const cateId = wholeNumber(parameters.get('CateId'), { min: 0, max: 9_999_999_999, otherwise: 0 });
  if (cateId === undefined) return refuse(refusals.invalidParameter('CateId', 'It must be a whole number.'));
  const userData = userDataOf(parameters.get('UserData'));
  if ('refusal' in userData) return refuse(userData.refusal);

  const mediaId = hexId(service.chance);
  const media = service.media.add({
    mediaId,
    region,
    createdAt: service.clock(),
    title,
    fileName,
    status: 'Uploading',
    appId: parameters.get('AppId') || undefined,
    description: parameters.get('Description'),
    tags: parameters.get('Tags'),
    cateId: cateId || undefined,
    sizeBytes: sizeBytes || undefined,
    ...userData,
  });
  const whenSent = () => media && service.expectUpload(media);
  return done({ VideoId: mediaId, ...uploadTarget(region, mediaId, fileName) }, { whenSent });
}

/** In Base64, as VOD gives it. There is no storage behind it, and nothing in it opens anything. */
function uploadTarget(region: string, mediaId: string, fileName: string): object {
  const address = {
    Endpoint: `https://oss-${region}.aliyuncs.com`,
    Bucket: 'outin-example',
    FileName: `sv/${otherId(mediaId)}/${fileName}`,
  };
  return { UploadAddress: base64(address), UploadAuth: base64({ Region: region, ExpireUTCTime: '' }) };
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}
