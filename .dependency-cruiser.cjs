/** Arrows point down only: apps → lifecycle → persistence · queue · vod → domain. This file holds them. */

/** What each lib may import of ours, besides itself. Domain isn't here: it has a stricter rule of its own. */
const mayImport = {
  lifecycle: ['persistence', 'queue', 'vod', 'outbound', 'contract', 'domain', 'loop', 'config', 'observability'],
  // The three adapters don't know each other.
  persistence: ['postgres', 'domain', 'config', 'observability'],
  queue: ['postgres', 'domain', 'config', 'observability'],
  vod: ['domain', 'config', 'observability'],
  // What api, worker and webhook have in common.
  process: ['persistence', 'postgres', 'domain', 'config', 'observability'],
  // How a connection to Postgres is made, for both that make some.
  postgres: ['observability'],
  // What the outside sees: for the api, and for those that call it.
  contract: ['domain', 'config'],
  client: ['contract', 'domain'],
  'media-list': ['text'],
  loop: [],
  origin: [],
  outbound: [],
  'vod-emulator': ['config', 'origin'],
  observability: ['config', 'text'],
  config: [],
  text: [],
};

/**
 * The doors of the libs. The named ones let the webhook and the api in without the cloud client and the queue behind the
 * index, the page without zod, and a process that may not start without everything else.
 */
const doors = [
  '^libs/[^/]+/src/index\\.ts$',
  '^libs/lifecycle/src/(commands|receive)\\.ts$',
  '^libs/vod/src/(callback|offer)\\.ts$',
  '^libs/contract/src/(rules|views)\\.ts$',
  '^libs/observability/src/start\\.ts$',
  '^libs/process/src/run\\.ts$',
];

/** Tests, and what only tests use, may import sideways: a spec of vod talks to the emulator. */
const tests = ['\\.(e2e-)?spec\\.ts$', '^(test|bench|libs/testing|(apps|libs)/[^/]+/test)/'];

const cloudAndQueue = '(^|/)node_modules/(@alicloud/|@nestjs/bullmq/|bullmq/|ioredis/)';

const arrows = Object.entries(mayImport).map(([lib, others]) => ({
  name: `${lib}-arrows`,
  comment: `libs/${lib} may import, of ours: ${others.join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: `^libs/${lib}/`, pathNot: tests },
  to: { path: '^(apps|libs)/', pathNot: `^libs/(${[lib, ...others].join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...arrows,
    {
      name: 'domain-is-pure',
      comment: 'The domain imports nothing: no package, no other lib, no Node built-in',
      severity: 'error',
      from: { path: '^libs/domain/', pathNot: tests },
      to: { pathNot: '^libs/domain/' },
    },
    {
      name: 'lib-through-its-door',
      comment: 'Import a lib through its index.ts (@app/<lib>), or through one of the named second entries',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/[^/]+/src/', pathNot: ['^libs/$1/', ...doors] },
    },
    {
      name: 'lib-through-its-door-from-outside',
      comment: 'Import a lib through its index.ts (@app/<lib>), or through one of the named second entries',
      severity: 'error',
      from: { pathNot: '^libs/' },
      to: { path: '^libs/[^/]+/src/', pathNot: doors },
    },
    {
      name: 'apps-are-the-top',
      comment: 'Nothing below an app imports an app',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'migrations-below-persistence',
      comment: 'persistence knows the migrations and they know nothing of ours: what runs them is apps/migrate',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(apps|libs)/' },
    },
    {
      name: 'migrations-through-persistence',
      comment: 'Whoever wants the schema up to date asks @app/persistence for it',
      severity: 'error',
      from: { pathNot: '^(migrations|libs/persistence)/' },
      to: { path: '^migrations/' },
    },
    {
      name: 'apps-apart',
      comment: 'Apps never import each other; only apps/local composes them',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/local/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'local-through-the-index',
      comment: "apps/local composes the other apps' Nest modules through their src/index.ts",
      severity: 'error',
      from: { path: '^apps/local/' },
      to: { path: '^apps/', pathNot: ['^apps/local/', '^apps/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'cli-over-http',
      comment:
        'The command line speaks only the HTTP API: it knows the client, the domain, the shapes of the answers, how to read a file, and what a terminal may be shown',
      severity: 'error',
      from: { path: '^apps/cli/', pathNot: tests },
      to: { path: '^(apps|libs|migrations)/', pathNot: '^(apps/cli|libs/(client|contract|domain|media-list|text))/' },
    },
    {
      name: 'dashboard-in-a-browser',
      comment: 'The page knows the domain, the client of the API, the shapes of its answers, and how to read a file',
      severity: 'error',
      from: { path: '^apps/dashboard/', pathNot: tests },
      to: { path: '^(apps|libs|migrations)/', pathNot: '^(apps/dashboard|libs/(client|contract|domain|media-list))/' },
    },
    {
      name: 'media-list-in-a-browser',
      comment: 'The page reads the same files as the command line',
      severity: 'error',
      from: { path: '^libs/(media-list|text)/', pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'browser-without-schemas',
      comment:
        'Of the contract the page, the command line and the client take types and rules only: its schemas would bring zod and the environment along',
      severity: 'error',
      from: { path: '^(apps/(dashboard|cli)|libs/client)/', pathNot: tests },
      to: { path: '^libs/contract/', pathNot: '^libs/contract/src/rules\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'emulator-for-development',
      comment: 'Only the emulator, the local mode and tests run the emulator: production code talks to VOD_ENDPOINT',
      severity: 'error',
      from: { path: '^apps/', pathNot: ['^apps/(emulator|local)/', ...tests] },
      to: { path: '^libs/vod-emulator/' },
    },
    {
      name: 'testing-in-tests',
      comment: 'What only tests use stays in tests; the production image leaves it out',
      severity: 'error',
      from: { pathNot: tests },
      to: { path: tests },
    },
    {
      name: 'webhook-without-cloud-and-queue',
      comment:
        'The process that faces the internet must not even load a cloud client or a queue: import @app/vod/callback and @app/lifecycle/receive, not the indexes',
      severity: 'error',
      from: { path: '^apps/webhook/', pathNot: tests },
      to: { path: cloudAndQueue, reachable: true },
    },
    {
      name: 'api-without-cloud-and-queue',
      comment:
        'The api writes to Postgres and calls nobody: import @app/vod/offer and @app/lifecycle/commands, not the indexes',
      severity: 'error',
      from: { path: '^apps/api/', pathNot: tests },
      to: { path: cloudAndQueue, reachable: true },
    },
    {
      name: 'queue-alone-knows-bullmq',
      comment: 'Nothing but libs/queue knows whether BullMQ runs on Redis or on Postgres',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/queue/', ...tests] },
      to: { path: '(^|/)node_modules/(@nestjs/bullmq|bullmq|ioredis)/' },
    },
    {
      name: 'vod-alone-knows-the-cloud',
      comment: "Nothing but libs/vod knows Alibaba Cloud's packages",
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/vod/', ...tests] },
      to: { path: '(^|/)node_modules/@alicloud/' },
    },
    {
      name: 'image-without-dev-packages',
      comment:
        'The production image is installed with --omit=dev; only the local mode and tests may need more, and the dashboard, which is bundled',
      severity: 'error',
      from: { path: '^(apps|libs|migrations)/', pathNot: ['^apps/(local|dashboard)/', ...tests] },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
        // The logger loads it when it is there.
        pathNot: '(^|/)node_modules/pino-pretty/',
      },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Type-only imports are arrows too.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
