import { type Chance, hash, seededChance } from './chance';
import {
  type AnswerFault,
  type EventFault,
  type EventPoint,
  type Fault,
  type FaultRule,
  type On,
  type QueueCallFault,
  eventPointOf,
  isEventFault,
  ruleName,
} from './faults';
import type { Job } from './jobs';
import type { Operation } from './operation-names';
import type { QueueAction } from './queue/queue-call';
import { RingBuffer } from './ring-buffer';

/** Whom a fault has met. */
export interface Struck {
  region: string;
  mediaId?: string | undefined;
  queue?: string;
  /** One goes into the journal as `jobId`, several as `jobIds`. */
  jobIds?: readonly string[];
  requestId?: string | undefined;
}

/** One fault that happened. */
export interface FaultEntry {
  at: string;
  rule: string;
  on: On;
  fault: Fault['fault'];
  region: string;
  mediaId?: string;
  queue?: string;
  jobId?: string;
  jobIds?: readonly string[];
  requestId?: string;
}

export interface FaultJournal {
  seed: number;
  /** How many faults happened since the last reset, and how many of them by each rule and of each kind. */
  fired: number;
  rules: Record<string, number>;
  faults: Record<string, number>;
  /** Newest first. */
  entries: FaultEntry[];
}

/** A rule that wants to strike. What it comes to is up to the place that asked: only `hit` makes it a fact. */
export interface Strike<F extends Fault> {
  rule: string;
  fault: F;
  /** Whether the rule is about this media: one read may be about ten. */
  concerns: (mediaId: string) => boolean;
  hit: (struck: Struck) => void;
}

/** Where rules can strike. */
type Point = Operation | QueueAction | EventPoint;

/** Decides which rule strikes, and remembers what has struck. */
export class FaultPlan {
  readonly #journal: RingBuffer<FaultEntry>;
  readonly #byRule = new Map<string, number>();
  readonly #byFault = new Map<string, number>();
  #rules = new Map<Point, Rule[]>();
  #seed = 0;
  #nodes: Chance = Math.random;

  constructor(
    keep: number,
    private readonly clock: () => number,
  ) {
    this.#journal = new RingBuffer(keep);
  }

  /** Takes these rules from now on: they count from 1 and draw from the start. The journal goes on. */
  install(rules: readonly FaultRule[], seed: number): void {
    this.#seed = seed;
    this.#nodes = seededChance(hash(`${seed} nodes`));
    this.#rules = new Map();
    for (const [index, given] of rules.entries()) {
      const rule = new Rule(given, ruleName(given, index), seed);
      const point = pointOf(rule);
      this.#rules.set(point, [...(this.#rules.get(point) ?? []), rule]);
    }
  }

  onCall(operation: Operation, mediaIds: () => readonly string[]): Strike<AnswerFault> | undefined {
    return this.#first(operation, mediaIds) as Strike<AnswerFault> | undefined;
  }

  onJob(point: EventPoint, job: Job): Strike<EventFault> | undefined {
    return this.#first(point, () => [job.mediaId]) as Strike<EventFault> | undefined;
  }

  /** Queues know no media. */
  onQueue(action: QueueAction): Strike<QueueCallFault> | undefined {
    return this.#first(action, () => []) as Strike<QueueCallFault> | undefined;
  }

  /** Which of `count` gateway nodes a call happens to meet. */
  node(count: number): number {
    return Math.floor(this.#nodes() * count);
  }

  get fired(): number {
    return this.#journal.total;
  }

  journal(limit: number): FaultJournal {
    return {
      seed: this.#seed,
      fired: this.#journal.total,
      rules: Object.fromEntries(this.#byRule),
      faults: Object.fromEntries(this.#byFault),
      entries: this.#journal.newestFirst().slice(0, limit),
    };
  }

  #first(point: Point, mediaIds: () => readonly string[]): Strike<Fault> | undefined {
    const rules = this.#rules.get(point);
    if (!rules) return undefined;
    const media = mediaIds();
    // Every rule looks, also behind one that strikes: so what it counts and draws doesn't depend on the others.
    const [rule] = rules.filter((candidate) => candidate.strikes(media));
    return (
      rule && {
        rule: rule.name,
        fault: rule.given.then,
        concerns: (mediaId) => rule.concerns(mediaId),
        hit: (struck) => this.#hit(rule, struck),
      }
    );
  }

  #hit(rule: Rule, { region, mediaId, queue, jobIds = [], requestId }: Struck): void {
    const { fault } = rule.given.then;
    rule.fired++;
    increment(this.#byRule, rule.name);
    increment(this.#byFault, fault);
    this.#journal.push({
      at: new Date(this.clock()).toISOString(),
      rule: rule.name,
      on: rule.given.on,
      fault,
      region,
      ...(mediaId !== undefined && { mediaId }),
      ...(queue !== undefined && { queue }),
      ...(jobIds.length === 1 && jobIds[0] !== undefined && { jobId: jobIds[0] }),
      ...(jobIds.length > 1 && { jobIds }),
      ...(requestId !== undefined && { requestId }),
    });
  }
}

class Rule {
  fired = 0;
  #seen = 0;
  readonly #chance: Chance;

  constructor(
    readonly given: FaultRule,
    readonly name: string,
    seed: number,
  ) {
    this.#chance = seededChance(hash(`${seed} ${name}`));
  }

  concerns(mediaId: string): boolean {
    const wanted = this.given.when?.mediaId;
    if (wanted === undefined) return true;
    return wanted.endsWith('*') ? mediaId.startsWith(wanted.slice(0, -1)) : mediaId === wanted;
  }

  strikes(mediaIds: readonly string[]): boolean {
    const { mediaId, nth, probability, limit = Infinity } = this.given.when ?? {};
    if (mediaId !== undefined && !mediaIds.some((id) => this.concerns(id))) return false;
    this.#seen++;
    const drawn = probability === undefined || this.#chance() < probability;
    return drawn && isNth(this.#seen, nth) && this.fired < limit;
  }
}

function isNth(seen: number, nth: number | { every: number } | undefined): boolean {
  if (nth === undefined) return true;
  return typeof nth === 'number' ? seen === nth : seen % nth.every === 0;
}

function pointOf({ given: { on, then } }: Rule): Point {
  // The schema lets no fault of events on an operation, nor the reverse.
  return isEventFault(then) ? eventPointOf(then) : (on as Operation | QueueAction);
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
