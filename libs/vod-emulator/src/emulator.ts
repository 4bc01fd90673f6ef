import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import { type Instead, type Served, answerFaulty } from './answer-faults';
import { CONCURRENCY, type CallbackAttempt, Callbacks } from './callbacks';
import { type Chance, between, seededChance } from './chance';
import {
  type CallbackFilter,
  type CallbackOutcome,
  type FinishOutcome,
  type JobFilter,
  controlRoutes,
  processRoutes,
} from './control';
import { EventFaults } from './event-faults';
import { type FaultJournal, FaultPlan } from './fault-plan';
import { type AccessKey, type Call, Gateway } from './gateway';
import { HttpTransport } from './http-transport';
import { type EndState, type Job, JobBook, type JobState, stateOf } from './jobs';
import { type Operation, operationOf } from './operation-names';
import { type AdmittedCall, type OperationOutcome, operations, split } from './operations';
import { refuseOtherOrigins } from './origins';
import { QueueServer, type Queues, leadToQueues, queueDelivery, queueSurface } from './queue';
import { Recipients } from './recipients';
import { ALL_REGIONS } from './regions';
import { RingBuffer } from './ring-buffer';
import { type Answer, refusal, rpcRoutes } from './rpc';
import { printed } from './twisted-answers';
import {
  type InitialSettings,
  type PublicSettings,
  type Settings,
  type SettingsPatch,
  applyPatch,
  initialSettings,
  publicSettings,
} from './settings';
import { transport } from './transport';
import {
  type CallCounts,
  type JobView,
  type Ledger,
  type LedgerEntry,
  type Overview,
  jobView,
  ledgerEntry,
} from './views';

export interface EmulatorOptions extends InitialSettings {
  accessKeys: AccessKey[];
  /** The first is the region of a request whose path names none. Default: all of VOD's. */
  regions?: string[];
  /** SMQ's queues that every region has from the start, with `callback.queue`. `{region}` in a name is filled in. */
  queues?: string[];
  /**
   * Makes job ids, job times and the order of entries repeatable. Leave it out where a client keeps its data longer
   * than this process lives: a second run would hand out the ids of the first again.
   */
  seed?: number;
  /** Milliseconds since 1970, default Date.now. */
  clock?: () => number;
  /** How many jobs that are over, ledger entries and callback attempts are remembered. Default 100,000 each. */
  keep?: number;
}

/** Everything that a reset forgets. */
interface Memory {
  gateway: Gateway;
  jobs: JobBook;
  ledger: RingBuffer<LedgerEntry>;
  calls: Map<Operation | 'unknown', CallCounts>;
  callbacks: Callbacks;
  faults: FaultPlan;
  eventFaults: EventFaults;
  queues: QueueServer;
}

const DEFAULT_KEEP = 100_000;

/** A small VOD on one port: the RPC gateway, the operations, jobs, results and callbacks. All of it in memory. */
export class Emulator {
  readonly #options: EmulatorOptions;
  readonly #regions: readonly string[];
  readonly #clock: () => number;
  readonly #chance: Chance;
  readonly #app: FastifyInstance;
  /** Drawn once: a reset goes back to the settings of the start. */
  readonly #faultSeed = between(Math.random, 1, 2 ** 31);
  #listensOn = '';
  #settings: Settings;
  #memory: Memory;

  constructor(options: EmulatorOptions) {
    this.#options = options;
    this.#regions = options.regions ?? ALL_REGIONS;
    this.#clock = options.clock ?? Date.now;
    this.#chance = options.seed === undefined ? Math.random : seededChance(options.seed);
    this.#settings = initialSettings(options, this.#faultSeed);
    this.#memory = this.#emptyMemory();
    this.#app = this.#createApp();
  }

