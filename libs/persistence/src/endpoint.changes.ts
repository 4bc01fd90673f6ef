import type { DataSource } from 'typeorm';
import { channels } from './channels';
import { ofClient, THERE, type EndpointRow, type Whose } from './endpoint.reads';
import { equal, Values, where } from './job.finder';
import { toJson } from './rows';
import { transaction, type Transaction } from './transaction';

/** What a client says of an endpoint. */
export type EndpointFields = Pick<EndpointRow, 'url' | 'events' | 'types' | 'labels' | 'includeResult'> & {
  paused: boolean;
};

export interface NewEndpoint extends EndpointFields {
  id: string;
  client: string;
  createdBy: string;
  secret: string;
}

/** What is undefined stays as it is. */
export type EndpointChange = { [Name in keyof EndpointFields]?: EndpointFields[Name] | undefined };

/** How long the secret before the present one signs as well: so long may a receiver take to learn the new one. */
const ROTATION = `interval '24 hours'`;

/** What people and clients do to endpoints. Times are the database's. */
export class EndpointChanges {
  constructor(private readonly db: DataSource) {}

  /** Answers false, and adds nothing, when the client has `most` already. */
  add(endpoint: NewEndpoint, most: number): Promise<boolean> {
    return transaction(this.db, async (tx) => {
      await beginToRead(tx);
      const [{ there }] = await tx.query<[{ there: number }]>(
        `select count(*)::int as there from endpoint where ${THERE} and client = $1`,
        [endpoint.client],
      );
      if (there >= most) return false; // guard: endpoints-per-client
      await tx.query(
        `insert into endpoint (id, client, url, events, types, labels, include_result, paused_at, pause_reason, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, case when $8 then now() end, case when $8 then 'person' end, $9)`,
        [
          endpoint.id,
          endpoint.client,
          endpoint.url,
          endpoint.events,
          endpoint.types,
          toJson(endpoint.labels),
          endpoint.includeResult,
          endpoint.paused,
          endpoint.createdBy,
        ],
      );
      await addSecret(tx, endpoint.id, endpoint.secret);
      await wake(tx); // without any endpoint nobody reads
      return true;
    });
  }

  /** Answers whether it is there. */
  change(id: string, whose: Whose, change: EndpointChange): Promise<boolean> {
    return this.toExisting(id, whose, async (tx, { paused: wasPaused }) => {
      const values = new Values();
      const { paused = wasPaused, ...fields } = change;
      const sets = [
        ...set('url', fields.url, values),
        ...set('events', fields.events, values),
        ...set('types', fields.types, values),
        ...set('labels', fields.labels && toJson(fields.labels), values),
        ...set('include_result', fields.includeResult, values),
        ...(paused && !wasPaused ? [`paused_at = now()`, `pause_reason = 'person'`] : []),
        ...(!paused && wasPaused ? ['paused_at = null', 'pause_reason = null'] : []),
        // What did not get through to another address, or to one that somebody has looked after, says nothing about this one.
        ...((!paused && wasPaused) || fields.url !== undefined ? ['failing_since = null', 'rest_until = null'] : []),
      ];
      if (sets.length > 0)
        await tx.query(`update endpoint set ${sets.join(', ')} where id = ${values.add(id)}`, values.list);
      // What has waited for hours for its next try goes to the new address at once.
      if (!paused && (wasPaused || fields.url !== undefined)) await wakeWaiting(tx, id);
    });
  }

  /** The secret from now on. The one before it is valid for a day, and those before that no more. */
  rotate(id: string, whose: Whose, secret: string): Promise<boolean> {
    return this.toExisting(id, whose, async (tx) => {
      await tx.query(
        `update endpoint_secret
            set expires_at = case when expires_at is null then now() + ${ROTATION} else now() end
          where endpoint_id = $1 and (expires_at is null or expires_at > now())`,
        [id],
      );
      await addSecret(tx, id, secret);
    });
  }

  /** What waits for it is dropped; what it was told stays in the list. */
  remove(id: string, whose: Whose): Promise<boolean> {
    return this.toExisting(id, whose, async (tx) => {
      await tx.query(`update endpoint set deleted_at = now() where id = $1`, [id]);
      await tx.query(`update endpoint_secret set expires_at = now() where endpoint_id = $1`, [id]);
      await tx.query(`update delivery set state = 'dropped', due_at = null, settled_at = now() where ${WAITING}`, [id]);
    });
  }

  private toExisting(
    id: string,
    whose: Whose,
    work: (tx: Transaction, endpoint: { paused: boolean }) => Promise<void>,
  ): Promise<boolean> {
    return transaction(this.db, async (tx) => {
      const values = new Values();
      const conditions = [THERE, ...equal('endpoint.id', id, values), ...ofClient(whose, values)];
      const [endpoint] = await tx.query<{ paused: boolean }[]>(
        `select paused_at is not null as paused from endpoint ${where(conditions)} for update`,
        values.list,
      );
      if (endpoint) await work(tx, endpoint);
      return endpoint !== undefined;
    });
  }
}

const WAITING = `endpoint_id = $1 and state = 'waiting'`;

/**
 * Whoever tells what happens reads nothing while there is no endpoint, so with the first one it begins at now. One adds after the other,
 * and looks whether there is one when it has the lock: it must not begin later than that one has.
 */
async function beginToRead(tx: Transaction): Promise<void> {
  await tx.query(
    `insert into reader (name, position) values ('tell', pg_current_snapshot()::text)
     on conflict (name) do update set updated_at = reader.updated_at`,
  );
  // guard: reader-moves-for-the-first
  await tx.query(
    `update reader
        set position = pg_current_snapshot()::text, updated_at = now()
      where name = 'tell' and not exists (select from endpoint where deleted_at is null)`,
  );
}

async function addSecret(tx: Transaction, endpointId: string, secret: string): Promise<void> {
  // Not now(): two of one moment would have no order.
  await tx.query(`insert into endpoint_secret (endpoint_id, secret, created_at) values ($1, $2, clock_timestamp())`, [
    endpointId,
    secret,
  ]);
}

/** A new series of tries for all that waits. */
async function wakeWaiting(tx: Transaction, endpointId: string): Promise<void> {
  await tx.query(`update delivery set due_at = now(), tries = 0, tried_since = null where ${WAITING}`, [endpointId]);
  await wake(tx);
}

async function wake(tx: Transaction): Promise<void> {
  await tx.query(`select pg_notify('${channels.deliveryDue}', '')`);
}

function set(column: string, value: unknown, values: Values): string[] {
  return value === undefined ? [] : [`${column} = ${values.add(value)}`];
}
