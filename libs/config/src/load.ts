import type { AccessKey, Config, ConfigFor, EventQueueAddress, Role } from './config';
import { ConfigError, type Problem } from './problems';
import { misspellings } from './misspellings';
import { withSecretFiles } from './secret-files';
import { amountAt, fillAccount, fillRegion } from './values';
import { variableNames, variables, type Values, type VariableName } from './variables';
import { weaknesses } from './weaknesses';

const publicEndpoint = 'https://vod.{region}.aliyuncs.com';
/** VOD's limit for CallbackURL (SetMessageCallback). */
const callbackUrlBytes = 256;

/** What a role can't work without. */
const required: Record<Role, readonly VariableName[]> = {
  api: ['DATABASE_URL', 'API_KEYS'],
  worker: ['DATABASE_URL'],
  webhook: ['DATABASE_URL', 'VOD_CALLBACK_URL'],
  emulator: ['ALIBABA_CLOUD_ACCESS_KEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
  migrate: ['DATABASE_URL'],
  retention: ['DATABASE_URL'],
  vod: [],
  local: [],
};

/** The one reader of the environment. Throws a ConfigError that names every problem at once. */
export function loadConfig<R extends Role>(env: NodeJS.ProcessEnv, role: R): ConfigFor<R>;
export function loadConfig(environment: NodeJS.ProcessEnv, role: Role): Config {
  const names = namesFor(role);
  const env = withSecretFiles(environment, names);
  const given = onlyOurs(env, names, role);
  const parsed = variables.safeParse(given);
  const unreadable = parsed.success ? [] : parsed.error.issues.map(unreadableProblem);

  // An unreadable value takes its default here, so that what is wrong between the others can be said in the same go.
  const bad = new Set(unreadable.map((problem) => problem.variable));
  const values = variables.parse(Object.fromEntries(Object.entries(given).filter(([name]) => !bad.has(name))));

  const problems = [
    ...unreadable,
    ...[...missing(given, values, role), ...contradictions(values, role)].filter(({ variable, other }) => {
      return names.includes(variable as VariableName) && !bad.has(variable) && !(other && bad.has(other));
    }),
    ...misspellings(env, names),
  ];
  if (problems.length > 0) throw new ConfigError(problems, given);
  return arrange(values, role);
}

/** These do one thing and no more: what is wrong with the rest is for the processes that read it. */
const readsOnly: Partial<Record<Role, readonly VariableName[]>> = {
  migrate: required.migrate,
  retention: [...required.retention, 'RETENTION', 'EVENT_BODY_RETENTION', 'KEY_RETENTION'],
  vod: [
    'VOD_REGIONS',
    'VOD_ENDPOINT',
    'VOD_TIMEOUT',
    'VOD_APP_ID',
    'ALIBABA_CLOUD_ACCESS_KEY_ID',
    'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
    'ALIBABA_CLOUD_SECURITY_TOKEN',
    'HTTPS_PROXY',
    'HTTP_PROXY',
    'NO_PROXY',
    'VOD_CALLBACK_URL',
    'VOD_CALLBACK_KEYS',
    'VOD_CALLBACK_AUTH',
    'VOD_CALLBACK_TOLERANCE',
    'VOD_MNS_ENDPOINT',
    'VOD_MNS_QUEUE',
    'ALIBABA_CLOUD_ACCOUNT_ID',
  ],
};

function namesFor(role: Role): readonly VariableName[] {
  return readsOnly[role] ?? variableNames;
}

/** Everybody's variables, and for many programs in lower case. Who has no use for them doesn't stumble over them. */
const proxyVariables: readonly VariableName[] = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'];

function callsVod(role: Role): boolean {
  return role === 'worker' || role === 'vod' || role === 'local';
}

/** An empty variable is an unset one: compose files and shells pass `NAME=` for what nobody filled in. */
function onlyOurs(
  env: NodeJS.ProcessEnv,
  names: readonly VariableName[],
  role: Role,
): Partial<Record<VariableName, string>> {
  const entries = names.map((name) => {
    if (!proxyVariables.includes(name)) return [name, env[name]] as const;
    return [name, callsVod(role) ? env[name] || env[name.toLowerCase()] : undefined] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ''));
}

function unreadableProblem(issue: { path: PropertyKey[]; message: string }): Problem {
  return { variable: issue.path[0] as VariableName, expected: issue.message };
}

function missing(given: Partial<Record<VariableName, string>>, values: Values, role: Role): Problem[] {
  const names = [...required[role]];
  if (role === 'webhook' && values.VOD_CALLBACK_AUTH === 'required') names.push('VOD_CALLBACK_KEYS');
  return names
    .filter((name) => given[name] === undefined)
    .map((name) => ({ variable: name, expected: `${neededText[name] ?? 'a value'} (${role} needs it)` }));
}

const neededText: Partial<Record<VariableName, string>> = {
  DATABASE_URL: 'a Postgres URL such as postgres://user:password@host:5432/name',
  API_KEYS: 'name:role:secret, comma-separated',
  VOD_CALLBACK_URL: 'the URL registered at VOD',
  VOD_CALLBACK_KEYS: 'the authentication key set at VOD (or VOD_CALLBACK_AUTH=hint)',
};

function contradictions(values: Values, role: Role): Problem[] {
  return [
    ...timing(values),
    ...keeping(values),
    ...callbackLength(values),
    ...halfAnAccessKey(values, role),
    ...halfAQueue(values, role),
    ...noPlaceForEvents(values, role),
    ...accountUrlAlone(values, role),
    ...onePortTwice(values),
  ];
}

function onePortTwice(values: Values): Problem[] {
  return (['API', 'WEBHOOK', 'WORKER'] as const).flatMap((process): Problem[] => {
    const [variable, other] = [`OPS_PORT_${process}`, `${process}_PORT`] as const;
    if (values[variable] !== values[other] || values[other] === 0) return [];
    return [{ variable, other, expected: `another port than ${other}`, got: `${values[variable]} for both` }];
  });
}

/** A claimed job waits up to half a second for its call, and whatever is late by then is late on the way as well. */
const CALL_WAITS_MS = 1_000;

function timing(values: Values): Problem[] {
  const { POLL_FIRST, POLL_MAX, LEASE, VOD_TIMEOUT } = values;
  const problems: Problem[] = [];
  if (POLL_FIRST > POLL_MAX) {
    const got = `${POLL_FIRST} ms and a POLL_MAX of ${POLL_MAX} ms`;
    problems.push({ variable: 'POLL_FIRST', other: 'POLL_MAX', expected: 'at most POLL_MAX', got });
  }
  // A call may spend the time-out on connecting and once more on waiting for the answer.
  if (LEASE < 2 * VOD_TIMEOUT + CALL_WAITS_MS) {
    const expected =
      'twice VOD_TIMEOUT and a second more at least, because a lease must outlive the call and the wait for it';
    const got = `${LEASE} ms and a VOD_TIMEOUT of ${VOD_TIMEOUT} ms`;
    problems.push({ variable: 'LEASE', other: 'VOD_TIMEOUT', expected, got });
  }
  return problems;
}

/** With the row gone and the key too, the same request once more would be a new one. */
function keeping({ RETENTION, KEY_RETENTION }: Values): Problem[] {
  if (RETENTION.ms === null || KEY_RETENTION.ms === null || KEY_RETENTION.ms >= RETENTION.ms) return [];
  const days = (ms: number) => `${ms / 86_400_000}d`;
  return [
    {
      variable: 'KEY_RETENTION',
      other: 'RETENTION',
      expected: 'at least RETENTION, because a request that is repeated after its key is forgotten is paid again',
      got: `${days(KEY_RETENTION.ms)} and a RETENTION of ${days(RETENTION.ms)}`,
    },
  ];
}

function callbackLength(values: Values): Problem[] {
  const url = values.VOD_CALLBACK_URL;
  if (url === undefined) return [];
  const longest = Math.max(...values.VOD_REGIONS.map((region) => Buffer.byteLength(fillRegion(url, region))));
  if (longest <= callbackUrlBytes) return [];
  return [
    {
      variable: 'VOD_CALLBACK_URL',
      expected: `at most ${callbackUrlBytes} bytes, which is VOD's limit`,
      got: `${longest} bytes`,
    },
  ];
}

function halfAnAccessKey(values: Values, role: Role): Problem[] {
  if (!callsVod(role)) return []; // the emulator needs both anyway, the others neither
  const id = values.ALIBABA_CLOUD_ACCESS_KEY_ID;
  const secret = values.ALIBABA_CLOUD_ACCESS_KEY_SECRET;
  const token = values.ALIBABA_CLOUD_SECURITY_TOKEN;
  if (id && !secret) return [halfKey('ALIBABA_CLOUD_ACCESS_KEY_SECRET', 'ALIBABA_CLOUD_ACCESS_KEY_ID')];
  if (secret && !id) return [halfKey('ALIBABA_CLOUD_ACCESS_KEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET')];
  if (token && !id) return [halfKey('ALIBABA_CLOUD_ACCESS_KEY_ID', 'ALIBABA_CLOUD_SECURITY_TOKEN')];
  return [];
}

function halfKey(variable: VariableName, other: VariableName): Problem {
  return { variable, expected: `a value, because ${other} is set` };
}

/** Who doesn't read the queue doesn't stumble over it. */
function halfAQueue(values: Values, role: Role): Problem[] {
  if (!callsVod(role)) return [];
  const { VOD_MNS_ENDPOINT: endpoint, VOD_MNS_QUEUE: queue, ALIBABA_CLOUD_ACCOUNT_ID: account } = values;
  if (endpoint && !queue) return [halfKey('VOD_MNS_QUEUE', 'VOD_MNS_ENDPOINT')];
  if (queue && !endpoint) return [halfKey('VOD_MNS_ENDPOINT', 'VOD_MNS_QUEUE')];
  const asking = (['VOD_MNS_ENDPOINT', 'VOD_MNS_QUEUE'] as const).find((name) => values[name]?.includes('{uid}'));
  if (account || !asking) return [];
  const expected = `the id of your account, which the console shows, because ${asking} has {uid}; or write the number there`;
  return [{ variable: 'ALIBABA_CLOUD_ACCOUNT_ID', other: asking, expected }];
}

/** The local mode has an URL of its own by the time when it starts a worker. */
function noPlaceForEvents(values: Values, role: Role): Problem[] {
  if (role !== 'worker') return [];
  const { VOD_CALLBACK_URL: url, VOD_MNS_QUEUE: queue } = values;
  const perJob = perJobOf(values);
  const because = 'because VOD_CALLBACK_PER_JOB has each submission name it';
  const other = 'VOD_CALLBACK_PER_JOB';
  if (perJob === 'queue' && !queue) return [{ variable: 'VOD_MNS_QUEUE', other, expected: `a value, ${because}` }];
  if (perJob === 'http' && !url) return [{ variable: 'VOD_CALLBACK_URL', other, expected: `a value, ${because}` }];
  if (values.VOD_CALLBACK_PER_JOB === 'true' && url && queue) {
    const expected = 'http or queue, because both VOD_CALLBACK_URL and VOD_MNS_QUEUE are set';
    return [{ variable: other, expected }];
  }
  return [];
}

/** Without the other nobody would look at it, and what VOD signs for that URL would be refused. */
function accountUrlAlone(
  { VOD_CALLBACK_ACCOUNT_URL: url, VOD_CALLBACK_PER_JOB: perJob }: Values,
  role: Role,
): Problem[] {
  if ((role !== 'webhook' && role !== 'local') || !url || perJob !== 'false') return [];
  const expected = 'true, http or queue, because VOD_CALLBACK_ACCOUNT_URL is set';
  return [{ variable: 'VOD_CALLBACK_PER_JOB', other: 'VOD_CALLBACK_ACCOUNT_URL', expected }];
}

function perJobOf({ VOD_CALLBACK_PER_JOB: asked, VOD_CALLBACK_URL: url, VOD_MNS_QUEUE: queue }: Values) {
  switch (asked) {
    case 'false':
      return null;
    case 'true':
      return queue && !url ? 'queue' : 'http';
    case 'http':
    case 'queue':
      return asked;
  }
}

/** The others never call VOD: what isn't handed out can't leak, least of all from the internet-facing webhook. */
function usesCredentials(role: Role): boolean {
  return callsVod(role) || role === 'emulator';
}

function credentialsFor(values: Values, role: Role): AccessKey | 'default-chain' | undefined {
  if (!usesCredentials(role)) return undefined;
  const accessKeyId = values.ALIBABA_CLOUD_ACCESS_KEY_ID;
  const accessKeySecret = values.ALIBABA_CLOUD_ACCESS_KEY_SECRET;
  const securityToken = values.ALIBABA_CLOUD_SECURITY_TOKEN;
  if (accessKeyId && accessKeySecret) return { accessKeyId, accessKeySecret, ...(securityToken && { securityToken }) };
  return role === 'worker' || role === 'vod' ? 'default-chain' : undefined;
}

function eventQueueOf(values: Values): EventQueueAddress | undefined {
  const { VOD_MNS_ENDPOINT: endpoint, VOD_MNS_QUEUE: queue, ALIBABA_CLOUD_ACCOUNT_ID: account = '' } = values;
  if (!endpoint || !queue) return undefined;
  return { endpoint: fillAccount(endpoint, account), queue: fillAccount(queue, account) };
}

function arrange(values: Values, role: Role): Config {
  const endpoint = values.VOD_ENDPOINT ?? (role === 'local' ? undefined : publicEndpoint);
  const credentials = credentialsFor(values, role);
  const eventQueue = callsVod(role) ? eventQueueOf(values) : undefined;
  return {
    ...(values.DATABASE_URL && { databaseUrl: values.DATABASE_URL }),
    ...(values.REDIS_URL && { redisUrl: values.REDIS_URL }),
    host: values.HOST,
    ports: {
      api: values.API_PORT,
      webhook: values.WEBHOOK_PORT,
      worker: values.WORKER_PORT,
      emulator: values.EMULATOR_PORT,
    },
    operationsPorts: {
      ...(values.OPS_PORT_API !== undefined && { api: values.OPS_PORT_API }),
      ...(values.OPS_PORT_WEBHOOK !== undefined && { webhook: values.OPS_PORT_WEBHOOK }),
      ...(values.OPS_PORT_WORKER !== undefined && { worker: values.OPS_PORT_WORKER }),
    },
    apiKeys: values.API_KEYS ?? [],
    callers: { rate: values.API_RATE, streams: values.API_STREAMS, waits: values.API_WAITS },
    ...(values.TRUST_PROXY && { trustedProxies: values.TRUST_PROXY }),
    ...(values.ENVIRONMENT_NAME && { environment: values.ENVIRONMENT_NAME }),
    vod: {
      regions: values.VOD_REGIONS,
      ...(endpoint && { endpoint }),
      ...(credentials && { credentials }),
      timeoutMs: values.VOD_TIMEOUT,
      proxy: {
        ...(values.HTTPS_PROXY && { https: values.HTTPS_PROXY }),
        ...(values.HTTP_PROXY && { http: values.HTTP_PROXY }),
        ...(values.NO_PROXY && { none: values.NO_PROXY }),
      },
      configExtras: values.VOD_CONFIG_EXTRA ?? [],
      callback: {
        ...(values.VOD_CALLBACK_URL && { url: values.VOD_CALLBACK_URL }),
        keys: values.VOD_CALLBACK_KEYS ?? [],
        auth: values.VOD_CALLBACK_AUTH,
        toleranceMs: values.VOD_CALLBACK_TOLERANCE,
        perJob: perJobOf(values),
        ...(values.VOD_CALLBACK_ACCOUNT_URL && { accountUrl: values.VOD_CALLBACK_ACCOUNT_URL }),
      },
      appId: values.VOD_APP_ID,
      ...(eventQueue && { eventQueue }),
    },
    limits: {
      submitQps: values.SUBMIT_QPS,
      collectQps: values.COLLECT_QPS,
      maxInFlight: values.MAX_IN_FLIGHT,
      dispatchWindow: amountAt(values.SUBMIT_QPS, values.DISPATCH_WINDOW),
    },
    alarms: {
      leaseMs: values.LEASE,
      pollFirstMs: values.POLL_FIRST,
      pollMaxMs: values.POLL_MAX,
      recoverAfterMs: values.RECOVER_AFTER,
      recoverGraceMs: values.RECOVER_GRACE,
      jobDeadlineMs: values.JOB_DEADLINE,
    },
    retention: {
      recordsMs: values.RETENTION.ms,
      eventBodiesMs: values.EVENT_BODY_RETENTION.ms,
      keysMs: values.KEY_RETENTION.ms,
    },
    deliveries: { allow: values.DELIVERY_ALLOW ?? [] },
    recovery: { by: values.RECOVER_BY, resendPinned: values.RESEND_PINNED },
    ...(values.FAILPOINTS === undefined ? {} : { failpoints: values.FAILPOINTS }),
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT ?? (role === 'local' ? 'pretty' : 'json') },
    emulator: { jobTimeMs: values.EMULATOR_JOB_TIME },
    weaknesses: weaknesses(values, role),
  };
}
