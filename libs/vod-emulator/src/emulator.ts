import fastify, { type FastifyInstance } from 'fastify';
import type { CallbackAttempt } from './callbacks';
import { type Chance, between, hexId, seededChance } from './chance';
import {
  type CallbackFilter,
  type CallbackOutcome,
  type FinishOutcome,
  type JobFilter,
  controlRoutes,
  processRoutes,
} from './control';
import { addressOf } from './event-body';
import type { FaultJournal } from './fault-plan';
import { FrontDesk, newRequestId } from './front-desk';
import type { AccessKey } from './gateway';
import { type EndState, type JobState, stateOf } from './jobs';
import type { AddOutcome, MediaFilter, NewMedia, UploadOutcome } from './media-control';
import { type MediaEventType, type MediaOccasion, eventOfMedia } from './media-events';
import { type Memory, emptyMemory, stopWork } from './memory';
import { refuseOtherOrigins } from './origins';
import { type Queues, leadToQueues, queueSurface } from './queue';
import { ALL_REGIONS } from './regions';
import { rpcRoutes } from './rpc';
import {
  type InitialSettings,
  type PublicSettings,
  type Settings,
  type SettingsPatch,
  applyPatch,
  initialSettings,
  publicSettings,
} from './settings';
import type { Upload } from './uploads';
import { type JobView, type Ledger, type MediaView, type Overview, jobView, mediaView } from './views';

export interface EmulatorOptions extends InitialSettings {
  accessKeys: AccessKey[];
  /** The first is the region of a request whose path names none. Default: all of VOD's. */
  regions?: string[];
  /** SMQ's queues that every region has from the start, with that of `callback`. `{region}` in a name is filled in. */
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
    stopWork(this.#memory);
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
  callbacks({ jobId, mediaId, limit = Infinity }: CallbackFilter = {}): CallbackAttempt[] {
    return this.#memory.callbacks.journal
      .newestFirst()
      .filter((attempt) => jobId === undefined || attempt.jobId === jobId)
      .filter((attempt) => mediaId === undefined || attempt.mediaId === mediaId)
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

  /** The media that were added, newest first. */
  media({ region, limit = Infinity }: MediaFilter = {}): MediaView[] {
    return this.#memory.media
      .newestFirst()
      .filter((media) => region === undefined || media.region === region)
      .slice(0, limit)
      .map(mediaView);
  }

  /** Adds a media, with its file, unless its status says otherwise. */
  addMedia({ mediaId = hexId(this.#chance), region, createdAt, ...rest }: NewMedia = {}): AddOutcome {
    const [first = ''] = this.#regions;
    const place = region ?? first;
    if (!this.#regions.includes(place)) return { outcome: 'unknown_region', regions: this.#regions };
    const at = createdAt === undefined ? this.#clock() : Date.parse(createdAt);
    const media = this.#memory.media.add({ ...rest, mediaId, region: place, createdAt: at });
    return media ? { outcome: 'added', media: mediaView(media) } : { outcome: 'id_taken' };
  }

  /** As if nobody had ever added it. */
  removeMedia(mediaId: string): boolean {
    return this.#memory.media.remove(mediaId);
  }

  /** The file of a media of CreateUploadVideo is there: VOD looks at it, and two events follow. */
  upload(mediaId: string, upload: Upload = {}): UploadOutcome {
    const media = this.#memory.media.find(mediaId);
    if (!media) return 'unknown_media';
    return this.#memory.uploads.complete(media, upload) ? 'uploaded' : 'not_waiting';
  }

  /** Sends an event about a media, also when events are switched off. False where nobody would hear it. */
  tellOfMedia(mediaId: string, type: MediaEventType, occasion: MediaOccasion = {}): boolean {
    const { media, callbacks } = this.#memory;
    const now = this.#clock();
    const about = media.orInvented(this.#regions[0] ?? '', mediaId, now);
    const event = eventOfMedia(type, about, occasion, { forms: this.#settings.eventForms, nowMs: now });
    if (!callbacks.isHeard(event)) return false;
    void callbacks.tell(event);
    return true;
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
    if (!this.#memory.callbacks.isHeard(addressOf(job))) return 'no_url';
    void this.#memory.callbacks.send({ job });
    return 'sent';
  }

  /** As at the start: jobs, ledger, journal, nonces and limits forgotten, the settings of the options again. */
  reset(): void {
    stopWork(this.#memory);
    this.#settings = initialSettings(this.#options, this.#faultSeed);
    this.#memory = this.#emptyMemory();
  }

  #emptyMemory(): Memory {
    const { accessKeys, callback, queues = [], keep = DEFAULT_KEEP } = this.#options;
    return emptyMemory({
      accessKeys,
      regions: this.#regions,
      queueNames: [...queues, ...(callback?.queue ? [callback.queue.queue] : [])],
      keep,
      settings: () => this.#settings,
      clock: this.#clock,
      timeoutMs: callback?.timeoutMs,
      retryGapMs: callback?.retryGapMs,
    });
  }

  #createApp(): FastifyInstance {
    const app = fastify({ logger: false, forceCloseConnections: true, rewriteUrl: leadToQueues });
    refuseOtherOrigins(app, () => this.#listensOn);
    app.register(controlRoutes(this), { prefix: '/_emulator' });
    app.register(queueSurface(() => this.#memory.queues));
    app.register(processRoutes(this));
    const desk = new FrontDesk({
      memory: () => this.#memory,
      settings: () => this.#settings,
      clock: this.#clock,
      chance: this.#chance,
    });
    app.register(
      rpcRoutes({
        defaultRegion: this.#regions[0] ?? '',
        requestId: newRequestId,
        answer: (call) => desk.answer(call),
      }),
    );
    return app;
  }
}
