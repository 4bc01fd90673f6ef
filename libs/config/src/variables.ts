import { z } from 'zod';
import {
  accountId,
  amount,
  anyText,
  apiKeyList,
  configExtras,
  duration,
  durationRange,
  environmentName,
  flag,
  host,
  keptFor,
  networkList,
  oneOf,
  port,
  proxyUrl,
  queueEndpoint,
  queueName,
  regionalUrl,
  regionList,
  risingDurations,
  secretList,
  someOf,
  storeUrl,
  trustedProxies,
  wholeNumber,
} from './values';

export const recoveryRungs = ['extend', 'event', 'listing'] as const;
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Every environment variable there is, each documented here and nowhere else. A default is written as a person would set it. */
export const variables = z.object({
  /** Postgres 13 or newer. No default: a wrong database found by accident is worse than none. */
  DATABASE_URL: storeUrl(
    ['postgres:', 'postgresql:'],
    'a Postgres URL such as postgres://user:password@host:5432/name',
  ).optional(),
  /** Set: BullMQ on Redis. Unset: BullMQ on Postgres, so that a laptop needs no Redis. */
  REDIS_URL: storeUrl(['redis:', 'rediss:'], 'a Redis URL such as redis://host:6379 or rediss://host:6380').optional(),

  /** Address to listen on. Loopback unless somebody decides to be reachable. */
  HOST: host().prefault('127.0.0.1'),
  /** Ports; 0 picks a free one. */
  API_PORT: port().prefault('3000'),
  WEBHOOK_PORT: port().prefault('3001'),
  EMULATOR_PORT: port().prefault('3002'),
  WORKER_PORT: port().prefault('3003'),
  /** Set: /metrics and /readyz are answered there and no longer on the process's own port, which may face the internet. */
  OPS_PORT_API: port().optional(),
  OPS_PORT_WEBHOOK: port().optional(),
  OPS_PORT_WORKER: port().optional(),

  /** Who may call the api, and as what. No default: a built-in key would be everybody's key. */
  API_KEYS: apiKeyList().optional(),

  /**
   * Requests a second of each key, for each api process. Well over what one client makes of it: 32 connections that enqueue as fast as
   * they are answered come to 1,700 on two cores.
   */
  API_RATE: wholeNumber(1, 1_000_000).prefault('2500'),
  /** Open streams of each key, and calls of each key that wait for a job, for each api process; in all twice as many. */
  API_STREAMS: wholeNumber(1, 100_000).prefault('1000'),
  API_WAITS: wholeNumber(1, 100_000).prefault('1000'),
  /** Whose word for where a call comes from (X-Forwarded-For) is believed. Unset: nobody's, as anybody can write it. */
  TRUST_PROXY: trustedProxies().optional(),

  /** Shown before and after sign-in, so that nobody retries in production what they meant to try in staging. */
  ENVIRONMENT_NAME: environmentName().optional(),

  /** Regions we work in; the first is the default of a request. */
  VOD_REGIONS: regionList().prefault('cn-shanghai'),
  /** Unset: VOD's public hosts; in local mode our own emulator. */
  VOD_ENDPOINT: regionalUrl('an http(s) URL, {region} allowed').optional(),
  /** The SDKs' own names. All unset: their default credential chain. */
  ALIBABA_CLOUD_ACCESS_KEY_ID: anyText().optional(),
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: anyText().optional(),
  ALIBABA_CLOUD_SECURITY_TOKEN: anyText().optional(),
  /** One VOD call. pop-core's own 3 s would turn slow answers into submissions of unknown outcome, the costly kind. */
  VOD_TIMEOUT: duration().prefault('10s'),

  /**
   * SMQ (formerly MNS), and the queue there that VOD writes its events into: both, or neither. Other names and numbers stand for each
   * region and account.
   */
  VOD_MNS_ENDPOINT: queueEndpoint().optional(),
  VOD_MNS_QUEUE: queueName().optional(),
  /** What `{uid}` stands for. Nothing that we call tells it. */
  ALIBABA_CLOUD_ACCOUNT_ID: accountId().optional(),

  /** How to the outside, for those that call VOD. Also read in lower case, as other programs do. */
  HTTPS_PROXY: proxyUrl().optional(),
  HTTP_PROXY: proxyUrl().optional(),
  NO_PROXY: anyText().optional(),

  /** What VOD has learned since this version: keys of a job's config, and values of AnalyseTypes, that aren't refused. */
  VOD_CONFIG_EXTRA: configExtras().optional(),

  /** The URL registered at VOD, byte for byte: the signature covers it. */
  VOD_CALLBACK_URL: regionalUrl('an http(s) URL, {region} allowed').optional(),
  /** Any of them verifies, so that a key can be rotated without losing an event. */
  VOD_CALLBACK_KEYS: secretList().optional(),
  /** `hint` is for accounts where VOD can't be given a key: an event then only makes a known job due. */
  VOD_CALLBACK_AUTH: oneOf(['required', 'hint']).prefault('required'),
  /**
   * Whether each submission names where its event is to go (UserData.MessageCallback), so that environments of one account don't
   * take each other's: `true` is the URL when there is one, else the queue.
   */
  VOD_CALLBACK_PER_JOB: oneOf(['false', 'true', 'http', 'queue']).prefault('false'),
  /** What the account's own setting names then, where it is another URL: no page says which of the two VOD signs. */
  VOD_CALLBACK_ACCOUNT_URL: regionalUrl('an http(s) URL, {region} allowed').optional(),
  /** Accepted distance between VOD's clock and ours, either way; the gateway allows our requests the same 15 min. */
  VOD_CALLBACK_TOLERANCE: duration().prefault('15m'),

  /** Calls a second, per region, over all workers. 30 is VOD's documented QPS of SubmitAIJob, each operation by itself. */
  SUBMIT_QPS: wholeNumber(1, 10_000).prefault('30'),
  /** The same for reads. VOD documents 20 for GetMediaDNAResult and nothing for the reads of jobs (their class had 100 in 2021). */
  COLLECT_QPS: wholeNumber(1, 10_000).prefault('20'),
  /** Jobs at VOD at once, per region and type; 0 is no cap. */
  MAX_IN_FLIGHT: wholeNumber(0, 1_000_000).prefault('0'),
  /**
   * How much waits in BullMQ at most, for each region and worker: what the quota lets through in this time. Little, because the backlog
   * waits in Postgres, where an urgent job overtakes it.
   */
  DISPATCH_WINDOW: amount(1_000_000).prefault('2s'),

  /** A dispatched job's alarm: how long a dead worker goes unnoticed. */
  LEASE: duration().prefault('60s'),
  /** First look at a job that VOD is silent about, and the longest gap between looks. */
  POLL_FIRST: duration().prefault('60s'),
  POLL_MAX: duration().prefault('10m'),
  /** Looks of the recovery ladder, counted from the submission. */
  RECOVER_AFTER: risingDurations().prefault('10s,30s,2m'),
  /** What may find a job whose answer was lost. Switches, because what VOD really does can't be verified without an account. */
  RECOVER_BY: someOf(recoveryRungs).prefault('extend,event,listing'),
  /** The ladder's rung that sends the same request again. A switch: whether VOD takes a nonce once only an account can tell. */
  RESEND_PINNED: flag().prefault('true'),
  /** When the ladder has to decide. Longer than the 15 min in which a signed request can be sent again. */
  RECOVER_GRACE: duration().prefault('20m'),
  /** Age at which a job gets a last read and is then `expired`. */
  JOB_DEADLINE: duration().prefault('24h'),

  /**
   * How long jobs are kept that are over, with all that belongs to them; 0 is for ever. VOD forgets after about as long. What is
   * open or held is always kept.
   */
  RETENTION: keptFor().prefault('180d'),
  /** The bodies of events: up to a megabyte each, and read by people only. The events stay. */
  EVENT_BODY_RETENTION: keptFor().prefault('30d'),
  /** What outlives the rows, so that a repetition does not pay again: idempotency keys, and the JobIds of VOD. */
  KEY_RETENTION: keptFor().prefault('400d'),

  /**
   * Whom clients may have told although the address is not public: without it, whoever has a key could have a worker call what stands
   * beside it. Only for these `http:` is taken. Local mode: this machine.
   */
  DELIVERY_ALLOW: networkList().optional(),

  LOG_LEVEL: oneOf(logLevels).prefault('info'),
  /** Unset: `json`, and `pretty` in local mode, where a person reads it. */
  LOG_FORMAT: oneOf(['json', 'pretty']).optional(),

  /** How long the emulator works on a job: one duration or a range. */
  EMULATOR_JOB_TIME: durationRange().prefault('2s-6s'),

  /** For the fault tests only: where a worker ends itself. See libs/lifecycle/src/failpoints.ts. */
  FAILPOINTS: anyText().optional(),
});

export type Values = z.output<typeof variables>;
export type VariableName = keyof Values;
export const variableNames = Object.keys(variables.shape) as VariableName[];
