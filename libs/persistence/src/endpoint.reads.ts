import type { JobType, NewsType, PauseReason } from '@app/domain';
import type { DataSource } from 'typeorm';
import { equal, Values, where, type Page } from './job.finder';

/** Where a client wants to be told of its jobs. */
export interface EndpointRow {
  id: string;
  client: string;
  url: string;
  events: NewsType[];
  /** Null: of all types. */
  types: JobType[] | null;
  labels: Record<string, string>;
  includeResult: boolean;
  pausedAt: Date | null;
  pauseReason: PauseReason | null;
  failingSince: Date | null;
  /** Deliveries that wait, so many at most as one counts. */
  waiting: number;
  /** The valid ones, newest first; what they are nobody but a worker reads. */
  secrets: { createdAt: Date; expiresAt: Date | null }[];
  createdAt: Date;
  createdBy: string;
}

/** As Postgres gives it, with the times within JSON as text. */
type FlatRow = Omit<EndpointRow, 'secrets'> & { secrets: { createdAt: string; expiresAt: string | null }[] };

/** Whose endpoints and deliveries somebody sees and changes. */
export type Whose = { client: string } | 'anybody';

/** Of one endpoint: of a page of them, these are read within some tens of milliseconds. */
const COUNTED = 1_000;

/** The endpoints that are not removed. Reads only. */
export class EndpointReads {
  constructor(private readonly db: DataSource) {}

  /** Newest first. */
  list(whose: Whose, { limit, before }: Page): Promise<EndpointRow[]> {
    const values = new Values();
    return this.read(
      [...ofClient(whose, values), ...(before ? [`endpoint.id < ${values.add(before)}`] : [])],
      values,
      limit,
    );
  }

  /** Null also when it is another client's. */
  async one(id: string, whose: Whose): Promise<EndpointRow | null> {
    const values = new Values();
    const [row] = await this.read([...equal('endpoint.id', id, values), ...ofClient(whose, values)], values, 1);
    return row ?? null;
  }

  private async read(conditions: string[], values: Values, limit: number): Promise<EndpointRow[]> {
    const rows = await this.db.query<FlatRow[]>(
      `select id, client, url, events, types, labels, include_result as "includeResult", paused_at as "pausedAt",
              pause_reason as "pauseReason", failing_since as "failingSince", created_at as "createdAt", created_by as "createdBy",
              (select count(*)::int
                 from (select from delivery where endpoint_id = endpoint.id and state = 'waiting' limit ${COUNTED}) as counted) as waiting,
              (select coalesce(jsonb_agg(jsonb_build_object('createdAt', created_at, 'expiresAt', expires_at)
                                         order by created_at desc), '[]')
                 from endpoint_secret as secret
                where secret.endpoint_id = endpoint.id and (expires_at is null or expires_at > now())) as secrets
         from endpoint
         ${where([THERE, ...conditions])}
        order by id desc
        limit ${limit}`,
      values.list,
    );
    return rows.map(({ secrets, ...row }) => ({
      ...row,
      secrets: secrets.map(({ createdAt, expiresAt }) => ({
        createdAt: new Date(createdAt),
        expiresAt: expiresAt === null ? null : new Date(expiresAt),
      })),
    }));
  }
}

/** Nobody has removed it. */
export const THERE = 'endpoint.deleted_at is null';

export function ofClient(whose: Whose, values: Values, table: 'endpoint' | 'delivery' = 'endpoint'): string[] {
  return whose === 'anybody' ? [] : equal(`${table}.client`, whose.client, values); // guard: own-endpoints-only
}
