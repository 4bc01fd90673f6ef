import { RingBuffer } from './ring-buffer';

/** A job of SubmitAIImageJob: it is over as soon as it was taken, for no event tells of it. */
export interface ImageJob {
  jobId: string;
  videoId: string;
  region: string;
  templateId: string;
  templateConfig: string;
  userData: string;
  createdAt: number;
  pictures: ImageInfo[];
}

export interface ImageInfo {
  infoId: string;
  version: string;
  url: string;
  score: number;
}

/** The jobs for smart thumbnails. */
export class ImageJobs {
  readonly #jobs: RingBuffer<ImageJob>;

  constructor(keep: number) {
    this.#jobs = new RingBuffer(keep);
  }

  add(job: ImageJob): void {
    this.#jobs.push(job);
  }

  find(region: string, jobId: string): ImageJob | undefined {
    return this.#of(region).find((job) => job.jobId === jobId);
  }

  ofVideo(region: string, videoId: string): ImageJob[] {
    return this.#of(region).filter((job) => job.videoId === videoId);
  }

  removePictures(region: string, infoIds: readonly string[]): void {
    for (const job of this.#of(region)) job.pictures = job.pictures.filter(({ infoId }) => !infoIds.includes(infoId));
  }

  #of(region: string): ImageJob[] {
    return this.#jobs.newestFirst().filter((job) => job.region === region);
  }
}
