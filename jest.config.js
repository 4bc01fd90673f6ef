const { availableParallelism } = require('node:os');

/** ES modules among what Nest, Fastify and their parts bring along. */
const esModules = [
  '@nestjs',
  '@borewit',
  '@isaacs',
  '@noble',
  '@tokenizer',
  'balanced-match',
  'brace-expansion',
  'content-disposition',
  'cookie',
  'file-type',
  'foreground-child',
  'glob',
  'jackspeak',
  'lru-cache',
  'minimatch',
  'minipass',
  'package-json-from-dist',
  'path-scurry',
  'set-cookie-parser',
  'strtok3',
  'toad-cache',
  'token-types',
  'uint8array-extras',
  'uuid',
];

/** Nest 12 and several of its dependencies are ES modules; on Node 20 jest can load them only after swc turned them into CommonJS. */
const shared = {
  testEnvironment: 'node',
  testRegex: '\\.(spec|e2e-spec)\\.ts$',
  moduleNameMapper: {
    '^@app/([a-z-]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^@app/([a-z-]+)/([a-z-]+)$': '<rootDir>/libs/$1/src/$2.ts',
  },
  // By .swcrc, like the build.
  transform: { '^.+\\.[cm]?[tj]s$': '@swc/jest' },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules.join('|')})/)`],
};

const withServers = {
  ...shared,
  globalSetup: '<rootDir>/test/setup/global-setup.ts',
  globalTeardown: '<rootDir>/test/setup/global-teardown.ts',
};

/** These break things, or make many of them, and wait for the end: minutes. `npm test` leaves them out, CI does not. */
const long = ['/test/faults/[^/]+\\.e2e-spec\\.ts$', '/test/load/[^/]+\\.spec\\.ts$', '/test/load\\.e2e-spec\\.ts$'];

/** These speak to the stores. What is tested elsewhere beside its code needs no server, and is over in seconds. */
const withStores = [
  'apps/migrate',
  'apps/retention',
  'libs/lifecycle',
  'libs/persistence',
  'libs/postgres',
  'libs/process',
  'libs/queue',
];

/** These stand among them and need no store all the same. */
const withoutStores = [
  'libs/lifecycle/src/deliver/message',
  'libs/lifecycle/src/deliver/schedule',
  'libs/lifecycle/src/recover/conclude',
  'libs/persistence/src/gather',
  'libs/queue/src/catalog',
  'libs/queue/src/queues.processors',
].map((spec) => `${spec}.spec.ts`);

module.exports = {
  testTimeout: 120_000,
  // Many wait now and then: for other processes, for time-outs, for a browser.
  maxWorkers: 2 * availableParallelism(),
  // What a suite leaves in its worker makes the next ones slower: an old worker is replaced.
  workerIdleMemoryLimit: '400MB',
  projects: [
    {
      ...shared,
      displayName: 'pure',
      roots: ['<rootDir>/apps', '<rootDir>/libs'],
      testPathIgnorePatterns: ['/node_modules/', `<rootDir>/(?!${withoutStores.join('|')})(${withStores.join('|')})/`],
    },
    {
      ...withServers,
      displayName: 'servers',
      roots: [...withStores.map((place) => `<rootDir>/${place}`), '<rootDir>/test'],
      testPathIgnorePatterns: ['/node_modules/', ...withoutStores, ...long],
    },
    { ...withServers, displayName: 'faults', roots: ['<rootDir>/test'], testRegex: long },
  ],
};
