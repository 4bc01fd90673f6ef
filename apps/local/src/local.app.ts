import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiRoles, loadConfig, withSecretFiles, type ApiKey, type Config, type ConfigFor } from '@app/config';
import { createLogger, portInUse, StartError, type Logger } from '@app/observability/start';
import { Emulator } from '@app/vod-emulator';
import { freePort, isFree, NoPostgres, startEmbeddedPostgres } from './embedded-postgres';
import { isAlive } from './is-alive';
import { localSecrets, writeAddress } from './settings';

export interface Local {
  urls: { api: string; webhook: string; worker: string; emulator: string | null };
  apiKey: string;
  /** Signs a browser in, once. */
  signInUrl: string;
  logger: Logger;
  stop(): Promise<void>;
}

/** Everything in one process, on a machine with nothing but Node. What the environment sets is left as it is set. */
export async function startLocal(env: NodeJS.ProcessEnv, dataDir: string): Promise<Local> {
  const started: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of started.splice(0).toReversed()) await close();
  };
  try {
    return await startAll(env, dataDir, started, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  environment: NodeJS.ProcessEnv,
  dataDir: string,
  started: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Local> {
  const env = withSecretFiles(environment);
  const asked = loadConfig(env, 'local');
  const logger = createLogger({ ...asked.log, process: 'local' });
  for (const { variable, weakness } of asked.weaknesses) logger.warn({ variable, weakness }, 'a setting is weak');
  // Before the database is touched: it may be the one of an instance that runs already.
  await assertPortsFree(asked);
  started.push(takeDataDir(dataDir));
  const secrets = localSecrets(dataDir);

  // Loading the processes takes as long as Postgres does to start, on another core.
  const load = () => import('./processes.js');
  const loadAhead = () => void load().catch(() => {}); // told below
  const databaseUrl = asked.databaseUrl ?? (await startPostgres(`${dataDir}/postgres`, logger, started, loadAhead));
  const { migrateDatabase, Sessions, signInPath, startApi, startWebhook, startWorker } = await load();
  await migrateDatabase(databaseUrl);

  // The callback URL is signed as it is written, so the webhook's port must be known before the webhook listens.
  const webhookPort = asked.ports.webhook || (await freePort());
  const complete: NodeJS.ProcessEnv = {
    ...env,
    DATABASE_URL: databaseUrl,
    WEBHOOK_PORT: String(webhookPort),
    VOD_CALLBACK_URL: asked.vod.callback.url ?? `http://127.0.0.1:${webhookPort}/vod/events/{region}`,
    VOD_CALLBACK_KEYS: asked.vod.callback.keys.join(',') || secrets.callbackKey,
    // Who develops has what is told beside it, without a certificate.
    DELIVERY_ALLOW: env['DELIVERY_ALLOW'] || '127.0.0.0/8,::1',
    API_KEYS: env['API_KEYS'] ?? `local:admin:${secrets.apiKey}`,
    LOG_LEVEL: asked.log.level,
    LOG_FORMAT: asked.log.format,
  };
  let emulatorUrl: string | null = null;
  if (asked.vod.endpoint === undefined) {
    const emulator = await startEmulator({ ...complete, ...keysOf(secrets) });
    started.push(() => emulator.close());
    emulatorUrl = emulator.url;
    Object.assign(complete, keysOf(secrets), { VOD_ENDPOINT: `${emulatorUrl}/{region}` });
  }

  // Stopped in the reverse order: the api takes no more requests before the worker lets go of its jobs.
  const webhook = await startWebhook(loadConfig(complete, 'webhook'), logger.child({ process: 'webhook' }));
  started.push(() => webhook.close());
  const worker = await startWorker(loadConfig(complete, 'worker'), logger.child({ process: 'worker' }));
  started.push(() => worker.close());
  const apiConfig = loadConfig(complete, 'api');
  const { secret: apiKey, ...owner } = strongestKey(apiConfig);
  const sessions = new Sessions();
  const api = await startApi(apiConfig, logger.child({ process: 'api' }), { sessions });
  started.push(() => api.close());

  writeAddress(dataDir, { api: api.url, apiKey });
  return {
    urls: { api: api.url, webhook: webhook.url, worker: worker.url, emulator: emulatorUrl },
    apiKey,
    signInUrl: `${api.url}/${signInPath(sessions.offer(owner, Date.now()))}`,
    logger,
    stop,
  };
}

async function startPostgres(
  folder: string,
  logger: Logger,
  started: (() => Promise<unknown>)[],
  meanwhile: () => unknown,
): Promise<string> {
  logger.info({ data: folder }, 'starting a Postgres of its own');
  const postgres = await startEmbeddedPostgres(folder, [], meanwhile).catch((error: unknown) => {
    throw error instanceof NoPostgres ? new StartError(error.message, { cause: error }) : error;
  });
  started.push(() => postgres.stop());
  return postgres.url;
}

async function assertPortsFree({ host, ports, vod }: Config): Promise<void> {
  const wanted: [number, string][] = [
    [ports.api, 'API_PORT'],
    [ports.webhook, 'WEBHOOK_PORT'],
    [ports.worker, 'WORKER_PORT'],
    ...(vod.endpoint === undefined ? [[ports.emulator, 'EMULATOR_PORT'] as [number, string]] : []),
  ];
  for (const [port, variable] of wanted) {
    if (port !== 0 && !(await isFree(host, port))) throw portInUse(host, port, variable);
  }
}

/** One instance to a data folder. Answers how to let it go; that of a process that was killed is free again. */
function takeDataDir(dataDir: string): () => Promise<void> {
  const file = join(dataDir, 'pid');
  mkdirSync(dataDir, { recursive: true });
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (pid > 0 && pid !== process.pid && isAlive(pid)) {
    throw new StartError(`process ${pid} already runs on ${dataDir}; stop it first`);
  }
  writeFileSync(file, String(process.pid));
  return async () => rmSync(file, { force: true });
}

async function startEmulator(env: NodeJS.ProcessEnv): Promise<{ url: string; close(): Promise<void> }> {
  const { host, ports, vod, emulator: timing } = loadConfig({ ...env, VOD_ENDPOINT: undefined }, 'emulator');
  const { accessKeyId, accessKeySecret } = vod.credentials;
  const [key] = vod.callback.keys;
  const emulator = new Emulator({
    accessKeys: [{ id: accessKeyId, secret: accessKeySecret }],
    regions: [...vod.regions],
    ...(vod.callback.url && { callback: { url: vod.callback.url, ...(key && { key }) } }),
    jobTimeMs: { min: timing.jobTimeMs.minMs, max: timing.jobTimeMs.maxMs },
  });
  const { url } = await emulator.listen({ host, port: ports.emulator });
  return { url, close: () => emulator.close() };
}

function keysOf({ accessKeyId, accessKeySecret }: ReturnType<typeof localSecrets>) {
  return { ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId, ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret };
}

function strongestKey({ apiKeys }: ConfigFor<'api'>): ApiKey {
  const [strongest] = apiKeys.toSorted((a, b) => apiRoles.indexOf(b.role) - apiRoles.indexOf(a.role));
  if (!strongest) throw new StartError('API_KEYS is empty: expected a key, or that it is not set');
  return strongest;
}
