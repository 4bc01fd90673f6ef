import type { AttemptOutcome, PauseReason } from '@app/domain';
import type { DataSource } from 'typeorm';
import type { ClaimedDelivery } from './delivery.store';
import { Gather } from './gather';
import { toJson } from './rows';
import { transaction } from './transaction';

/** What has come of one try. */
export interface Attempt {
  outcome: AttemptOutcome;
  status: number | null;
  error: string | null;
  /** How the answer began: text that Postgres can store. */
  answerHead: string | null;
  durationMs: number;
}

/** What follows from it for the delivery, and for its endpoint if that did not hear. */
export type Then =
  | { state: 'delivered' }
  | {
      state: 'waiting' | 'failed';
      /** In how many ms it is tried again; null with `failed`. */
      inMs: number | null;
      /** The endpoint says that it is no more. */
      isGone: boolean;
      /** For how long the endpoint asks to be left alone. */
      restMs: number;
    };

interface Noted {
  delivery: Pick<ClaimedDelivery, 'id' | 'endpointId' | 'attempts' | 'isFailing'>;
  attempt: Attempt;
  follows: Then;
}

/** What came of deliveries. Times are the database's. */
export class AttemptStore {
  private readonly notes = new Gather((notes: Noted[]) => this.noteAll(notes), { batch: 100, lanes: 2 });

  constructor(private readonly db: DataSource) {}

  /**
   * Keeps what has come of a try, and what follows, in one transaction. An outcome that another one has overtaken, because the lease was
   * over or a person had the delivery sent again, is kept as an attempt and changes nothing, unless it says that the delivery has arrived.
   *
   * @returns why the endpoint is paused, if this has paused it
   */
  note(delivery: Noted['delivery'], attempt: Attempt, follows: Then): Promise<PauseReason | null> {
    return this.notes.add({ delivery, attempt, follows });
  }

  private async noteAll(notes: Noted[]): Promise<(PauseReason | null)[]> {
    const failed = notes.flatMap(({ delivery: { endpointId }, follows }) =>
      follows.state === 'delivered' ? [] : [{ endpointId, isGone: follows.isGone, restMs: follows.restMs }],
    );
    const heard = notes.flatMap(({ delivery: { endpointId, isFailing }, follows }) =>
      follows.state === 'delivered' && isFailing ? [endpointId] : [],
    );
    const rows = notes.map(({ delivery: { id, attempts }, attempt, follows }) => ({
      ...attempt,
      id,
      seen: attempts,
      state: follows.state,
      inMs: follows.state === 'delivered' ? null : follows.inMs,
    }));
    return transaction(this.db, async (tx) => {
      // Endpoints before deliveries, as whoever removes one does: so neither can keep the other waiting for ever.
      const paused = failed.length > 0 ? await tx.query<Paused[]>(noteFailing, [toJson(failed)]) : [];
      if (heard.length > 0) await tx.query(noteHearing, [heard]);
      await tx.last(noteAttempts, [toJson(rows)]);
      const reasons = new Map(paused.map(({ id, pauseReason }) => [id, pauseReason]));
      return notes.map(({ delivery: { endpointId }, follows }) => {
        if (follows.state === 'delivered') return null;
        const reason = reasons.get(endpointId) ?? null;
        reasons.delete(endpointId); // said once, however many failed together
        return reason;
      });
    });
  }
}

interface Paused {
  id: string;
  pauseReason: PauseReason | null;
}

/**
 * An endpoint rests for as long as it has been failing, a minute at most: the first failures cost nobody anything, and what is dead is
 * tried once a minute, whatever waits for it. After a day without a success it is paused.
 */
const noteFailing = `
  /* note failing */
  with failed as (
    select "endpointId" as id, bool_or("isGone") as gone, max("restMs") as rest_ms
      from jsonb_to_recordset($1::jsonb) as f("endpointId" uuid, "isGone" boolean, "restMs" float8)
     group by 1
  ), held as materialized (
    select endpoint.id, coalesce(failing_since, now()) as since, gone, rest_ms,
           failing_since <= now() - interval '1 day' as for_a_day
      from endpoint
      join failed on failed.id = endpoint.id
     where paused_at is null and deleted_at is null
     order by endpoint.id
       for no key update of endpoint
  )
  update endpoint
     set failing_since = held.since,
         rest_until = greatest(rest_until, now() + least(now() - held.since, interval '1 minute'),
                               now() + make_interval(secs => rest_ms / 1000)),
         paused_at = case when gone or for_a_day then now() end,
         pause_reason = case when gone then 'gone' when for_a_day then 'failing' end
    from held
   where endpoint.id = held.id
  returning endpoint.id, pause_reason as "pauseReason"`;

const noteHearing = `
  /* note hearing */
  with held as materialized (
    select id from endpoint where id = any($1::uuid[]) and failing_since is not null order by id for no key update
  )
  update endpoint set failing_since = null, rest_until = null from held where endpoint.id = held.id`;

/** What waits behind one about the same job is due when that is tried again, or now that it is over. */
const noteAttempts = `
  /* note attempts */
  with said as materialized (
    select *
      from jsonb_to_recordset($1::jsonb)
        as s(id uuid, seen integer, state text, "inMs" float8, outcome text, status integer, error text, "answerHead" text, "durationMs" integer)
  ), held as materialized (
    select delivery.id, endpoint_id, job_id, history_id, attempts + 1 as nth,
           case when said.state = 'delivered' then delivery.state <> 'delivered'
                else delivery.state = 'waiting' and attempts = seen end as counts
      from delivery
      join said on said.id = delivery.id
     order by delivery.id
       for update of delivery
  ), noted as (
    update delivery
       set attempts = nth,
           state = case when counts then said.state else delivery.state end,
           due_at = case when counts then now() + make_interval(secs => "inMs" / 1000) else due_at end,
           tries = tries + counts::int,
           tried_since = case when counts then coalesce(tried_since, now() - make_interval(secs => "durationMs"::float8 / 1000)) else tried_since end,
           last_status = case when counts then status else last_status end,
           last_error = case when counts then error else last_error end,
           settled_at = case when not counts then settled_at when said.state <> 'waiting' then now() end
      from held
      join said using (id)
     where delivery.id = held.id
  ), attempt as (
    insert into delivery_attempt (delivery_id, nth, at, duration_ms, outcome, status, error, answer_head)
    select id, nth, now() - make_interval(secs => "durationMs"::float8 / 1000), "durationMs", outcome, status, error, "answerHead"
      from held
      join said using (id)
  )
  update delivery
     set due_at = now() + make_interval(secs => coalesce("inMs", 0) / 1000)
    from held
    join said using (id)
   where counts and delivery.endpoint_id = held.endpoint_id and delivery.job_id = held.job_id
     and delivery.state = 'waiting' and delivery.history_id > held.history_id
     and delivery.id <> all (array(select id from held))  -- a row that is noted as well would be changed twice, which Postgres leaves out`;
