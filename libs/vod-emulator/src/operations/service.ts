import type { Chance } from '../chance';
import type { ImageJobs } from '../image-jobs';
import type { Job, JobBook } from '../jobs';
import type { Media, MediaBook } from '../media';
import type { MediaEventType, MediaOccasion } from '../media-events';
import type { MessageCallbacks } from '../message-callbacks';
import { type Refusal, refusals } from '../refusals';
import type { Settings } from '../settings';
import type { TemplateBook } from '../templates';
import type { LedgerEntry } from '../views';

/** What an operation may look at and change. */
export interface Service {
  jobs: JobBook;
  media: MediaBook;
  images: ImageJobs;
  templates: TemplateBook;
  messageCallbacks: MessageCallbacks;
  settings: Settings;
  /** All that was billed, the newest first. */
  billed: () => LedgerEntry[];
  bill: (job: Job) => void;
  /** Sends an event about a media. */
  announce: (type: MediaEventType, media: Media, occasion: MediaOccasion) => void;
  /** The file of the media begins to arrive. */
  expectUpload: (media: Media) => void;
  clock: () => number;
  chance: Chance;
}

export interface AdmittedCall {
  region: string;
  requestId: string;
  nonce: string;
  parameters: ReadonlyMap<string, string>;
}

export type OperationOutcome =
  | { outcome: 'done'; body: object; submitted?: Job[]; whenSent?: () => void }
  | { outcome: 'refused'; refusal: Refusal };

export type OperationOf = (service: Service, call: AdmittedCall) => OperationOutcome;

/** 16 digits, written as a number: a client that reads long numbers carelessly should stumble here (docs/vod.md, "pop-core"). */
export const USER_ID = 1391090000084930;

export function done(body: object, more: { submitted?: Job[]; whenSent?: () => void } = {}): OperationOutcome {
  return { outcome: 'done', body, ...more };
}

export function refuse(refusal: Refusal): OperationOutcome {
  return { outcome: 'refused', refusal };
}

/** The operation, but only where these parameters are there. */
export function needing(names: readonly string[], operation: OperationOf): OperationOf {
  return (service, call) => {
    const missing = names.find((name) => !call.parameters.get(name));
    return missing === undefined ? operation(service, call) : refuse(refusals.missingParameter(missing));
  };
}

/** A whole number in a parameter: undefined when it is there and none, or out of bounds. */
export function wholeNumber(
  text: string | undefined,
  { min, max, otherwise }: { min: number; max: number; otherwise: number },
): number | undefined {
  if (text === undefined || text === '') return otherwise;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  return value >= min && value <= max ? value : undefined;
}
