import { eventQueues, jobCallbacks, type ConfigFor, type JobCallback } from '@app/config';
import {
  assembleSteps,
  failpoints,
  longestExtend,
  openStores,
  Pacer,
  realClock,
  Retain,
  type Match,
  type StepSettings,
} from '@app/lifecycle';
import { Loop } from '@app/loop';
import { Networks, Outbound } from '@app/outbound';
import {
  showCircuits,
  showSeen,
  StartError,
  type Logger,
  type Registry,
  type Server,
  type Signals,
} from '@app/observability';
import {
  callsTogether,
  channels,
  ClosedQueueStore,
  DeliveryRetention,
  installationId,
  MonthStore,
  RetentionReads,
  RetentionStore,
} from '@app/persistence';
import { openProcess, type OpenProcess } from '@app/process';
import { Queues, queuesOf } from '@app/queue';
import { configuredQuotas, quotaOf, userDataOf, VodClient, vodOperations } from '@app/vod';
import { consumeEventQueues } from './event-queues';
import { processors } from './processors';
import { openTelling, showDeliveries } from './telling';

/** The safety net under NOTIFY: how late a due job can be noticed when every wake-up is lost. */
const DISPATCH_POLL_MS = 2_000;
const MATCH_POLL_MS = 5_000;
/** How often one of all workers drops what has been kept for long enough, and how often each looks whether it is time. */
const RETAIN_EVERY_MS = 60 * 60_000;
const RETAIN_POLL_MS = 10 * 60_000;

/** The process that faces VOD: hands out due jobs, submits, matches events, reads results, and tells clients. */
export function startWorker(config: ConfigFor<'worker'>, logger: Logger): Promise<Server> {
  const { regions } = config.vod;
  const { submitQps, collectQps, maxInFlight } = config.limits;
  const limits = { submitQps, collectQps, maxInFlight };
  const known = {
    queues: queuesOf(regions),
    operations: vodOperations,
    eventQueues: [...eventQueues(config).keys()],
  };
  return openProcess({ role: 'worker', config, logger, limits, known }, (process) =>
    openWorker(config, logger, process),
  );
}

async function openWorker(
  config: ConfigFor<'worker'>,
  logger: Logger,
  { db, signals, registry, onClose, listen, operations }: OpenProcess,
) {
  const queues = openQueues(config, await installationId(db), signals, logger);
  onClose(() => queues.close());
  const vod = openVod(config, logger);
  onClose(() => vod.close());
  void tellCredentials(vod, config, signals);
  notePauses(signals, new ClosedQueueStore(db), logger);

  const settings = stepSettings(config);
  const stores = openStores({ db, signals, settings });
  await stores.pace.setQuotas(settings.regions, configuredQuotas(config.limits));
  const arm = failpoints(config.failpoints);
  const steps = assembleSteps({
    parts: {
      ...stores,
      ...realClock,
      queues,
      pacer: new Pacer(stores.pace, signals),
      vod,
      outbound: new Outbound({ allow: new Networks(config.deliveries.allow) }),
      signals,
    },
    settings,
    arm,
  });
  showCircuits(registry, settings.regions, () => stores.circuits.all());
  showDeliveries(registry, stores.deliveries);

  const onError = (error: unknown) => logger.error({ err: error }, 'a run failed and will be tried again');
  const dispatching = new Loop(() => steps.dispatch.run(), { pollMs: DISPATCH_POLL_MS, onError });
  const matching = matchingLoop(steps.match, onError);
  const telling = openTelling(steps, signals, onError);
  await listen({
    [channels.jobDue]: () => dispatching.wake(),
    [channels.event]: () => matching.wake(),
    [channels.deliveryDue]: () => telling.wake(),
  });
  const after = { claim: () => dispatching.wake(), read: () => steps.dispatch.isHolding && dispatching.wake() };
  await queues.work(processors(steps, after));
  dispatching.start();
  matching.start();
  telling.start();
  onClose(startRetaining(config, { db, signals, registry, onError }));
  // Stop handing out first, then finish what was handed out.
  const stopSteps = async () => {
    await Promise.all([dispatching.stop(), matching.stop()]);
    await queues.stopWork();
  };
  const consumers = consumeEventQueues(config, { db, signals }, { arm, logger, onError });
  onClose(() => Promise.all([stopSteps(), telling.stop(), consumers?.stop()]));
  const checks = {
    queues: () => queues.assertWorks(),
    ...(consumers && { event_queue: () => consumers.assertTaken() }),
  };
  return { module: operations(checks), bodyParser: false };
}

