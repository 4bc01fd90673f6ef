/** What labels of metrics can say, and nothing else. */
export const submitOutcomes = ['accepted', 'refused', 'busy', 'blocked', 'not_sent', 'unknown'] as const;
export const readOutcomes = ['answered', 'refused', 'busy', 'blocked', 'unavailable'] as const;
export const callbackVerdicts = ['received', 'ignored', 'duplicate'] as const;
export const refusals = ['missing', 'malformed', 'mismatch', 'stale', 'unchecked'] as const;

/** Everything that happens and is worth telling. Steps emit; logs and metrics listen. */
export interface SignalMap {
  'job.moved': {
    jobId: string;
    requestId: string;
    mediaId: string;
    region: string;
    type: string;
    from: string;
    to: string;
    event: string;
    attempt: number;
    vodJobId: string | null;
    /** The name of the key, when a person did it. */
    actor?: string | undefined;
    /** Since we received VOD's event, when there was one. */
    ageMs?: number | undefined;
  };
  'job.ignored': { jobId: string; state: string; event: string; actor?: string | undefined };
  /** A client asked for something, and has it in writing. */
  'request.accepted': {
    requestId: string;
    client: string;
    mediaId: string;
    region: string;
    types: readonly string[];
    /** Those of which it made a new job. */
    newTypes: readonly string[];
    outcome: 'created' | 'replayed' | 'deduplicated';
  };
  'vod.called': {
    operation: string;
    region: string;
    outcome: (typeof submitOutcomes)[number] | (typeof readOutcomes)[number];
    ms: number;
    /** VOD's own id of the call, null when no answer carried one. */
    requestId: string | null;
    code?: string | undefined;
    /** How many jobs the call was about. */
    jobs?: number | undefined;
  };
  'event.received': {
    region: string | null;
    verdict: (typeof callbackVerdicts)[number];
    signature: string;
    eventType: string | null;
  };
  /** Answered with 401. */
  'event.refused': {
    reason: (typeof refusals)[number];
    /** The reason in words, for somebody who has to mend it. */
    why: string;
    region: string;
    path: string;
    /** Of the socket: whoever is behind a proxy is known to the proxy. */
    remoteAddress: string | null;
  };
  'dispatch.handed': { queue: string; region: string; jobs: number };
  /** A job was over and VOD's event had never come. */
  'settled.without_event': { jobId: string; region: string; type: string };
  /** VOD asked us to slow down: the queue rests until a moment (Unix ms). */
  'queue.closed': { queue: string; kind: string; region: string; untilMs: number; code: string };
  /** The account cannot submit in this region: nothing is sent there but a probe now and then. */
  'circuit.opened': { region: string; code: string; message: string; requestId: string | null };
  'circuit.closed': { region: string; code: string; openedAt: Date };
  /** VOD took a job and nobody needs it any more: it is billed, and no row has it. */
  'vod_job.unclaimed': { jobId: string; vodJobId: string; attempt: number; state: string };
  /** A lost submission was found, or proven absent, or nothing could be decided and a person has to. */
  'recovery.decided': {
    jobId: string;
    region: string;
    type: string;
    rung: 'extend' | 'event' | 'listing' | 'resend' | 'absence' | 'none';
    outcome: 'found' | 'absent' | 'held';
  };
  /** Looked for when a worker starts, before a job needs them. */
  'credentials.found': { source: CredentialSource };
  'credentials.missing': { source: CredentialSource };
  'store.trouble': { store: Store; error: unknown };
  'store.recovered': { store: Store };
  /** What the queue store does with its keys when its memory is full; null when it does not tell. */
  'store.eviction': { store: Store; policy: string | null };
  'listener.failed': { signal: string; error: unknown };
}

type CredentialSource = 'environment' | 'default-chain';
type Store = 'postgres' | 'redis';

/** A full queue store must refuse what is new, which rings again, rather than drop what is old in silence. */
export const SAFE_EVICTION = 'noeviction';

export type SignalName = keyof SignalMap;
type Listener<K extends SignalName> = (payload: SignalMap[K]) => void;

/** Calls its listeners at once and in order. A listener that throws harms neither the others nor whoever emits. */
export class Signals {
  private readonly listeners = new Map<SignalName, Listener<never>[]>();

  on<K extends SignalName>(name: K, listener: Listener<K>): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  emit<K extends SignalName>(name: K, payload: SignalMap[K]): void {
    for (const listener of (this.listeners.get(name) ?? []) as Listener<K>[]) {
      try {
        listener(payload);
      } catch (error) {
        // When even that listener fails there is nobody left to tell.
        if (name !== 'listener.failed') this.emit('listener.failed', { signal: name, error });
      }
    }
  }
}
