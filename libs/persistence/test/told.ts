import { createTestDatabase, type TestDatabase } from '@app/testing';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { createDataSource, DeliveryChanges, DeliveryReads, EndpointChanges, EndpointReads } from '../src';
import type { NewEndpoint } from '../src/endpoint.changes';

interface Delivery {
  endpoint_id: string;
  client: string;
  job_id: string | null;
  history_id: number | null;
  type: string;
  job: object | null;
  state: string;
  due_at: Date | null;
  tries: number;
  tried_since: Date | null;
  attempts: number;
  created_at: Date;
  settled_at: Date | null;
}

/** A database, what the api does in it with the login of its role, and what a worker would have written. */
export class Told {
  readonly endpoints: EndpointReads;
  readonly changes: EndpointChanges;
  readonly deliveries: DeliveryReads;
  readonly replays: DeliveryChanges;

  private constructor(
    private readonly database: TestDatabase,
    readonly api: DataSource,
    private readonly owner: Client,
  ) {
    this.endpoints = new EndpointReads(api);
    this.changes = new EndpointChanges(api);
    this.deliveries = new DeliveryReads(api);
    this.replays = new DeliveryChanges(api);
  }

  static async open(): Promise<Told> {
    const database = await createTestDatabase();
    const owner = new Client({ connectionString: database.url });
    await owner.connect();
    const api = createDataSource({ url: database.urlOf('api'), application: 'vodai-test' });
    return new Told(database, await api.initialize(), owner);
  }

  async close(): Promise<void> {
    await this.api.destroy();
    await this.owner.end();
    await this.database.drop();
  }

  /** As the owner of the tables. */
  async query<T extends object>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return (await this.owner.query<T>(sql, parameters)).rows;
  }

  /** A new endpoint of the client `otto`; answers its id. */
  async endpoint({ most = 1_000, ...more }: Partial<NewEndpoint> & { most?: number } = {}): Promise<string> {
    const id = uuidv7();
    await this.changes.add(draft({ ...more, id }), most);
    return id;
  }

  /** As a worker leaves it; answers its id. One that waits is due in an hour, and has been tried before. */
  async delivery(endpointId: string, more: Partial<Delivery> = {}, id = uuidv7()): Promise<string> {
    const isWaiting = (more.state ?? 'waiting') === 'waiting';
    const row: Delivery = {
      endpoint_id: endpointId,
      client: 'otto',
      job_id: null,
      history_id: null,
      type: 'job.failed',
      job: null,
      state: 'waiting',
      due_at: isWaiting ? new Date(Date.now() + 3_600_000) : null,
      tries: 4,
      tried_since: new Date(),
      attempts: 4,
      created_at: new Date(),
      settled_at: isWaiting ? null : new Date(),
      ...more,
    };
    const columns = Object.keys(row);
    await this.query(
      `insert into delivery (id, happened_at, ${columns.join(', ')})
       values ($1, now(), ${columns.map((_, i) => `$${i + 2}`).join(', ')})`,
      [id, ...Object.values(row)],
    );
    return id;
  }

  async row(deliveryId: string): Promise<Delivery & { isDue: boolean }> {
    const [row] = await this.query<Delivery & { isDue: boolean }>(
      `select *, coalesce(due_at <= now(), false) as "isDue" from delivery where id = $1`,
      [deliveryId],
    );
    if (!row) throw new Error(`no delivery ${deliveryId}`);
    return row;
  }
}

export function draft(more: Partial<NewEndpoint> = {}): NewEndpoint {
  return {
    id: uuidv7(),
    client: 'otto',
    createdBy: 'otto',
    secret: `whsec_${more.id ?? 'secret'}`,
    url: 'https://shop.example/vodai',
    events: ['job.succeeded', 'job.failed'],
    types: null,
    labels: {},
    includeResult: false,
    paused: false,
    ...more,
  };
}

export const otto = { client: 'otto' };
export const vera = { client: 'vera' };
