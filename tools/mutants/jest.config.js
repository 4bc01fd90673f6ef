const all = require('../../jest.config.js');

const [pure] = all.projects;

/** The tests beside the code that is mutated, as one project: Stryker counts by project. */
module.exports = {
  ...pure,
  rootDir: process.cwd(),
  roots: ['libs/domain', 'libs/vod', 'libs/lifecycle', 'libs/persistence'].map((place) => `<rootDir>/${place}`),
  testPathIgnorePatterns: ['/node_modules/'],
  setupFiles: [require.resolve('./apart.js')],
  testTimeout: all.testTimeout,
};
