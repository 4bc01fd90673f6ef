import type { Subscription } from './message-callbacks';
import type { RequestCallback } from './request-callback';
import type { Signing } from './transport';

/** What decides who hears an event. */
export interface Addressed {
  region: string;
  /** Of the media. Default VOD's own. */
  appId?: string;
  /** What has to be selected for it. */
  subscription: Subscription;
  /** The target that came with the request, or with the upload. */
  own?: RequestCallback | undefined;
}

/** An event as VOD sends it: what it says, about whom, and to whom. */
export interface VodEvent extends Addressed {
  eventType: string;
  /** Of an event about a job. */
  jobId?: string;
  mediaId: string;
  body: object;
  signing?: Signing;
  /** The fault that made the event, or changed it. */
  fault?: string;
}
