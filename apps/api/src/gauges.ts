import { isSilent, jobStates, jobTypes } from '@app/domain';
import { each, showSeen, type Registry } from '@app/observability';
import type { Standing } from '@app/persistence';

interface Seen extends Standing {
  workers: { regions: readonly string[] }[];
}

/**
 * What the whole database holds, shown by every api alike: of several apis the greatest counts, and never their sum.
 *
 * @param regions those that are shown even while nothing is in them: an alert has to see 0 before it sees 1
 */
export function showStanding(
  registry: Registry,
  regions: readonly string[],
  look: () => Promise<Seen>,
  now: () => number = Date.now,
): void {
  showSeen(registry, look, [
    {
      name: 'vodai_jobs',
      help: 'Jobs in each state.',
      labelNames: ['state', 'type', 'region'],
      series: ({ jobs }) =>
        each({ state: jobStates, type: jobTypes, region: merged(regions, jobs) }).map((labels) => ({
          labels,
          value: sum(
            jobs.filter(
              (one) => one.state === labels.state && one.type === labels.type && one.region === labels.region,
            ),
          ),
        })),
    },
    {
      name: 'vodai_jobs_in_flight',
      help: 'Jobs that VOD has, or may have.',
      labelNames: ['type', 'region'],
      series: ({ atVod }) =>
        each({ type: jobTypes, region: merged(regions, atVod) }).map((labels) => ({
          labels,
          value: sum(atVod.filter((one) => one.type === labels.type && one.region === labels.region)),
        })),
    },
    {
      name: 'vodai_oldest_wait_seconds',
      help: 'How long the job has waited that has waited longest to be sent; 0 while none waits.',
      labelNames: ['region'],
      series: ({ oldestQueued }) =>
        merged(regions, oldestQueued).map((region) => ({
          labels: { region },
          value: secondsSince(oldestQueued.find((one) => one.region === region)?.at, now()),
        })),
    },
    {
      name: 'vodai_late_alarm_seconds',
      help: 'How long the oldest job has been due that a living worker should have taken; 0 while there is none.',
      labelNames: ['region'],
      series: ({ late }) =>
        merged(regions, late).map((region) => ({
          labels: { region },
          value: secondsSince(late.find((one) => one.region === region)?.dueAt, now()),
        })),
    },
    {
      name: 'vodai_workers_alive',
      help: 'Workers heard of within the last minute that serve a region.',
      labelNames: ['region'],
      series: ({ workers, jobs }) => {
        // Also where nobody is left who names it: what waits there waits for ever.
        const waiting = jobs.filter(({ state, jobs: some }) => some > 0 && !isSilent(state));
        const served = workers.flatMap((worker) => worker.regions.map((region) => ({ region })));
        return merged(regions, [...served, ...waiting]).map((region) => ({
          labels: { region },
          value: workers.filter((worker) => worker.regions.includes(region)).length,
        }));
      },
    },
  ]);
}

function merged(regions: readonly string[], seen: readonly { region: string }[]): string[] {
  return [...new Set([...regions, ...seen.map(({ region }) => region)])];
}

function secondsSince(at: Date | undefined, nowMs: number): number {
  return at ? Math.max(0, (nowMs - at.getTime()) / 1000) : 0;
}

function sum(counts: readonly { jobs: number }[]): number {
  return counts.reduce((total, { jobs }) => total + jobs, 0);
}
