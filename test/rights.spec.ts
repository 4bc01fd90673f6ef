import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { grantsFor } from '@app/persistence';
import { queueGrants } from '@app/queue';

describe("The guide's rights", () => {
  it('are those that the processes ask for', () => {
    const guide = readFileSync(join(__dirname, '../docs/operations.md'), 'utf8');
    const processes = (['api', 'worker', 'webhook'] as const).map((process) =>
      [`-- ${process}`, ...grantsFor(process, `vodai_${process}`)].join('\n'),
    );
    const queue = ['-- worker, when its queues are in Postgres', ...queueGrants('vodai_worker', 'vodai')].join('\n');
    expect(guide).toContain(['```sql', [...processes, queue].join('\n\n'), '```'].join('\n'));
  });
});
