import { version, type ConfigFor } from '@app/config';
import { jobStates, jobTypes } from '@app/domain';
import { Collect, Dispatch, failpoints, Loop, Recover, Match, Submit } from '@app/lifecycle';
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
  AlarmStore,
  CaseReads,
  channels,
  CircuitStore,
  ClosedQueueStore,
  Door,
  EventMatcher,
  Heartbeat,
  installationId,
  JobReads,
  JobStore,
  Listener,
  openDatabase,
  poolOf,
  ProcessStore,
  SubmissionStore,
} from '@app/persistence';
import { assertWritable } from '@app/postgres';
import { Queues, queuesOf } from '@app/queue';
import { VodClient, vodOperations } from '@app/vod';
import type { DataSource } from 'typeorm';
import { processors } from './processors';

/** The safety net under NOTIFY: how late an alarm can ring when every wake-up is lost. */
const DISPATCH_POLL_MS = 1_000;
const MATCH_POLL_MS = 2_000;

/** The process that faces VOD: hands out due jobs, submits, matches events, reads results. */
export async function startWorker(config: ConfigFor<'worker'>, logger: Logger): Promise<Server> {
  const signals = new Signals();
  const registry = createRegistry(version);
  attachLogging(signals, logger);
  const known = { regions: config.vod.regions, types: jobTypes, states: jobStates };
  countJobs(signals, registry, known);
  countWork(signals, registry, { ...known, operations: vodOperations, queues: queuesOf(config.vod.regions) });
  const onTrouble = (error: Error) => signals.emit('store.trouble', { store: 'postgres', error });
  const onRecovered = () => signals.emit('store.recovered', { store: 'postgres' });
  const onError = (error: unknown) => logger.error({ err: error }, 'a turn failed and will be made again');

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
    const { dispatch, settle, steps, circuits } = assemble(config, { db, queues, vod, signals });
    const dispatching = new Loop(() => dispatch.turn(), { pollMs: DISPATCH_POLL_MS, onError });
    const matching = matchingLoop(settle, onError);
    const listener = new Listener({
      url: config.databaseUrl,
      application: 'vodai-worker-listen',
      handlers: { [channels.jobDue]: () => dispatching.wake(), [channels.event]: () => matching.wake() },
      onTrouble,
      onRecovered,
    });

    showCircuits(registry, config.vod.regions, () => circuits.all());
    await listener.start();
    opened.unshift(() => listener.stop());
    await queues.work(processors(steps, () => dispatch.isHolding && dispatching.wake()));
    dispatching.start();
    matching.start();

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
      await Promise.all([dispatching.stop(), matching.stop()]);
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

interface Outside {
  db: DataSource;
  queues: Queues;
  vod: VodClient;
  signals: Signals;
}

function assemble(config: ConfigFor<'worker'>, { db, queues, vod, signals }: Outside) {
  const { alarms: rules, limits, recovery, vod: vodConfig } = config;
  // VOD_TIMEOUT bounds the connecting and the answering, one after the other.
  const callMs = 2 * vodConfig.timeoutMs;
  const door = new Door(db, { rules, signals });
  const events = new EventMatcher(db, door);
  const jobs = new JobStore(door, events);
  const submissions = new SubmissionStore(db, door, { maxInFlight: limits.maxInFlight, callMs });
  const circuits = new CircuitStore(db);
  const arm = failpoints(config.failpoints);
  return {
    circuits,
    dispatch: new Dispatch(
      arm('dispatch', 'alarms', new AlarmStore(db, rules.leaseMs)),
      arm('dispatch', 'circuits', circuits),
      arm('dispatch', 'jobs', jobs),
      arm('dispatch', 'queues', queues),
      signals,
      { regions: vodConfig.regions, window: limits.dispatchWindow, maxInFlight: limits.maxInFlight },
    ),
    match: new Match(arm('match', 'events', events)),
    steps: {
      submit: new Submit(
        arm('submit', 'submissions', submissions),
        arm('submit', 'jobs', jobs),
        arm('submit', 'circuits', circuits),
        arm('submit', 'vod', vod),
        arm('submit', 'queues', queues),
        signals,
      ),
      collect: new Collect(
        arm('collect', 'jobs', jobs),
        arm('collect', 'reads', new JobReads(db)),
        arm('collect', 'vod', vod),
        arm('collect', 'queues', queues),
        signals,
        rules,
      ),
      recover: new Recover(
        arm('recover', 'jobs', jobs),
        arm('recover', 'submissions', submissions),
        arm('recover', 'cases', new CaseReads(db)),
        arm('recover', 'vod', vod),
        arm('recover', 'queues', queues),
        signals,
        { rules, by: recovery.by, resendPinned: recovery.resendPinned, callMs },
      ),
    },
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

/** Wakes match events; every slow poll also takes up those that found no job before. */
function matchingLoop(match: Match, onError: (error: unknown) => void): Loop {
  let rematchAt = 0;
  return new Loop(
    async () => {
      const rematch = performance.now() >= rematchAt;
      if (rematch) rematchAt = performance.now() + MATCH_POLL_MS;
      return settle.turn({ rematch });
    },
    { pollMs: MATCH_POLL_MS, onError },
  );
}

async function closeAll(opened: (() => Promise<unknown>)[]): Promise<void> {
  for (const close of opened) await close();
}
