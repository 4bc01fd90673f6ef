import { CONCURRENCY, Callbacks } from './callbacks';
import { EventFaults } from './event-faults';
import { FaultPlan } from './fault-plan';
import { type AccessKey, Gateway } from './gateway';
import { HttpTransport } from './http-transport';
import { ImageJobs } from './image-jobs';
import { JobBook } from './jobs';
import { type Media, MediaBook } from './media';
import { type MediaEventType, type MediaOccasion, eventOfMedia } from './media-events';
import { MessageCallbacks } from './message-callbacks';
import type { Operation } from './operation-names';
import { QueueServer, queueDelivery } from './queue';
import { Recipients } from './recipients';
import { RingBuffer } from './ring-buffer';
import type { Settings } from './settings';
import { TemplateBook } from './templates';
import { transport } from './transport';
import { Uploads } from './uploads';
import type { CallCounts, LedgerEntry } from './views';

export interface MemoryOptions {
  accessKeys: readonly AccessKey[];
  regions: readonly string[];
  queueNames: readonly string[];
  keep: number;
  settings: () => Settings;
  clock: () => number;
  timeoutMs?: number | undefined;
  retryGapMs?: number | undefined;
}

/** Everything that a reset forgets. */
export interface Memory {
  gateway: Gateway;
  jobs: JobBook;
  media: MediaBook;
  uploads: Uploads;
  images: ImageJobs;
  templates: TemplateBook;
  messageCallbacks: MessageCallbacks;
  ledger: RingBuffer<LedgerEntry>;
  calls: Map<Operation | 'unknown', CallCounts>;
  callbacks: Callbacks;
  faults: FaultPlan;
  eventFaults: EventFaults;
  queues: QueueServer;
  /** Sends an event about a media, where events are on. Settles when its first attempts are over. */
  announce: (type: MediaEventType, media: Media, occasion: MediaOccasion) => Promise<void>;
}

export function emptyMemory(options: MemoryOptions): Memory {
  const { accessKeys, regions, queueNames, keep, settings, clock, timeoutMs, retryGapMs } = options;
  const faults = new FaultPlan(keep, clock);
  faults.install(settings().faults, settings().faultSeed);
  const queues = new QueueServer({ accessKeys, regions, names: queueNames, clock, plan: faults });
  const http = new HttpTransport({ clock, maxSockets: CONCURRENCY, timeoutMs });
  const messageCallbacks = new MessageCallbacks();
  const callbacks = new Callbacks({
    settings,
    clock,
    keep,
    recipients: new Recipients(settings, messageCallbacks),
    transport: transport(http, queueDelivery(queues.queues, settings)),
    retryGapMs,
  });
  const announce: Memory['announce'] = async (type, media, occasion) => {
    const { callback, eventForms } = settings();
    if (callback.enabled) await callbacks.tell(eventOfMedia(type, media, occasion, { forms: eventForms, nowMs: clock() }));
  };
  const eventFaults = new EventFaults({ settings, plan: faults, callbacks });
  return {
    gateway: new Gateway(accessKeys, regions, (count) => faults.node(count)),
    jobs: new JobBook(keep, clock, (job) => void eventFaults.over(job)),
    media: new MediaBook(keep),
    uploads: new Uploads({ tell: announce, clock }),
    images: new ImageJobs(keep),
    templates: new TemplateBook(),
    messageCallbacks,
    ledger: new RingBuffer(keep),
    calls: new Map(),
    callbacks,
    faults,
    eventFaults,
    queues,
    announce,
  };
}

/** No timer runs any more, no event leaves, and nobody waits for a message. */
export function stopWork({ jobs, uploads, eventFaults, callbacks, queues }: Memory): void {
  jobs.stop();
  uploads.stop();
  eventFaults.stop();
  callbacks.stop();
  queues.queues.stop();
}
