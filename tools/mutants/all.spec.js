const { readdirSync } = require('node:fs');
const path = require('node:path');
const { parts } = require('./suites');

// Stryker's runners are jest processes that each take themselves for the first: each gets Redis databases of its own.
process.env.JEST_WORKER_ID = String(Number(process.env.STRYKER_MUTATOR_WORKER ?? 0) + 1);

const libs = path.join(__dirname, '../../libs');
const { specs } = parts[process.env.MUTANTS ?? 'domain'];
const files = readdirSync(libs, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.spec.ts') && specs.some((place) => `libs/${file}`.startsWith(place)))
  // It forbids whatever is loaded after it to load what makes calls.
  .filter((file) => file !== 'vod/src/callback.spec.ts')
  .toSorted();

for (const file of files) {
  describe(`libs/${file}`, () => {
    require(path.join(libs, file));
  });
}
