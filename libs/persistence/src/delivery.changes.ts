import { TEST_MESSAGE, type DeliveryState } from '@app/domain';
import type { DataSource } from 'typeorm';
import { channels } from './channels';
import { madeBetween } from './delivery.reads';
import { ofClient, THERE, type Whose } from './endpoint.reads';
import { equal, Values, where } from './job.finder';

type TestOutcome = { outcome: 'done' | 'paused' | 'no_such_endpoint' };

export type ReplayOutcome =
  | { outcome: 'done' }
  | { outcome: 'no_such_delivery' }
  /** Waiting: it is made anyway. Dropped: its endpoint is gone. */
  | { outcome: 'wrong_state'; state: DeliveryState };

export interface ReplayRange {
  endpoint: string;
  /** When they were made. */
  from?: Date | undefined;
  to?: Date | undefined;
  only: 'failed' | 'all';
}

/** Made due in one statement: some ten milliseconds, for which whoever delivers may have to wait. */
const AT_A_TIME = 1_000;

/** What people do to deliveries. Times are the database's. */
export class DeliveryChanges {
  constructor(private readonly db: DataSource) {}

  /** A message that is about no job, due at once. */
  async addTest(id: string, endpointId: string, whose: Whose): Promise<TestOutcome> {
    const values = new Values();
    const conditions = [THERE, ...equal('endpoint.id', endpointId, values), ...ofClient(whose, values)];
    const [found] = await this.db.query<{ made: boolean }[]>(
      `with asked as (
         select id, client, paused_at is not null as paused from endpoint ${where(conditions)} for share
       ), made as (
         insert into delivery (id, endpoint_id, type, client, happened_at, due_at)
         select ${values.add(id)}::uuid, id, '${TEST_MESSAGE}', client, now(), now()
           from asked
          where not paused
         returning pg_notify('${channels.deliveryDue}', '')
       )
       select not paused as made, (select count(*) from made) from asked`,
      values.list,
    );
    if (!found) return { outcome: 'no_such_endpoint' };
    return { outcome: found.made ? 'done' : 'paused' };
  }

  /** Tells the same once more, under the same id. */
  async replay(id: string, whose: Whose): Promise<ReplayOutcome> {
    const values = new Values();
    const [row] = await this.db.query<{ state: DeliveryState; again: boolean }[]>(
      `with asked as (
         select delivery.id, delivery.state
           from delivery
           join endpoint on endpoint.id = delivery.endpoint_id
          ${where([...equal('delivery.id', id, values), ...ofClient(whose, values)])}
       ), again as (
         ${makeDue(`select id from asked`)}
       )
       select state, exists (select from again) as again from asked`,
      values.list,
    );
    if (!row) return { outcome: 'no_such_delivery' };
    return row.again ? { outcome: 'done' } : { outcome: 'wrong_state', state: row.state };
  }

  /** Answers how many are due again. In the order in which they were made, some at a time. */
  async replayAll({ endpoint, from, to, only }: ReplayRange, whose: Whose): Promise<number> {
    let sum = 0;
    let last = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const values = new Values();
      const conditions = [
        THERE,
        ...equal('delivery.endpoint_id', endpoint, values),
        ...ofClient(whose, values),
        `delivery.state in (${only === 'all' ? `'failed', 'delivered'` : `'failed'`})`,
        `delivery.id > ${values.add(last)}`,
        ...madeBetween(from, to, values),
      ];
      const rows = await this.db.query<{ id: string; again: boolean }[]>(
        `with next as (
           select delivery.id
             from delivery
             join endpoint on endpoint.id = delivery.endpoint_id
             ${where(conditions)}
            order by delivery.id
            limit ${AT_A_TIME}
         ), again as (
           ${makeDue(`select id from next`)}
         )
         select id, again.id is not null as again from next left join again using (id) order by id`,
        values.list,
      );
      sum += rows.filter(({ again }) => again).length;
      last = rows.at(-1)?.id ?? last;
      if (rows.length < AT_A_TIME) return sum;
    }
  }
}

/** A new series of tries, due now; while its endpoint is paused it waits for that to be over. */
const makeDue = (ids: string) => `
  update delivery
     set state = 'waiting', due_at = now(), tries = 0, tried_since = null, settled_at = null
    from endpoint
   where endpoint.id = delivery.endpoint_id and endpoint.deleted_at is null
     and delivery.id in (${ids}) and delivery.state in ('failed', 'delivered')
  returning delivery.id, pg_notify('${channels.deliveryDue}', '')`;
