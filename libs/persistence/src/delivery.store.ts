import type { DeliveryType, PauseReason } from '@app/domain';
import type { DataSource } from 'typeorm';

/** One that is to be tried now, and is nobody else's for as long as the lease lasts. */
export interface ClaimedDelivery {
  id: string;
  endpointId: string;
  url: string;
  client: string;
  type: DeliveryType;
  /** Null: a test. */
  jobId: string | null;
  /** As it was when it happened. */
  job: unknown;
  happenedAt: Date;
  includeResult: boolean;
  /** Attempts so far. */
  attempts: number;
  /** Of these, how many failed since it was made, or since a person had it sent again. */
  tries: number;
  /** Since the first of those. */
  triedForMs: number;
  /** Whether its endpoint has failed since its last success. */
  isFailing: boolean;
  /** Those that are valid now, the newest first. */
  secrets: string[];
}

/** Deliveries in hand: of one endpoint, by this process. */
interface InHand {
  endpointId: string;
  count: number;
  /** How many it may be, claimed ones among them. */
  most: number;
}

interface Caps {
  /** How many to claim at most. */
  room: number;
  /** Of these, how many for endpoints that have one in hand by then: the rest is for those that have none. */
  roomForMore: number;
  /** Of an endpoint of which nothing is known, in hand and claimed together. One that fails gets one at a time, whatever is known. */
  ofOne: number;
}

/** How things stand with one kind of endpoint: those that go on, and those that are paused for a reason. */
interface DeliveryStanding {
  pauseReason: PauseReason | null;
  endpoints: number;
  /** So many at most as are counted of one endpoint. */
  waiting: number;
  /** Since the oldest of those was made. */
  oldestMs: number;
  /** For how long one has been due that nothing keeps from being sent: its endpoint hears. */
  overdueMs: number;
}

/** Deliveries are counted up to here for each endpoint: an index entry costs a microsecond or less. */
const COUNTED = 10_000;

/** Deliveries that wait. Times are the database's, so that no two clocks are compared. */
export class DeliveryStore {
  constructor(private readonly db: DataSource) {}

  /**
   * Takes deliveries that are due: of each endpoint the longest due first, of each job the earliest only, and as many of the one
   * endpoint as of the others when there is not room for all.
   */
  async claim(
    leaseMs: number,
    { room, roomForMore, ofOne }: Caps,
    inHand: readonly InHand[],
  ): Promise<ClaimedDelivery[]> {
    const busy = [
      inHand.map(({ endpointId }) => endpointId),
      inHand.map(({ count }) => count),
      inHand.map(({ most }) => most),
    ];
    const rows = await this.db.query<(ClaimedDelivery & { commit: string })[]>(claim, [
      leaseMs,
      room,
      ofOne,
      ...busy,
      roomForMore,
    ]);
    return rows.map(({ commit: _commit, ...claimed }) => claimed);
  }

  /** By the reason for which endpoints are paused; null are those that are not. A reason that nobody has is left out. */
  standing(): Promise<DeliveryStanding[]> {
    return this.db.query(standing);
  }

  /** For how long nobody has looked what there is to tell, in milliseconds; 0 without any endpoint. */
  async behindMs(): Promise<number> {
    const [row] = await this.db.query<{ ms: number }[]>(
      `select greatest(1000 * extract(epoch from now() - updated_at)::float8, 0) as ms
         from reader
        where name = 'tell' and exists (select from endpoint where deleted_at is null)`,
    );
    return row?.ms ?? 0;
  }
}

/**
 * $1 the lease in ms, $2 room, $3 the cap of one endpoint, $4 to $6 what is in hand, $7 room for more than one of an endpoint. Does not wait for the disk: a lease that a crash of
 * Postgres forgets was that of a delivery that is sent once more.
 */
// guard: claimed-once
const claim = `
  /* claim deliveries */
  with due as materialized (
    select endpoint.id as endpoint_id, coalesce(busy.count, 0) as in_hand, next.id, next.due_at
      from endpoint
      left join unnest($4::uuid[], $5::int[], $6::int[]) as busy(endpoint_id, count, most) on busy.endpoint_id = endpoint.id
     cross join lateral (
       select delivery.id, delivery.due_at
         from delivery
        where delivery.endpoint_id = endpoint.id and delivery.state = 'waiting' and delivery.due_at <= now()
          and not exists (select from delivery as earlier
                           where earlier.endpoint_id = delivery.endpoint_id and earlier.job_id = delivery.job_id
                             and earlier.state = 'waiting' and earlier.history_id < delivery.history_id)
        order by delivery.due_at, delivery.id
        limit greatest(case when endpoint.failing_since is null then coalesce(busy.most, $3::int) else 1 end - coalesce(busy.count, 0), 0)
          for update of delivery skip locked
     ) as next
     where endpoint.paused_at is null and endpoint.deleted_at is null
       and (endpoint.failing_since is null or endpoint.rest_until is null or endpoint.rest_until <= now())
  ), fair as (
    select id, due_at, in_hand + row_number() over (partition by endpoint_id order by due_at, id) as nth from due
  ), placed as (
    select id, nth, due_at, row_number() over (order by nth, due_at, id) as place from fair
  ), chosen as (
    select id, nth, due_at from placed where place <= case when nth = 1 then $2::int else least($2::int, $7::int) end
  ), taken as (
    update delivery
       set due_at = now() + make_interval(secs => $1::float8 / 1000)
      from chosen
     where delivery.id = chosen.id
    returning delivery.*, chosen.nth, chosen.due_at as was_due_at
  )
  select taken.id, taken.endpoint_id as "endpointId", endpoint.url, taken.client, taken.type, taken.job_id as "jobId", taken.job,
         taken.happened_at as "happenedAt", endpoint.include_result as "includeResult", taken.attempts, taken.tries,
         coalesce(1000 * extract(epoch from now() - taken.tried_since), 0)::float8 as "triedForMs",
         endpoint.failing_since is not null as "isFailing",
         array(select secret
                 from endpoint_secret
                where endpoint_secret.endpoint_id = taken.endpoint_id and (expires_at is null or expires_at > now())
                order by endpoint_secret.created_at desc) as secrets,
         set_config('synchronous_commit', 'off', true) as commit
    from taken
    join endpoint on endpoint.id = taken.endpoint_id
   order by taken.nth, taken.was_due_at, taken.id`;

const standing = `
  select endpoint.pause_reason as "pauseReason", count(*)::int as endpoints, coalesce(sum(counted.deliveries), 0)::int as waiting,
         coalesce(max(1000 * extract(epoch from now() - oldest.created_at)), 0)::float8 as "oldestMs",
         coalesce(max(1000 * extract(epoch from now() - due.due_at))
                  filter (where endpoint.paused_at is null and endpoint.failing_since is null and due.due_at < now()), 0)::float8 as "overdueMs"
    from endpoint
   cross join lateral (
     select count(*) as deliveries
       from (select from delivery
              where delivery.endpoint_id = endpoint.id and delivery.state = 'waiting'
              limit ${COUNTED}) as few
   ) as counted
    left join lateral (
      select created_at from delivery
       where delivery.endpoint_id = endpoint.id and delivery.state = 'waiting'
       order by delivery.id
       limit 1
    ) as oldest on true
    left join lateral (
      select due_at from delivery
       where delivery.endpoint_id = endpoint.id and delivery.state = 'waiting'
       order by delivery.due_at
       limit 1
    ) as due on true
   where endpoint.deleted_at is null
   group by endpoint.pause_reason`;
