import { parseArgs } from 'node:util';
import { benchInspect } from './inspect';
import { benchMain } from './main';
import { benchScreen } from './screen';
import { benchStream } from './stream';

const USAGE = `npm run bench -- main [--quick] [--jobs 10000] [--store redis|postgres] [--profile <folder>]
npm run bench -- inspect [--jobs 1000000] [--plans]
npm run bench -- screen [--jobs 1000000]
npm run bench -- stream [--quick]

  main       the main path, from POST /v1/jobs to the stored result, with BullMQ on Redis and on Postgres
  inspect    every list, filter, search and count of the api, over a table of a million jobs
  screen     how soon a change is on screen in a browser, and whether the page stays smooth, over the same table
  stream     what 500 listeners cost the api, and whether each of them is told everything
  --quick    some seconds: shows that everything works, its figures say nothing
  --jobs     jobs that each store gets in all; memory is compared before and after them
             (inspect and screen: jobs in the table)
  --plans    prints how Postgres reads each list
  --store    only one of the two
  --profile  writes a V8 CPU profile of every process into this folder (and slows them down)
`;

async function run(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      jobs: { type: 'string' },
      plans: { type: 'boolean', default: false },
      store: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const only = values.store;
  const known = only === undefined || only === 'redis' || only === 'postgres';
  const [bench, ...more] = positionals;
  const jobs = Number(values.jobs ?? (bench === 'inspect' || bench === 'screen' ? 1_000_000 : 10_000));
  const usable = more.length === 0 && known && Number.isInteger(jobs) && jobs > 0;
  if (values.help || !usable || !['main', 'inspect', 'screen', 'stream'].includes(bench ?? '')) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  if (bench === 'inspect') await benchInspect({ jobs, plans: values.plans });
  else if (bench === 'screen') await benchScreen({ jobs });
  else if (bench === 'stream') await benchStream({ quick: values.quick });
  else await benchMain({ quick: values.quick, jobs, only, profile: values.profile });
}

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
