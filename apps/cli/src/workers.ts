import type { WorkersAnswer } from '@app/contract';
import { Command } from 'commander';
import type { Column } from './screen';
import { inSession } from './session';
import { fromNow } from './words';

type Process = WorkersAnswer['items'][number];

const columns: Column<Process>[] = [
  { head: 'ROLE', of: ({ role }) => role },
  { head: 'HOST', of: ({ host }) => host },
  { head: 'VERSION', of: ({ version }) => version },
  { head: 'REGIONS', of: ({ regions }) => regions.join(',') },
  { head: 'SINCE', of: ({ startedAt }) => startedAt, shown: ({ startedAt }) => fromNow(startedAt, Date.now()) },
  {
    head: 'HEARD OF',
    of: ({ lastSeenAt }) => lastSeenAt,
    shown: ({ lastSeenAt }) => fromNow(lastSeenAt, Date.now()),
  },
  { head: 'ID', of: ({ id }) => id },
];

export function workersCommand(): Command {
  return new Command('workers')
    .description('the processes that run: all that have been heard of within the last minute')
    .addHelpText(
      'after',
      `
Through a pipe: role, host, version, regions, since, heard of, id, separated by tabs.

Examples:
  vodai workers
  vodai workers --json | jq -s 'map(select(.role == "worker")) | length'`,
    )
    .action((_options: object, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        const { items } = await api.workers();
        await screen.list(items, columns);
        if (!items.some(({ role }) => role === 'worker')) screen.note('no worker runs: jobs wait', 'yellow');
      }),
    );
}
