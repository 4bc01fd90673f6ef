const all = require('../../jest.config.js');

const [pure] = all.projects;

/** All suites of a part as one file, so that a mutant costs one load of TypeORM, BullMQ and the rest rather than twenty. */
module.exports = {
  ...pure,
  rootDir: process.cwd(),
  roots: ['<rootDir>/tools/mutants'],
  testRegex: 'tools/mutants/all\\.spec\\.js$',

  testTimeout: 20_000,
};
