import { publicAddress } from './public-address';
import {
  fillRegion,
  type ApiKey,
  type ConfigExtra,
  type DurationRange,
  type Environment,
  type TrustedProxies,
} from './values';
import type { logLevels, recoveryRungs, VariableName } from './variables';

/** Who asks for a configuration. It decides what is required and which secrets are handed out. */
export type Role = 'api' | 'worker' | 'webhook' | 'emulator' | 'migrate' | 'retention' | 'vod' | 'local';

export interface AccessKey {
  accessKeyId: string;
  accessKeySecret: string;
  securityToken?: string;
}

/** Which proxy leads where: for https, for http, and where none is used. Their URLs may hold a password. */
export interface Proxies {
  https?: string;
  http?: string;
  none?: string;
}

/** A queue of SMQ. */
export interface EventQueueAddress {
  endpoint: string;
  queue: string;
}

/** A setting that works and protects less than it could. The text holds nothing secret. */
export interface Weakness {
  variable: VariableName;
  weakness: string;
}

/** What the environment says, read and arranged. Units and defaults are documented in variables.ts. */
export interface Config {
  databaseUrl?: string;
  redisUrl?: string;
  host: string;
  ports: { api: number; webhook: number; worker: number; emulator: number };
  /** Where /metrics and /readyz are answered instead of on the process's own port. */
  operationsPorts: { api?: number; webhook?: number; worker?: number };
  apiKeys: ApiKey[];
  /** What each key may do at an api process. */
  callers: {
    /** Requests a second. */
    rate: number;
    /** At the same time; in all twice as many. */
    streams: number;
    waits: number;
  };
  trustedProxies?: TrustedProxies;
  /** What people call this instance. */
  environment?: Environment;
  vod: {
    regions: readonly [string, ...string[]];
    /** With `{region}` still in it. Absent only in local mode, where the emulator's port isn't known yet. */
    endpoint?: string;
    /** Only for roles that sign requests or check them: worker, emulator, vod, local. */
    credentials?: AccessKey | 'default-chain';
    timeoutMs: number;
    /** Only for roles that call VOD: worker, vod and local. */
    proxy: Proxies;
    configExtras: ConfigExtra[];
    callback: {
      url?: string;
      keys: string[];
      auth: 'required' | 'hint';
      toleranceMs: number;
      /** What each submission names as the place for its event; null when the account's setting decides. */
      perJob: 'http' | 'queue' | null;
      /** Of the account's setting, when it is another one than ours, with `{region}` still in it. */
      accountUrl?: string;
    };
    /** VOD's application, each of which has callback settings of its own. */
    appId: string;
    /** Where VOD writes its events, with `{region}` still in it. Absent when they come by HTTP alone. */
    eventQueue?: EventQueueAddress;
  };
  limits: {
    submitQps: number;
    collectQps: number;
    maxInFlight: number;
    /** In requests. */
    dispatchWindow: number;
  };
  alarms: {
    leaseMs: number;
    pollFirstMs: number;
    pollMaxMs: number;
    recoverAfterMs: number[];
    recoverGraceMs: number;
    jobDeadlineMs: number;
  };
  /** Since it was over, or came; null for ever. */
  retention: { recordsMs: number | null; eventBodiesMs: number | null; keysMs: number | null };
  /** Networks whose addresses may be told although they are not public. */
  deliveries: { allow: string[] };
  recovery: { by: (typeof recoveryRungs)[number][]; resendPinned: boolean };
  /** Only in tests. */
  failpoints?: string;
  log: { level: (typeof logLevels)[number]; format: 'json' | 'pretty' };
  emulator: { jobTimeMs: DurationRange };
  /** Said at the start. */
  weaknesses: Weakness[];
}

interface Database {
  databaseUrl: string;
}

/** What each role can rely on beyond `Config`. */
interface Guaranteed {
  api: Database & { vod: { endpoint: string } };
  worker: Database & { vod: { endpoint: string; credentials: AccessKey | 'default-chain' } };
  webhook: Database & { vod: { endpoint: string; callback: { url: string } } };
  emulator: { vod: { endpoint: string; credentials: AccessKey } };
  migrate: Database & { vod: { endpoint: string } };
  retention: Database & { vod: { endpoint: string } };
  vod: { vod: { endpoint: string; credentials: AccessKey | 'default-chain' } };
  local: object;
}

export type ConfigFor<R extends Role> = Config & Guaranteed[R];

/** The URL that VOD calls (and signs) for each of our regions; empty when no callback URL is set. */
export function callbackUrls(config: Pick<Config, 'vod'>): ReadonlyMap<string, string> {
  const { regions, callback } = config.vod;
  const { url } = callback;
  if (url === undefined) return new Map();
  return new Map(regions.map((region) => [region, fillRegion(url, region)]));
}

/**
 * What VOD may sign for each of our regions: the URL that it calls. When the submission has named that, it may as well be the one of the
 * account's setting, or ours as a program that parses URLs writes it; no page says.
 */
export function signedUrls(config: Pick<Config, 'vod'>): ReadonlyMap<string, readonly string[]> {
  const { perJob, accountUrl } = config.vod.callback;
  return new Map(
    [...callbackUrls(config)].map(([region, url]) => {
      if (perJob === null) return [region, [url]];
      const others = [new URL(url).href, ...(accountUrl === undefined ? [] : [fillRegion(accountUrl, region)])];
      return [region, [...new Set([url, ...others])]];
    }),
  );
}

/** Where VOD is to send the event of one job, in spite of the account's setting. */
export type JobCallback = { url: string } | EventQueueAddress;

/** What the submissions of each of our regions name; empty when they name nothing. */
export function jobCallbacks(config: Pick<Config, 'vod'>): ReadonlyMap<string, JobCallback> {
  const { regions, callback } = config.vod;
  if (callback.perJob === null) return new Map();
  if (callback.perJob === 'http') return new Map([...callbackUrls(config)].map(([region, url]) => [region, { url }]));
  const queues = eventQueues(config);
  return new Map(
    regions.flatMap((region) => {
      const queue = queues.get(region) ?? queues.get('*');
      return queue ? [[region, { ...queue, endpoint: publicAddress(queue.endpoint) }] as const] : [];
    }),
  );
}

/**
 * The queues of events by the region whose events are in them; `*` when several regions share one, so that each queue is there
 * once. Empty when none is set.
 */
export function eventQueues(config: Pick<Config, 'vod'>): ReadonlyMap<string, EventQueueAddress> {
  const { regions, eventQueue } = config.vod;
  if (eventQueue === undefined) return new Map();
  const { endpoint, queue } = eventQueue;
  const isShared = regions.length > 1 && !`${endpoint} ${queue}`.includes('{region}');
  const names: readonly string[] = isShared ? ['*'] : regions;
  return new Map(
    names.map((region) => [region, { endpoint: fillRegion(endpoint, region), queue: fillRegion(queue, region) }]),
  );
}
