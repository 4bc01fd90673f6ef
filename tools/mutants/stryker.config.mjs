import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What decides over money and jobs. `npm run mutants -- --mutate <glob>` takes a part of it. */
export default {
  mutate: [
    'libs/domain/src/**/*.ts',
    'libs/vod/src/**/*.ts',
    'libs/lifecycle/src/**/*.ts',
    'libs/persistence/src/{door,job.store,submission.store,event.matcher}.ts',
    '!**/*.spec.ts',
    // They stop a process where a fault test says so.
    '!libs/lifecycle/src/failpoints.ts',
  ],
  // From the project's root Stryker would look for both beside itself.
  plugins: [here('node_modules/@stryker-mutator/jest-runner/dist/src/index.js')],
  testRunner: 'jest',
  jest: { configFile: here('jest.config.js'), enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  // Words can change without anybody being misled; who relies on one has a test for it.
  mutator: { excludedMutations: ['StringLiteral'] },
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 20_000,
  tempDirName: '.data/mutants',
  reporters: ['clear-text', 'progress-append-only', 'json'],
  clearTextReporter: { logTests: false, allowColor: false },
  jsonReporter: { fileName: 'coverage/mutants.json' },
  ignorePatterns: ['.data', 'dist', 'coverage'],
  allowConsoleColors: false,
};
