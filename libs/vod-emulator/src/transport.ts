/** An URL that events are posted to. With a key they are signed. */
export interface HttpTarget {
  type: 'http';
  url: string;
  key?: string;
  /** The URL that the signature is made of, where it isn't the one that is called. */
  signedUrl?: string;
}

/** A queue that events are written into. Without an endpoint it is a queue of this emulator. */
export interface MnsTarget {
  type: 'mns';
  endpoint?: string;
  queue: string;
}

export type Target = HttpTarget | MnsTarget;

/** One event on its way to a target. */
export interface OutgoingEvent {
  region: string;
  /** The event's JSON: the same bytes at each attempt and for each kind of target. */
  body: Buffer;
  /** What the signature of a post is made of instead of the target's URL and key and the time of the attempt. */
  signing?: Signing;
}

export interface Signing {
  url?: string;
  key?: string;
  ageMs?: number;
}

/** What came of one attempt. The error is `timeout` or a code, never an URL. */
export type Delivery = { delivered: boolean; status: number } | { delivered: false; error: string };

/** One attempt. It never rejects: what goes wrong is an `error`. */
export type Deliver<T extends Target = Target> = (event: OutgoingEvent, target: T) => Promise<Delivery>;

/** Who brings events to each kind of target. */
export interface Transport {
  deliver: Deliver;
  /** Ends what is under way. */
  stop(): void;
}

/** Posts go out over HTTP, messages into the emulator's own queues. */
export function transport(
  http: { post: Deliver<HttpTarget>; stop(): void },
  queues: Deliver<MnsTarget>,
): Transport {
  return {
    deliver: (event, target) => (target.type === 'http' ? http.post(event, target) : queues(event, target)),
    stop: () => http.stop(),
  };
}
