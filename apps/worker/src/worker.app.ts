import { version, type ConfigFor } from '@app/config';
import { jobStates, jobTypes } from '@app/domain';
import { assembleSteps, failpoints, openStores, realClock, type Settle, type StepSettings } from '@app/lifecycle';
import { Loop } from '@app/loop';
import {
  attachLogging,
  countJobs,
  countWork,
  createRegistry,
  OperationsModule,
  serve,
  showCircuits,
  showPool,
  Signals,
  type Logger,
  type Server,
} from '@app/observability';
import {
  channels,
  ClosedQueueStore,
  Heartbeat,
  installationId,
  Listener,
  openDatabase,
  poolOf,
  ProcessStore,
} from '@app/persistence';
import { assertWritable } from '@app/postgres';
import { Queues, queuesOf } from '@app/queue';
import { VodClient } from '@app/vod';
import { processors } from './processors';

/** The safety net under NOTIFY: how late an alarm can ring when every wake-up is lost. */
const DISPATCH_POLL_MS = 1_000;
const SETTLE_POLL_MS = 2_000;

/** The process that faces VOD: hands out due jobs, submits, matches events, reads results. */
export async function startWorker(config: ConfigFor<'worker'>, logger: Logger): Promise<Server> {
  const signals = new Signals();
  const registry = createRegistry(version);
  attachLogging(signals, logger);
  const known = { regions: config.vod.regions, types: jobTypes, states: jobStates };
  countJobs(signals, registry, known);
  countWork(signals, registry, { ...known, queues: queuesOf(config.vod.regions) });
  const onTrouble = (error: Error) => signals.emit('store.trouble', { store: 'postgres', error });
  const onRecovered = () => signals.emit('store.recovered', { store: 'postgres' });
  const onError = (error: unknown) => logger.error({ err: error }, 'a run failed and will be tried again');

  const db = await openDatabase('worker', { url: config.databaseUrl, onTrouble });
  showPool(registry, () => poolOf(db));
  const opened: (() => Promise<unknown>)[] = [() => db.destroy()];
  try {
    const queues = openQueues(config, await installationId(db), signals, logger);
    opened.unshift(() => queues.close());
    const vod = openVod(config, logger);
    opened.unshift(async () => vod.close());

    void tellCredentials(vod, config, signals);
    noteClosedQueues(signals, new ClosedQueueStore(db), logger);
    const settings = stepSettings(config);
    const stores = openStores({ db, signals, settings });
    const steps = assembleSteps({
      parts: { ...stores, ...realClock, queues, vod, signals },
      settings,
      arm: failpoints(config.failpoints),
    });
    const { dispatch, settle } = steps;
    const dispatching = new Loop(() => dispatch.run(), { pollMs: DISPATCH_POLL_MS, onError });
    const settling = settlingLoop(settle, onError);
    const listener = new Listener({
      url: config.databaseUrl,
      application: 'vodai-worker-listen',
      handlers: { [channels.jobDue]: () => dispatching.wake(), [channels.event]: () => settling.wake() },
      onTrouble,
      onRecovered,
    });

    showCircuits(registry, config.vod.regions, () => stores.circuits.all());
    await listener.start();
    opened.unshift(() => listener.stop());
    await queues.work(processors(steps, () => dispatch.isHolding && dispatching.wake()));
    dispatching.start();
    settling.start();

    const { submitQps, collectQps, maxInFlight } = config.limits;
    const heartbeat = new Heartbeat(
      new ProcessStore(db),
      { role: 'worker', regions: config.vod.regions, limits: { submitQps, collectQps, maxInFlight } },
      onTrouble,
    );
    // Stop handing out first, then finish what was handed out. One that takes no more work serves no region: a row that
    // is slow to go keeps nothing waiting.
    opened.unshift(async () => {
      const leaving = heartbeat.stop();
      await Promise.all([dispatching.stop(), settling.stop()]);
      await queues.stopWork();
      await leaving;
    });
    await heartbeat.start();

    const checks = { postgres: () => assertWritable(db), queues: () => queues.assertWorks() };
    const server = await serve({
      module: OperationsModule.register({ checks, registry }),
      host: config.host,
      port: config.ports.worker,
      portVariable: 'WORKER_PORT',
      logger,
    });
    return {
      ...server,
      close: async () => {
        await server.close();
        await closeAll(opened);
      },
    };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

function stepSettings({ alarms, limits, recovery, vod }: ConfigFor<'worker'>): StepSettings {
  return {
    ...recovery,
    regions: vod.regions,
    rules: alarms,
    window: limits.dispatchWindow,
    maxInFlight: limits.maxInFlight,
    // VOD_TIMEOUT bounds the connecting and the answering, one after the other.
    callMs: 2 * vod.timeoutMs,
  };
}

function openQueues(config: ConfigFor<'worker'>, installation: string, signals: Signals, logger: Logger): Queues {
  return new Queues({
    store: config.redisUrl ? { redisUrl: config.redisUrl } : { databaseUrl: config.databaseUrl },
    installation,
    regions: config.vod.regions,
    limits: config.limits,
    leaseMs: config.alarms.leaseMs,
    signals,
    onFailure: ({ queue, error }) => logger.error({ err: error, queue }, 'a step failed; its alarm will ring again'),
  });
}

/** For whoever looks at the flow. It decides nothing, so a step does not wait for it, and does not fail with it. */
function noteClosedQueues(signals: Signals, closedQueues: ClosedQueueStore, logger: Logger): void {
  signals.on('queue.closed', ({ kind, region, code, untilMs }) => {
    closedQueues
      .note({ queue: kind, region, code, until: new Date(untilMs) })
      .catch((error: unknown) => logger.warn({ err: error, queue: kind, region }, 'the closed queue was not noted'));
  });
}

/** A worker without them looks well until the first job comes. Nothing waits for this: the chain may ask the network. */
async function tellCredentials(vod: VodClient, config: ConfigFor<'worker'>, signals: Signals): Promise<void> {
  const source = config.vod.credentials === 'default-chain' ? 'default-chain' : 'environment';
  const signer = await vod.signer();
  signals.emit(signer === null ? 'credentials.missing' : 'credentials.found', { source });
}

function openVod(config: ConfigFor<'worker'>, logger: Logger): VodClient {
  const { endpoint, timeoutMs, credentials, proxy, regions } = config.vod;
  const vod = new VodClient({ endpoint, timeoutMs, credentials, proxies: proxy });
  for (const region of regions) {
    const through = vod.proxyTo(region);
    if (through !== null) logger.info({ region, proxy: through }, 'VOD is called through a proxy');
  }
  return vod;
}

/** Wakes settle events; every slow poll also takes up those that found no job before. */
function settlingLoop(settle: Settle, onError: (error: unknown) => void): Loop {
  let rematchAt = 0;
  return new Loop(
    async () => {
      const rematch = performance.now() >= rematchAt;
      if (rematch) rematchAt = performance.now() + SETTLE_POLL_MS;
      return settle.run({ rematch });
    },
    { pollMs: SETTLE_POLL_MS, onError },
  );
}

async function closeAll(opened: (() => Promise<unknown>)[]): Promise<void> {
  for (const close of opened) await close();
}
