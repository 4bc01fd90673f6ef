import { type Refusal, refusals } from './refusals';
import type { RequestCallback } from './request-callback';
import { mediaLengthMs } from './results';

/** Those of VOD's statuses that a media passes here. */
export const MEDIA_STATUSES = ['Uploading', 'UploadSucc', 'UploadFail', 'Normal', 'Blocked', 'Deleted'] as const;
export type MediaStatus = (typeof MEDIA_STATUSES)[number];

/** The application of everything that names none (docs/vod.md, "Events"). */
export const DEFAULT_APP = 'app-1000000';

export interface MediaDraft {
  mediaId: string;
  region: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  appId?: string | undefined;
  title?: string | undefined;
  description?: string | undefined;
  tags?: string | undefined;
  cateId?: number | undefined;
  cateName?: string | undefined;
  fileName?: string | undefined;
  durationSeconds?: number | undefined;
  sizeBytes?: number | undefined;
  status?: MediaStatus | undefined;
  /** UserData of the upload: it counts for the media's jobs that bring none. */
  extend?: string | undefined;
  callback?: RequestCallback | undefined;
}

export interface Media {
  readonly mediaId: string;
  readonly region: string;
  readonly createdAt: number;
  /** In which order they were added: several may have one time. */
  readonly sequence: number;
  readonly appId: string;
  readonly title: string;
  readonly description: string | undefined;
  readonly tags: string | undefined;
  readonly cateId: number | undefined;
  readonly cateName: string | undefined;
  readonly fileName: string;
  readonly extend: string | undefined;
  readonly callback: RequestCallback | undefined;
  durationSeconds: number;
  sizeBytes: number;
  status: MediaStatus;
  modifiedAt: number;
}

/** The sequence of those that nobody added. */
const INVENTED = 0;

/** What an invented video takes, about 800 kbit/s. */
const BYTES_A_SECOND = 100_000;

/** The media that somebody added. Every other id is that of a media too, unless it starts with `missing`. */
export class MediaBook {
  readonly #byId = new Map<string, Media>();
  #sequence = 0;

  constructor(private readonly keep: number) {}

  /** Undefined when the id is taken. */
  add(draft: MediaDraft): Media | undefined {
    if (this.#byId.has(draft.mediaId)) return undefined;
    const media = described(draft, ++this.#sequence);
    this.#byId.set(media.mediaId, media);
    if (this.#byId.size > this.keep) this.#forgetOldest();
    return media;
  }

  find(mediaId: string): Media | undefined {
    return this.#byId.get(mediaId);
  }

  remove(mediaId: string): boolean {
    return this.#byId.delete(mediaId);
  }

  /** In the order in which they were added. */
  of(region: string): Media[] {
    return [...this.#byId.values()].filter((media) => media.region === region);
  }

  newestFirst(): Media[] {
    return [...this.#byId.values()].toReversed();
  }

  /** What VOD knows of an id in a region: a media that nobody added is invented. */
  see(region: string, mediaId: string, nowMs: number): Media | { refusal: Refusal } {
    const media = this.orInvented(region, mediaId, nowMs);
    const isMissing = media.sequence === INVENTED && mediaId.startsWith('missing');
    const isThere = media.region === region && media.status !== 'Deleted' && !isMissing;
    return isThere ? media : { refusal: refusals.unknownVideo() };
  }

  orInvented(region: string, mediaId: string, nowMs: number): Media {
    return this.#byId.get(mediaId) ?? described({ mediaId, region, createdAt: nowMs }, INVENTED);
  }

  /** Why nothing can be done with the media in this region. Undefined when nothing speaks against it. */
  obstacle(region: string, mediaId: string): Refusal | undefined {
    const seen = this.see(region, mediaId, 0);
    if ('refusal' in seen) return seen.refusal;
    // VOD works on a media when its file is there and was looked at (docs/vod.md, "Media").
    return seen.status === 'Normal' || seen.status === 'Blocked' ? undefined : refusals.illegalStatus();
  }

  #forgetOldest(): void {
    for (const mediaId of this.#byId.keys()) {
      this.#byId.delete(mediaId);
      return;
    }
  }
}

function described(draft: MediaDraft, sequence: number): Media {
  const { mediaId, region, createdAt } = draft;
  const durationSeconds = draft.durationSeconds ?? mediaLengthMs(mediaId) / 1000;
  return {
    mediaId,
    region,
    createdAt,
    sequence,
    appId: draft.appId ?? DEFAULT_APP,
    title: draft.title ?? mediaId,
    description: draft.description,
    tags: draft.tags,
    cateId: draft.cateId,
    cateName: draft.cateName,
    fileName: draft.fileName ?? `${mediaId}.mp4`,
    extend: draft.extend,
    callback: draft.callback,
    durationSeconds,
    sizeBytes: draft.sizeBytes ?? Math.round(durationSeconds * BYTES_A_SECOND),
    status: draft.status ?? 'Normal',
    modifiedAt: createdAt,
  };
}