  async listen({ host, port }: { host: string; port: number }): Promise<{ url: string; port: number }> {
    this.#listensOn = host;
    await this.#app.listen({ host, port });
    const address = this.#app.server.address();
    const bound = typeof address === 'object' && address ? address.port : port;
    return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, port: bound };
  }

  async close(): Promise<void> {
    this.#stopWork();
    await this.#app.close();
  }

  overview(): Overview {
    const { jobs, ledger, calls, callbacks, faults, eventFaults } = this.#memory;
    const byState: Record<JobState, number> = { init: 0, processing: 0, success: 0, fail: 0 };
    for (const job of jobs.newestFirst()) byState[stateOf(job, this.#clock())]++;
    return {
      settings: this.settings(),
      regions: this.#regions,
      jobs: byState,
      billed: ledger.total,
      calls: Object.fromEntries(calls),
      callbacks: { attempts: callbacks.journal.total, ...callbacks.counts, open: callbacks.open + eventFaults.waiting },
      faults: faults.fired,
    };
  }

  /** Newest first. */
  jobs({ mediaId, state, limit = Infinity }: JobFilter = {}): JobView[] {
    const now = this.#clock();
    return this.#memory.jobs
      .newestFirst()
      .filter((job) => mediaId === undefined || job.mediaId === mediaId)
      .filter((job) => state === undefined || stateOf(job, now) === state)
      .slice(0, limit)
      .map((job) => jobView(job, now));
  }

  ledger(limit = Infinity): Ledger {
    const { ledger, calls } = this.#memory;
    return {
      billed: ledger.total,
      calls: Object.fromEntries(calls),
      entries: ledger.newestFirst().slice(0, limit),
    };
  }

  /** Every attempt to deliver an event, newest first. */
  callbacks({ jobId, limit = Infinity }: CallbackFilter = {}): CallbackAttempt[] {
    return this.#memory.callbacks.journal
      .newestFirst()
      .filter((attempt) => jobId === undefined || attempt.jobId === jobId)
      .slice(0, limit);
  }

  /** Every fault that happened, newest first, and how often each. */
  faults(limit = Infinity): FaultJournal {
    return this.#memory.faults.journal(limit);
  }

  /** SMQ's queues, in all regions. */
  get queues(): Queues {
    return this.#memory.queues.queues;
  }

  settings(): PublicSettings {
    return publicSettings(this.#settings);
  }

  configure(patch: SettingsPatch): PublicSettings {
    this.#settings = applyPatch(this.#settings, patch);
    const { faults, faultSeed } = this.#settings;
    if (patch.faults || patch.faultSeed !== undefined) this.#memory.faults.install(faults, faultSeed);
    return this.settings();
  }

  /** Ends a job now, by default the way it would have ended anyway. */
  finish(jobId: string, state?: EndState): FinishOutcome {
    const job = this.#memory.jobs.find(jobId);
    if (!job) return { outcome: 'unknown_job' };
    if (job.end) return { outcome: 'already_over', job: jobView(job, this.#clock()) };
    this.#memory.jobs.finish(job, state);
    return { outcome: 'finished', job: jobView(job, this.#clock()) };
  }

  /** Sends a job's event once more, also when events are switched off or lost. */
  sendCallback(jobId: string): CallbackOutcome {
    const job = this.#memory.jobs.find(jobId);
    if (!job) return 'unknown_job';
    if (!job.end) return 'not_over';
    if (!this.#memory.callbacks.hasTarget(job)) return 'no_url';
    void this.#memory.callbacks.send({ job });
    return 'sent';
  }

  /** As at the start: jobs, ledger, journal, nonces and limits forgotten, the settings of the options again. */
  reset(): void {
    this.#stopWork();
    this.#settings = initialSettings(this.#options, this.#faultSeed);
    this.#memory = this.#emptyMemory();
  }

  #stopWork(): void {
    this.#memory.jobs.stop();
    this.#memory.eventFaults.stop();
    this.#memory.callbacks.stop();
    this.#memory.queues.queues.stop();
  }

  #emptyMemory(): Memory {
    const { accessKeys, callback, queues: queueNames = [], keep = DEFAULT_KEEP } = this.#options;
    const settings = () => this.#settings;
    const faults = new FaultPlan(keep, this.#clock);
    faults.install(this.#settings.faults, this.#settings.faultSeed);
    const names = [...queueNames, ...(callback?.queue ? [callback.queue.queue] : [])];
    const queues = new QueueServer({ accessKeys, regions: this.#regions, names, clock: this.#clock, plan: faults });
    const http = new HttpTransport({ clock: this.#clock, maxSockets: CONCURRENCY, timeoutMs: callback?.timeoutMs });
    const callbacks = new Callbacks({
      settings,
      clock: this.#clock,
      keep,
      recipients: new Recipients(settings),
      transport: transport(http, queueDelivery(queues.queues, settings)),
      retryGapMs: callback?.retryGapMs,
    });
    const eventFaults = new EventFaults({ settings, plan: faults, callbacks });
    return {
      gateway: new Gateway(accessKeys, this.#regions, (count) => faults.node(count)),
      jobs: new JobBook(keep, this.#clock, (job) => void eventFaults.over(job)),
      ledger: new RingBuffer(keep),
      calls: new Map(),
      callbacks,
      faults,
      eventFaults,
      queues,
    };
  }

  #createApp(): FastifyInstance {
    const app = fastify({ logger: false, forceCloseConnections: true, rewriteUrl: leadToQueues });
    refuseOtherOrigins(app, () => this.#listensOn);
    app.register(controlRoutes(this), { prefix: '/_emulator' });
    app.register(queueSurface(() => this.#memory.queues));
    app.register(processRoutes(this));
    app.register(
      rpcRoutes({
        defaultRegion: this.#regions[0] ?? '',
        requestId: newRequestId,
        answer: async (call) => printed(await this.#answer(call), this.#settings),
      }),
    );
    return app;
  }

  #answer(call: Call): Answer | Promise<Answer> {
    const { faults, jobs } = this.#memory;
    const operation = operationOf(call.parameters.get('Action'));
    const strike = operation && faults.onCall(operation, () => this.#mediaOf(call));
    if (!strike) return this.#serve(call);
    return answerFaulty(strike, call, {
      serve: (instead) => this.#serve(call, instead),
      error: (status, code, message, requestId) => refusal({ status, code, message }, requestId, call.region),
      requestId: newRequestId,
      jobs,
      clock: this.#clock,
    });
  }

  /** The media that a call names, or whose jobs it names. */
  #mediaOf({ parameters }: Call): string[] {
    const mediaId = parameters.get('MediaId');
    if (mediaId !== undefined) return [mediaId];
    return split(parameters.get('JobIds')).flatMap((id) => this.#memory.jobs.find(id)?.mediaId ?? []);
  }

  #serve(call: Call, instead?: Instead): Served {
    const { gateway } = this.#memory;
    const requestId = newRequestId();
    const nothing = { requestId, submitted: [] };
    const admission = gateway.admit(call, this.#settings, this.#clock());
    if (admission.outcome !== 'admitted') {
      this.#count(admission.operation, admission.outcome);
      return { ...refusal(admission.refusal, requestId, call.region), ...nothing, outcome: 'refused' };
    }

    const { operation, nonce } = admission;
    if (instead) {
      if (instead.counts) this.#count(operation, instead.counts);
      return { ...instead.answer(requestId), ...nothing, outcome: 'instead' };
    }
    const result = this.#execute(operation, { ...call, requestId, nonce });
    switch (result.outcome) {
      case 'refused':
        this.#count(operation, 'refused');
        return { ...refusal(result.refusal, requestId, call.region), ...nothing, outcome: 'refused' };
      case 'done': {
        this.#count(operation, 'ok');
        const { body, submitted = [] } = result;
        return {
          status: 200,
          body: { RequestId: requestId, ...body },
          ...(submitted.length > 0 && this.#whatFollows(submitted)),
          requestId,
          submitted,
          outcome: 'done',
        };
      }
    }
  }

  /** Jobs start when the answer to their submission has left: no event of theirs goes out before, unless by a fault. */
  #whatFollows(submitted: Job[]): Pick<Answer, 'whenSent' | 'heldBy'> {
    const { jobs, eventFaults } = this.#memory;
    const heldBy = eventFaults.submitted(submitted, jobs);
    const whenSent = () => {
      for (const job of submitted) {
        eventFaults.started(job);
        jobs.start(job);
      }
    };
    return { whenSent, ...(heldBy && { heldBy }) };
  }

  #execute(operation: Operation, call: AdmittedCall): OperationOutcome {
    const { jobs, ledger } = this.#memory;
    const service = {
      jobs,
      settings: this.#settings,
      bill: (job: Job) => ledger.push(ledgerEntry(job, call.nonce)),
      clock: this.#clock,
      chance: this.#chance,
    };
    return operations[operation](service, call);
  }

  #count(operation: Operation | undefined, outcome: keyof CallCounts): void {
    const key = operation ?? 'unknown';
    const counts = this.#memory.calls.get(key) ?? { ok: 0, throttled: 0, refused: 0 };
    counts[outcome]++;
    this.#memory.calls.set(key, counts);
  }
}

/** VOD writes its request ids in capitals. */
function newRequestId(): string {
  return randomUUID().toUpperCase();
}
