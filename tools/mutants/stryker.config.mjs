import { fileURLToPath } from 'node:url';
import suites from './suites.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const part = process.env['MUTANTS'] ?? 'domain';

export default {
  mutate: [...suites.parts[part].mutate, '!**/*.spec.ts'],
  // From the project's root Stryker would look for it beside itself.
  plugins: [here('node_modules/@stryker-mutator/jest-runner/dist/src/index.js')],
  testRunner: 'jest',
  jest: { configFile: here('jest.config.js'), enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  // Words can change without anybody being misled; who relies on one has a test for it.
  mutator: { excludedMutations: ['StringLiteral'] },
  // What is computed once, at the load, can't be told apart by test.
  ignoreStatic: true,
  concurrency: 3,
  timeoutMS: 10_000,
  tempDirName: '.data/mutants',
  ignorePatterns: ['.data', 'dist', 'coverage'],
  reporters: ['clear-text', 'progress-append-only', 'json'],
  clearTextReporter: { logTests: false, allowColor: false },
  jsonReporter: { fileName: `coverage/mutants-${part}.json` },
  allowConsoleColors: false,
};
