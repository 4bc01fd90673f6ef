import type { Media } from './media';
import type { MediaEventType, MediaOccasion } from './media-events';
import { isBroken } from './results';

export interface UploadOptions {
  /** Settles when the event's first attempts are over. */
  tell: (type: MediaEventType, media: Media, occasion: MediaOccasion) => Promise<void>;
  clock: () => number;
}

export interface Upload {
  durationSeconds?: number | undefined;
  sizeBytes?: number | undefined;
  /** `fail`: the file arrives, and can't be read. Default: as its id says. */
  status?: 'success' | 'fail' | undefined;
}

/** Files that arrive: when a control call says so, or by themselves after a time. Then VOD looks at them. */
export class Uploads {
  readonly #timers = new Map<Media, NodeJS.Timeout>();

  constructor(private readonly options: UploadOptions) {}

  expect(media: Media, afterMs: number): void {
    const timer = setTimeout(() => this.complete(media), afterMs);
    this.#timers.set(media, timer);
  }

  /** False when the media waits for no file. */
  complete(media: Media, { durationSeconds, sizeBytes, status }: Upload = {}): boolean {
    clearTimeout(this.#timers.get(media));
    this.#timers.delete(media);
    if (media.status !== 'Uploading') return false;
    media.durationSeconds = durationSeconds ?? media.durationSeconds;
    media.sizeBytes = sizeBytes ?? media.sizeBytes;
    const failed = status === undefined ? isBroken(media.mediaId, 0) : status === 'fail';
    // There is no transcoding here: what could be read can be played.
    media.status = failed ? 'UploadSucc' : 'Normal';
    media.modifiedAt = this.options.clock();
    void this.#tell(media, failed);
    return true;
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #tell(media: Media, failed: boolean): Promise<void> {
    await this.options.tell('FileUploadComplete', media, {});
    await this.options.tell('VideoAnalysisComplete', media, { failed });
  }
}
