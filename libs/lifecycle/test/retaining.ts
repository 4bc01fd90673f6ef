import {
  DeliveryRetention,
  MonthStore,
  RetentionReads,
  RetentionStore,
  type Dropped,
  type JobRow,
} from '@app/persistence';
import { v7 as uuidv7 } from 'uuid';
import type { Fixture } from '../../persistence/test/fixture';
import { Retain, type RetentionSettings } from '../src/retain';

export const DAY = 86_400_000;
export const settings: RetentionSettings = { recordsMs: 180 * DAY, eventBodiesMs: 30 * DAY, keysMs: 400 * DAY };
export const forEver: RetentionSettings = { recordsMs: null, eventBodiesMs: null, keysMs: null };

/** What lies in each table, all of it. */
const tables = [
  'job',
  'job_label',
  'history',
  'result',
  'submission',
  'request',
  'event',
  'dropped_job',
  'retention',
  'delivery',
  'delivery_attempt',
  'endpoint',
  'endpoint_secret',
];

/** Runs the retention on a database, and looks at what it has left. */
export class Retaining {
  constructor(readonly fixture: Fixture) {}

  retainOf(wanted = settings, db = this.fixture.db): Retain {
    const stores = {
      store: new RetentionStore(db),
      reads: new RetentionReads(db),
      months: new MonthStore(db),
      deliveries: new DeliveryRetention(db),
    };
    return new Retain({ ...stores, signals: this.fixture.signals, now: () => this.fixture.now }, wanted);
  }

  async run(wanted = settings): Promise<Dropped> {
    const ran = await this.retainOf(wanted).run();
    if (ran.outcome !== 'done') throw new Error(`the run is ${ran.outcome}`);
    return ran.dropped;
  }

  /** All rows as text, but for what says of itself when a run was. */
  async contents(): Promise<string> {
    const parts = tables.map(async (table) => {
      const rows = await this.fixture.query(`select to_jsonb(t) - 'ran_at' as row from ${table} as t order by 1`);
      return `${table}: ${JSON.stringify(rows)}`;
    });
    return (await Promise.all(parts)).join('\n');
  }

  async idsOf(table: string): Promise<string[]> {
    return (await this.fixture.query<{ id: string }>(`select id from ${table} order by id`)).map(({ id }) => id);
  }

  async receive(job: Pick<JobRow, 'vodJobId' | 'mediaId'>, body = 'a body'): Promise<string> {
    const id = uuidv7({ msecs: this.fixture.now.getTime() });
    const [vodJobId, mediaId] = [job.vodJobId ?? '', job.mediaId];
    await this.fixture.events().store(
      this.fixture.notice({
        id,
        vodJobId,
        mediaId,
        body: Buffer.from(body),
        bodyHash: id,
        receivedAt: this.fixture.now,
      }),
    );
    await this.fixture.matcher().match(100);
    return id;
  }

  async verdictOf(id: string) {
    const [event] = await this.fixture.query<{ verdict: string; reason: string | null; body: Buffer; size: number }>(
      `select verdict, reason, body, body_size as size from event where id = $1`,
      [id],
    );
    return event;
  }
}