function stepSettings({ alarms, limits, recovery, vod }: ConfigFor<'worker'>): StepSettings {
  return {
    ...recovery,
    regions: vod.regions,
    rules: alarms,
    lots: Math.max(Math.round(limits.dispatchWindow / callsTogether(limits.submitQps)), 1),
    maxInFlight: limits.maxInFlight,
    quotaOf: (operation) => quotaOf(operation, limits),
    // VOD_TIMEOUT bounds the connecting and the answering, one after the other.
    callMs: 2 * vod.timeoutMs,
  };
}

function openQueues(config: ConfigFor<'worker'>, installation: string, signals: Signals, logger: Logger): Queues {
  return new Queues({
    store: config.redisUrl ? { redisUrl: config.redisUrl } : { databaseUrl: config.databaseUrl },
    installation,
    regions: config.vod.regions,
    leaseMs: config.alarms.leaseMs,
    signals,
    onFailure: ({ queue, error }) => logger.error({ err: error, queue }, 'a step failed; its job will be due again'),
  });
}

/** For whoever looks at the flow. It decides nothing, so a step does not wait for it, and does not fail with it. */
function notePauses(signals: Signals, closedQueues: ClosedQueueStore, logger: Logger): void {
  signals.on('queue.closed', ({ kind, region, code, untilMs }) => {
    closedQueues
      .note({ queue: kind, region, code, until: new Date(untilMs) })
      .catch((error: unknown) => logger.warn({ err: error, queue: kind, region }, 'the pause was not noted'));
  });
}

/** A worker without them looks well until the first job comes. Nothing waits for this: the chain may ask the network. */
async function tellCredentials(vod: VodClient, config: ConfigFor<'worker'>, signals: Signals): Promise<void> {
  const source = config.vod.credentials === 'default-chain' ? 'default-chain' : 'environment';
  const signer = await vod.signer(config.vod.regions[0]);
  signals.emit(signer === null ? 'credentials.missing' : 'credentials.found', { source });
}

function openVod(config: ConfigFor<'worker'>, logger: Logger): VodClient {
  const { endpoint, timeoutMs, credentials, proxy, regions } = config.vod;
  const callbacks = jobCallbacks(config);
  for (const callback of callbacks.values()) assertRoomFor(callback);
  const vod = new VodClient({ endpoint, timeoutMs, credentials, proxies: proxy, jobCallbacks: callbacks });
  for (const region of regions) {
    const through = vod.proxyTo(region);
    if (through !== null) logger.info({ region, proxy: through }, 'VOD is called through a proxy');
  }
  return vod;
}

/** Looked at now: what can't be sent would be noticed when a job is marked as sent, and each would wait for a person. */
function assertRoomFor(callback: JobCallback): void {
  try {
    userDataOf({ extend: longestExtend, callback });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(`VOD_CALLBACK_PER_JOB: there is no room to name the place for events in a submission: ${why}`);
  }
}

/** Stops amid a run: the rest is the next one's. */
function startRetaining(
  { retention }: ConfigFor<'worker'>,
  {
    db,
    signals,
    registry,
    onError,
  }: Pick<OpenProcess, 'db' | 'signals' | 'registry'> & { onError: (error: unknown) => void },
): () => Promise<void> {
  const stores = {
    store: new RetentionStore(db),
    reads: new RetentionReads(db),
    months: new MonthStore(db),
    deliveries: new DeliveryRetention(db),
  };
  const retain = new Retain({ ...stores, ...realClock, signals }, retention);
  showBehind(registry, retain);
  const stopping = new AbortController();
  const retaining = new Loop(
    async () => {
      await retain.runIfDue(RETAIN_EVERY_MS, { stop: stopping.signal, gently: true });
      return { again: 'when_woken' };
    },
    { pollMs: RETAIN_POLL_MS, onError },
  );
  retaining.start();
  return () => {
    stopping.abort();
    return retaining.stop();
  };
}

function showBehind(registry: Registry, retain: Retain): void {
  showSeen(registry, () => retain.behindMs(), [
    {
      name: 'vodai_retention_behind_seconds',
      help: 'For how long the oldest row has been there that should be dropped by now; an hour is ordinary.',
      labelNames: [],
      series: (ms) => [{ labels: {}, value: ms / 1000 }],
    },
  ]);
}

/** Wakes match events; every slow poll also takes up those that found no job before. */
function matchingLoop(match: Match, onError: (error: unknown) => void): Loop {
  let rematchAt = 0;
  return new Loop(
    async () => {
      const rematch = performance.now() >= rematchAt;
      if (rematch) rematchAt = performance.now() + MATCH_POLL_MS;
      return match.run({ rematch });
    },
    { pollMs: MATCH_POLL_MS, onError },
  );
}
