import type { ConfigFor } from '@app/config';
import { realClock, Retain } from '@app/lifecycle';
import { Signals } from '@app/observability';
import {
  DeliveryRetention,
  MonthStore,
  openDatabase,
  retainedTables,
  RetentionReads,
  RetentionStore,
  type Dropped,
} from '@app/persistence';

interface RetentionOptions {
  /** Only says what would be dropped. */
  dryRun: boolean;
  now?: () => Date;
}

/** One run of the retention by hand, with the rights of a worker. Answers what it has to say, line by line. */
export async function runRetention(
  { databaseUrl: url, retention }: Pick<ConfigFor<'retention'>, 'databaseUrl' | 'retention'>,
  { dryRun, now = realClock.now }: RetentionOptions,
): Promise<string[]> {
  const db = await openDatabase('worker', { url, silenceMs: 0 });
  try {
    const stores = {
      store: new RetentionStore(db),
      reads: new RetentionReads(db),
      months: new MonthStore(db),
      deliveries: new DeliveryRetention(db),
    };
    const deps = { ...stores, signals: new Signals(), now };
    const retain = new Retain(deps, retention);
    if (dryRun) return told('would be dropped now', await retain.plan());
    const ran = await retain.run();
    if (ran.outcome === 'elsewhere')
      return ['a worker is dropping just now: run it again later, or leave it to that one'];
    return told('dropped', ran.dropped);
  } finally {
    await db.destroy();
  }
}

/** One line for each table of which something goes: the rows, and the table. */
function told(what: string, dropped: Dropped): string[] {
  const lines = retainedTables.flatMap((table) => {
    const rows = dropped[table] ?? 0;
    return rows > 0 ? [`${rows.toLocaleString('en').padStart(14)} ${table}`] : [];
  });
  return lines.length > 0 ? [`${what}, rows by table:`, ...lines] : [`nothing ${what}`];
}
