import type { Callbacks } from './callbacks';
import { otherId } from './chance';
import { type Telling, addressOf } from './event-body';
import type { FaultPlan, Strike } from './fault-plan';
import type { EventFault } from './faults';
import type { Job, JobBook } from './jobs';
import type { Settings } from './settings';

export interface EventFaultOptions {
  settings: () => Settings;
  plan: FaultPlan;
  callbacks: Callbacks;
}

/** An event held back until enough others were sent. */
interface Held {
  release: () => void;
  left: number;
}

const NOTHING_TO_WAIT_FOR = Promise.resolve();

/** Stands between the jobs and their events. Events that a person asks for don't pass here: they are always sent. */
export class EventFaults {
  readonly #held = new Map<string, Held>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(private readonly options: EventFaultOptions) {}

  /** Events that wait for their time or their turn. */
  get waiting(): number {
    return this.#timers.size;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#held.clear();
  }

  /** Ends the jobs whose events come early. The answer to their submission has to wait for the promise. */
  submitted(submitted: readonly Job[], jobs: JobBook): Promise<unknown> | undefined {
    const early = submitted.filter((job) => {
      if (!this.#isOn(job)) return false;
      const strike = this.options.plan.onJob('submitted', job);
      strike?.hit(struck(job));
      return strike !== undefined;
    });
    if (early.length === 0) return undefined;
    return Promise.all(
      early.map((job) => {
        jobs.end(job);
        return this.over(job);
      }),
    );
  }

  /** Now a job runs: the time for events that are not VOD's. */
  started(job: Job): void {
    if (job.end || !this.options.callbacks.isHeard(addressOf(job))) return;
    const strike = this.options.plan.onJob('started', job);
    const telling = strike && additional(strike.fault, job, this.options.settings().callback);
    if (!telling) return;
    strike.hit(struck(job, telling.jobId));
    void this.options.callbacks.send(telling);
  }

  /** Tells the event of a job that is over. Settles when its first attempt is over, or when it isn't sent for now. */
  over(job: Job): Promise<void> {
    if (!this.#isOn(job)) return NOTHING_TO_WAIT_FOR;
    const strike = this.options.plan.onJob('over', job);
    const tried = strike ? this.#strike(strike, job) : this.options.callbacks.send({ job });
    if (!tried) return NOTHING_TO_WAIT_FOR;
    this.#countDown();
    return tried;
  }

  /** Undefined when the event isn't sent now. */
  #strike({ rule, fault, hit }: Strike<EventFault>, job: Job): Promise<void> | undefined {
    const { callbacks } = this.options;
    const telling: Telling = { job, fault: fault.fault };
    const send = () => callbacks.send(telling);

    switch (fault.fault) {
      case 'lose':
        hit(struck(job));
        return undefined;
      case 'contradict':
        hit(struck(job));
        return callbacks.send({ ...telling, status: job.end?.state === 'fail' ? 'success' : 'fail' });
      case 'double': {
        hit(struck(job));
        const [first] = Array.from({ length: fault.times ?? 2 }, send);
        return first;
      }
      case 'late':
        hit(struck(job));
        this.#later(() => void send(), fault.ms);
        return undefined;
      case 'reorder':
        if (this.#held.has(rule)) return callbacks.send({ job });
        hit(struck(job));
        this.#hold(rule, () => void send(), fault.n ?? 1, fault.atMostMs ?? 5000);
        return undefined;
      default:
        // The other points' faults.
        return callbacks.send({ job });
    }
  }

  #later(action: () => void, ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #hold(rule: string, send: () => void, left: number, atMostMs: number): void {
    const release = () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
      this.#held.delete(rule);
      send();
    };
    const timer = this.#later(release, atMostMs);
    this.#held.set(rule, { release, left });
  }

  #countDown(): void {
    for (const held of this.#held.values()) if (--held.left === 0) held.release();
  }

  #isOn(job: Job): boolean {
    return this.options.settings().callback.enabled && this.options.callbacks.isHeard(addressOf(job));
  }
}

function additional(fault: EventFault, job: Job, { key }: Settings['callback']): Telling | undefined {
  const telling = (status: 'success' | 'fail' = 'success') => ({ job, status, fault: fault.fault });
  switch (fault.fault) {
    case 'forge':
      return telling(fault.status);
    case 'bad_signature':
      return { ...telling(fault.status), signing: { key: `not ${key}` } };
    case 'old_timestamp':
      return { ...telling(fault.status), signing: { ageMs: fault.ageMs ?? 3_600_000 } };
    case 'other_url_signature':
      return { ...telling(fault.status), signing: { url: 'http://other.example.com/vod' } };
    case 'unknown_job':
      return { ...telling(fault.status), jobId: otherId(job.jobId) };
    default:
      return undefined;
  }
}

function struck({ region, mediaId, jobId, requestId }: Job, otherJobId?: string) {
  return { region, mediaId, jobIds: [otherJobId ?? jobId], requestId };
}
