import type { AttemptOutcome, DeliveryType, PauseReason } from '@app/domain';
import type { DataSource } from 'typeorm';
import { transaction } from './transaction';

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

/** What has come of one try. */
export interface Attempt {
  outcome: AttemptOutcome;
  status: number | null;
  error: string | null;
  /** How the answer began: text that Postgres can store. */
  answerHead: string | null;
  durationMs: number;
}

/** What follows from it. */
export type Then = { state: 'delivered' } | { state: 'waiting'; inMs: number } | { state: 'failed' };

/** Deliveries in hand: of one endpoint, by this process. */
export interface InHand {
  endpointId: string;
  count: number;
}

interface Caps {
  /** How many to claim at most. */
  room: number;
  /** Of one endpoint that hears, in hand and claimed together; one that fails gets one at a time. */
  ofOne: number;
}

/** How things stand with one kind of endpoint: those that go on, and those that are paused for a reason. */
export interface DeliveryStanding {
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

/** Times are the database's, so that no two clocks are compared. */
export class DeliveryStore {
  constructor(private readonly db: DataSource) {}

  /**
   * Takes deliveries that are due: of each endpoint the longest due first, of each job the earliest only, and as many of the one
   * endpoint as of the others when there is not room for all.
   */
  claim(leaseMs: number, { room, ofOne }: Caps, inHand: readonly InHand[]): Promise<ClaimedDelivery[]> {
    return this.db.query(claim, [
      leaseMs,
      room,
      ofOne,
      inHand.map(({ endpointId }) => endpointId),
      inHand.map(({ count }) => count),
    ]);
  }

  /**
   * What has come of a try, and what follows, in one transaction. An outcome that somebody else's has overtaken, because the lease
   * was over or a person had the delivery sent again, is kept as an attempt and changes nothing, unless it says that the delivery has arrived.
   *
   * @returns why the endpoint is paused, if this has paused it
   */
  async note(
    { id, endpointId, attempts, isFailing }: Pick<ClaimedDelivery, 'id' | 'endpointId' | 'attempts' | 'isFailing'>,
    { outcome, status, error, answerHead, durationMs }: Attempt,
    then: Then,
    /** Of the endpoint, which answered that it is gone, or for how long it wants to be left alone. */
    { isGone = false, restMs = 0 } = {},
  ): Promise<PauseReason | null> {
    return transaction(this.db, async (tx) => {
      // The endpoint before its delivery, as whoever removes one does: so neither can keep the other waiting for ever.
      let paused: PauseReason | null = null;
      if (then.state !== 'delivered') {
        const rows = await tx.query<{ pauseReason: PauseReason | null }[]>(noteFailing, [endpointId, isGone, restMs]);
        paused = rows[0]?.pauseReason ?? null;
      } else if (isFailing) {
        await tx.query(noteHearing, [endpointId]);
      }
      const inMs = then.state === 'waiting' ? then.inMs : null;
      await tx.last(noteAttempt, [id, attempts, then.state, inMs, outcome, status, error, answerHead, durationMs]);
      return paused;
    });
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

/** $1 the lease in ms, $2 room, $3 the cap of one endpoint, $4 and $5 what is in hand. */
// guard: claimed-once
const claim = `
  /* claim deliveries */
  with due as materialized (
    select endpoint.id as endpoint_id, next.id, next.due_at
      from endpoint
      left join unnest($4::uuid[], $5::int[]) as busy(endpoint_id, count) on busy.endpoint_id = endpoint.id
     cross join lateral (
       select delivery.id, delivery.due_at
         from delivery
        where delivery.endpoint_id = endpoint.id and delivery.state = 'waiting' and delivery.due_at <= now()
          and not exists (select from delivery as earlier
                           where earlier.endpoint_id = delivery.endpoint_id and earlier.job_id = delivery.job_id
                             and earlier.state = 'waiting' and earlier.history_id < delivery.history_id)
        order by delivery.due_at, delivery.id
        limit greatest(case when endpoint.failing_since is null then $3::int else 1 end - coalesce(busy.count, 0), 0)
          for update of delivery skip locked
     ) as next
     where endpoint.paused_at is null and endpoint.deleted_at is null
       and (endpoint.failing_since is null or endpoint.rest_until is null or endpoint.rest_until <= now())
  ), fair as (
    select id, due_at, row_number() over (partition by endpoint_id order by due_at, id) as nth from due
  ), chosen as (
    select id, nth, due_at from fair order by nth, due_at limit $2::int
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
                order by endpoint_secret.created_at desc) as secrets
    from taken
    join endpoint on endpoint.id = taken.endpoint_id
   order by taken.nth, taken.was_due_at, taken.id`;

const noteHearing = `
  /* note hearing */
  update endpoint set failing_since = null, rest_until = null where id = $1 and failing_since is not null`;

/**
 * An endpoint rests for as long as it has been failing, a minute at most: the first failures cost others nothing, and what is dead is
 * tried once a minute, whatever waits for it. After a day without a success it is paused.
 */
const noteFailing = `
  /* note failing */
  update endpoint
     set failing_since = coalesce(failing_since, now()),
         rest_until = greatest(rest_until, now() + least(now() - coalesce(failing_since, now()), interval '1 minute'),
                               now() + make_interval(secs => $3::float8 / 1000)),
         paused_at = case when $2::boolean or failing_since <= now() - interval '1 day' then now() end,
         pause_reason = case when $2::boolean then 'gone'
                             when failing_since <= now() - interval '1 day' then 'failing' end
   where id = $1 and paused_at is null and deleted_at is null
  returning pause_reason as "pauseReason"`;

/**
 * $1 delivery, $2 its attempts when it was claimed, $3 what becomes of it, $4 in how many ms it is due again. What waits behind it is due
 * when it is, or now that it is over.
 */
const noteAttempt = `
  /* note attempt */
  with held as materialized (
    select id, endpoint_id, job_id, history_id, attempts,
           case when $3 = 'delivered' then state <> 'delivered' else state = 'waiting' and attempts = $2::int end as counts
      from delivery
     where id = $1
       for update
  ), noted as (
    update delivery
       set attempts = held.attempts + 1,
           state = case when counts then $3 else delivery.state end,
           due_at = case when counts then now() + make_interval(secs => $4::float8 / 1000) else delivery.due_at end,
           tries = tries + counts::int,
           tried_since = case when counts then coalesce(tried_since, now() - make_interval(secs => $9::float8 / 1000)) else tried_since end,
           last_status = case when counts then $6::int else last_status end,
           last_error = case when counts then $7 else last_error end,
           settled_at = case when not counts then settled_at when $3 = 'waiting' then null else now() end
      from held
     where delivery.id = held.id
  ), attempt as (
    insert into delivery_attempt (delivery_id, nth, at, duration_ms, outcome, status, error, answer_head)
    select id, attempts + 1, now() - make_interval(secs => $9::float8 / 1000), $9::int, $5, $6::int, $7, $8 from held
  )
  update delivery
     set due_at = now() + make_interval(secs => coalesce($4::float8, 0) / 1000)
    from held
   where counts and delivery.endpoint_id = held.endpoint_id and delivery.job_id = held.job_id
     and delivery.state = 'waiting' and delivery.history_id > held.history_id`;

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
              limit ${COUNTED}) as some
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
