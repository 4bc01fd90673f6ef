import type { DynamicModule } from '@nestjs/common';
import { version, type Config } from '@app/config';
import { jobStates, jobTypes } from '@app/domain';
import {
  countSignals,
  createRegistry,
  logSignals,
  OperationsModule,
  serve,
  showPool,
  Signals,
  type Known,
  type Logger,
  type Registry,
  type ServeOptions,
  type Server,
} from '@app/observability';
import {
  Heartbeat,
  Listener,
  openDatabase,
  poolOf,
  ProcessStore,
  type Process,
  type WorkerLimits,
} from '@app/persistence';
import { assertWritable } from '@app/postgres';
import type { DataSource } from 'typeorm';

export interface ProcessOptions {
  role: Process;
  config: Pick<Config, 'host' | 'ports' | 'operationsPorts' | 'vod'> & { databaseUrl: string };
  logger: Logger;
  /** Null but for a worker. */
  limits?: WorkerLimits | null;
  /** Of a worker: the queues that it works, the operations of VOD that it calls, and whose events it takes from a queue. */
  known?: Pick<Known, 'queues' | 'operations' | 'eventQueues'>;
}

/** More than the second that a check of a store may take. */
const OPERATIONS_DRAIN_MS = 2_000;

const NOTHING = { queues: [], operations: { submits: [], reads: [] }, eventQueues: [] };

/** What every process has when it opens what is its own. */
export interface OpenProcess {
  db: DataSource;
  signals: Signals;
  registry: Registry;
  onTrouble: (error: Error) => void;
  /** How to let go of what has just been opened. What was opened last is closed first, also when the start fails. */
  onClose: (close: () => unknown) => void;
  /** Hears what Postgres announces: `onNotice` by channel. */
  listen: (onNotice: Record<string, () => unknown>) => Promise<void>;
  /** The routes for health, and for readiness and metrics unless these have a port of their own. What has to work besides Postgres is among the `checks`. */
  operations: (checks?: Record<string, () => Promise<unknown>>) => DynamicModule;
}

/** What it serves, at the address that is its own. */
export type Served = Omit<ServeOptions, 'host' | 'port' | 'portVariable' | 'logger'>;

/**
 * The start and the end that api, worker and webhook have in common: signals that are logged and counted, the database, a
 * sign of life for the others. Between the database and the server, `open` opens what only this one has.
 */
export async function openProcess(
  { role, config, logger, limits = null, known = NOTHING }: ProcessOptions,
  open: (process: OpenProcess) => Promise<Served>,
): Promise<Server> {
  const { host, ports, operationsPorts, databaseUrl: url } = config;
  const { regions } = config.vod;
  const signals = new Signals();
  const registry = createRegistry(version);
  const sayWhatIsFolded = logSignals(signals, logger);
  countSignals(signals, registry, role, { regions, types: jobTypes, states: jobStates, ...known });
  const onTrouble = (error: Error) => signals.emit('store.trouble', { store: 'postgres', error });
  const onRecovered = () => signals.emit('store.recovered', { store: 'postgres' });

  const db = await openDatabase(role, { url, onTrouble });
  showPool(registry, () => poolOf(db));
  const heartbeat = new Heartbeat(new ProcessStore(db), { role, regions, limits }, onTrouble);
  const closers: Closer[] = [];
  const onClose = (close: Closer) => void closers.unshift(close);
  const close = () =>
    closeAll([
      // One that takes no more work serves no region. A row that is slow to go keeps nothing waiting.
      () => Promise.all([heartbeat.stop(), closeAll(closers)]),
      () => db.destroy(),
      sayWhatIsFolded,
    ]);

  const operationsPort = operationsPorts[role];
  let apart: DynamicModule | undefined;
  const servers: Server[] = [];
  // At once: who is slow to leave one port must not keep the other one open.
  const closeServers = async () => {
    const ends = await Promise.allSettled(servers.map((server) => server.close()));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  };

  try {
    const served = await open({
      db,
      signals,
      registry,
      onTrouble,
      onClose,
      listen: async (handlers) => {
        const listener = new Listener({ url, application: `vodai-${role}-listen`, handlers, onTrouble, onRecovered });
        await listener.start();
        onClose(() => listener.stop());
      },
      operations: (checks) => {
        const all = OperationsModule.register({ checks: { postgres: () => assertWritable(db), ...checks }, registry });
        if (operationsPort === undefined) return all;
        apart = all;
        return OperationsModule.healthOnly();
      },
    });
    const portVariable = `${role.toUpperCase()}_PORT`;
    const server = await serve({ ...served, host, port: ports[role], portVariable, logger });
    servers.push(server);
    // After it: who asks there whether this process is ready is told no until it listens, and again as soon as it stops.
    if (operationsPort !== undefined && apart) {
      const variable = `OPS_PORT_${role.toUpperCase()}`;
      servers.unshift(await serveOperations(apart, { host, port: operationsPort, portVariable: variable, logger }));
    }
    await heartbeat.start();
    const { url: operationsUrl } = servers[0] ?? server;
    return { ...server, operationsUrl, close: () => closeAll([closeServers, close]) };
  } catch (error) {
    await closeAll([closeServers, close]).catch(() => {}); // why it can't start matters more than how it stopped
    throw error;
  }
}

function serveOperations(
  module: DynamicModule,
  where: Pick<ServeOptions, 'host' | 'port' | 'portVariable' | 'logger'>,
): Promise<Server> {
  return serve({
    module,
    ...where,
    bodyParser: false,
    drainMs: OPERATIONS_DRAIN_MS,
    listening: 'listening for operations',
  });
}

type Closer = () => unknown;

/** One after the other. One that fails leaves none of the others open; the first failure is thrown in the end. */
async function closeAll(closers: Closer[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
