import { parseArgs } from 'node:util';
import { benchBacklog } from './backlog';
import { benchEdge } from './edge';
import { benchHeld } from './held';
import { benchIdle } from './idle';
import { benchInspect } from './inspect';
import { benchIntake } from './intake';
import { benchMain } from './main';
import type { StoreKind } from './meter';
import { benchQuota } from './quota';
import { benchRetention } from './retention';
import { benchScreen } from './screen';
import { benchSoak } from './soak';
import { benchStream } from './stream';
import { benchTold } from './told';
import { benchUpgrade } from './upgrade';
import { benchVolume } from './volume';

const USAGE = `npm run bench -- main [--quick] [--jobs 10000] [--store redis|postgres] [--profile <folder>]
npm run bench -- backlog [--quick] [--jobs <queued>] [--store redis|postgres]
npm run bench -- quota [--quick] [--store redis|postgres]
npm run bench -- idle [--quick] [--store redis|postgres]
npm run bench -- held [--quick] [--minutes 10] [--store redis|postgres]
npm run bench -- volume [--quick] [--jobs 5000000] [--store redis|postgres]
npm run bench -- retention [--quick] [--jobs 100000] [--store redis|postgres]
npm run bench -- soak [--quick] [--minutes 60] [--rate <jobs a second>] [--store redis|postgres]
npm run bench -- upgrade --from <folder> [--quick] [--jobs 1000000] [--store redis|postgres]
npm run bench -- inspect [--jobs 1000000] [--plans]
npm run bench -- screen [--jobs 1000000]
npm run bench -- stream [--quick]
npm run bench -- edge [--quick] [--store redis|postgres]
npm run bench -- told [--quick] [--jobs 20000] [--store redis|postgres]
npm run bench -- intake [--quick] [--store redis|postgres] [--profile <folder>]

  main       the main path, from POST /v1/jobs to the stored result, with BullMQ on Redis and on Postgres
  backlog    what a deep backlog costs at VOD's own quota, and how soon an urgent job overtakes it
  quota      how much of VOD's quota one worker and four of them use, and how many calls are throttled
  idle       what every process costs while there is nothing to do
  held       the flow while somebody holds a transaction open, against the flow without
  volume     what a job costs in a database of millions of finished ones, against an empty one
  retention  how fast old jobs are dropped, by row and by month, while new ones come in
  soak       whether rate, latency, memory or tables creep in an hour at a steady rate
  upgrade    how long the migrations of a full database take, and what becomes of the jobs while the version before works on
  inspect    every list, filter, search and count of the api, over a table of a million jobs
  screen     how soon a change is on screen in a browser, and whether the page stays smooth, over the same table
  stream     what 500 listeners cost the api, and whether each of them is told everything
  edge       how much longer honest clients wait while strangers do what they are allowed to
  told       how soon a client hears of its jobs while other endpoints are dead, and what telling costs
  intake     how many events a second the webhook takes beside routes written by hand, how soon stored ones are
             matched, and how many a second a worker takes out of a queue
  --quick    some seconds: shows that everything works, its figures say nothing
  --jobs     jobs that each store gets in all; memory is compared before and after them
             (inspect, screen, volume, retention and upgrade: jobs in the table; backlog: only this depth)
  --from     a built checkout of the version before
  --minutes  how long it goes on
  --rate     jobs a second; without it 80 % of what a short burst shows
  --plans    prints how Postgres reads each list
  --store    only one of the two (held, volume, retention, soak, upgrade, edge, told and intake take one anyway: Redis, when there is one)
  --profile  writes a V8 CPU profile of every process into this folder (and slows them down)
`;

interface Options {
  quick: boolean;
  plans: boolean;
  jobs: number | undefined;
  minutes: number | undefined;
  rate: number | undefined;
  only: StoreKind | undefined;
  from: string | undefined;
  profile: string | undefined;
}

const MILLION = 1_000_000;

const benches: Record<string, (options: Options) => Promise<void>> = {
  main: ({ jobs = 10_000, ...options }) => benchMain({ ...options, jobs }),
  backlog: benchBacklog,
  quota: benchQuota,
  idle: benchIdle,
  held: benchHeld,
  volume: benchVolume,
  retention: benchRetention,
  soak: benchSoak,
  upgrade: benchUpgrade,
  inspect: ({ jobs = MILLION, plans }) => benchInspect({ jobs, plans }),
  screen: ({ jobs = MILLION }) => benchScreen({ jobs }),
  stream: benchStream,
  edge: benchEdge,
  told: benchTold,
  intake: benchIntake,
};

async function run(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      jobs: { type: 'string' },
      minutes: { type: 'string' },
      rate: { type: 'string' },
      plans: { type: 'boolean', default: false },
      store: { type: 'string' },
      from: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick, plans, profile, from, store: only } = values;
  const [jobs, minutes, rate] = [amountOf(values.jobs), amountOf(values.minutes), amountOf(values.rate)];
  const isKnown = only === undefined || only === 'redis' || only === 'postgres';
  const isUsable = [jobs, minutes, rate].every((amount) => amount === undefined || amount > 0);
  const [name = '', ...more] = positionals;
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (values.help || !bench || more.length > 0 || !isKnown || !isUsable || !Number.isInteger(jobs ?? 1)) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  await bench({ quick, plans, jobs, minutes, rate, only, from, profile });
}

/** Not a number is not above 0 either. */
function amountOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
