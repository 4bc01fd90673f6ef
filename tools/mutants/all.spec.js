const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const { parts } = require('./suites');

// Stryker's runners are jest processes that each take themselves for the first: each gets Redis databases of its own.
process.env.JEST_WORKER_ID = String(Number(process.env.STRYKER_MUTATOR_WORKER ?? 0) + 1);

const root = join(__dirname, '../..');
const { specs } = parts[process.env.MUTANTS ?? 'domain'];
const paths = readdirSync(join(root, 'libs'), { recursive: true })
  .map((path) => join('libs', path))
  .filter((path) => path.endsWith('.spec.ts') && specs.some((place) => path.startsWith(place)))
  // It forbids whatever is loaded after it to load what makes calls.
  .filter((path) => path !== 'libs/vod/src/callback.spec.ts')
  .toSorted();

for (const path of paths) {
  describe(path, () => {
    require(join(root, path));
  });
}
