import type { DataSource } from 'typeorm';
import type { Dropped } from './retention.store';

/** Looked at in one transaction. */
const DELIVERIES = 1_000;

/** Drops what was told long ago, batch by batch, as RetentionStore does. Deliveries go with their job before that. */
export class DeliveryRetention {
  constructor(private readonly db: DataSource) {}

  /** Drops the next deliveries that were over before a moment, whatever became of their jobs. */
  async dropDeliveries(overBefore: Date): Promise<{ dropped: Dropped; done: boolean }> {
    const [dropped] = await this.db.query<[Dropped & { delivery: number }]>(dropDeliveries, [overBefore]);
    return { dropped, done: dropped.delivery < DELIVERIES };
  }

  /** Drops endpoints that were removed before a moment, and of which no delivery is left. */
  async dropEndpoints(removedBefore: Date): Promise<Dropped> {
    const [dropped] = await this.db.query<[Dropped]>(
      `with gone as (
         delete from endpoint
          where deleted_at < $1 and not exists (select from delivery where delivery.endpoint_id = endpoint.id)
          returning id
       ), secrets as (
         delete from endpoint_secret where endpoint_id in (select id from gone) returning 1
       )
       select (select count(*)::int from gone) as endpoint, (select count(*)::int from secrets) as endpoint_secret`,
      [removedBefore],
    );
    return dropped;
  }

  /** Forgets secrets that nothing is signed with any more. */
  async dropSecrets(): Promise<Dropped> {
    const [{ dropped }] = await this.db.query<[{ dropped: number }]>(
      `with gone as (delete from endpoint_secret where expires_at <= now() returning 1) select count(*)::int as dropped from gone`,
    );
    return { endpoint_secret: dropped };
  }
}

const dropDeliveries = `
  /* drop deliveries */
  with old as materialized (
    select id from delivery where settled_at < $1 order by settled_at limit ${DELIVERIES} for update skip locked
  ), tries as (
    delete from delivery_attempt where delivery_id in (select id from old) returning 1
  ), deliveries as (
    delete from delivery where id in (select id from old) returning 1
  )
  select (select count(*)::int from deliveries) as delivery, (select count(*)::int from tries) as delivery_attempt`;
