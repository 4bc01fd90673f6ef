import type { AttemptOutcome, DeliveryState, DeliveryType } from '@app/domain';
import type { DataSource } from 'typeorm';
import { ofClient, type Whose } from './endpoint.reads';
import { equal, Values, where, type Page } from './job.finder';
import { endOfIdsUntil, firstIdSince } from './rows';

/** What an endpoint was told, or is to be told. */
export interface DeliveryRow {
  id: string;
  /** The id of its endpoint, and where that is by now. */
  endpoint: string;
  url: string;
  client: string;
  type: DeliveryType;
  jobId: string | null;
  state: DeliveryState;
  happenedAt: Date;
  createdAt: Date;
  dueAt: Date | null;
  attempts: number;
  lastStatus: number | null;
  lastError: string | null;
  settledAt: Date | null;
}

interface DeliveryTry {
  number: number;
  at: Date;
  durationMs: number;
  status: number | null;
  outcome: AttemptOutcome;
  error: string | null;
  /** How the answer began. */
  answer: string | null;
}

export interface WholeDelivery extends DeliveryRow {
  /** The job as it is told. */
  job: unknown;
  tries: DeliveryTry[];
}

export interface DeliveryFilter {
  endpoint?: string | undefined;
  states?: readonly DeliveryState[] | undefined;
  type?: DeliveryType | undefined;
  jobId?: string | undefined;
  createdFrom?: Date | undefined;
  createdTo?: Date | undefined;
}

/** What a page of a history shows at most: far more than a job's endpoints are told of so many lines. */
const OF_LINES = 2_000;

/** Deliveries, those to endpoints that were removed too. Reads only. */
export class DeliveryReads {
  constructor(private readonly db: DataSource) {}

  /** Newest first. */
  list(filter: DeliveryFilter, whose: Whose, { limit, before }: Page): Promise<DeliveryRow[]> {
    const values = new Values();
    return this.db.query(
      `select ${columns}
         from ${tables}
         ${where([...conditionsOf(filter, whose, values), ...(before ? [`delivery.id < ${values.add(before)}`] : [])])}
        order by delivery.id desc
        limit ${limit}`,
      values.list,
    );
  }

  /** Null also when it is another client's. */
  async one(id: string, whose: Whose): Promise<WholeDelivery | null> {
    const values = new Values();
    const [rows, tries] = await Promise.all([
      this.db.query<(DeliveryRow & { job: unknown })[]>(
        `select ${columns}, delivery.job
           from ${tables}
           ${where([...equal('delivery.id', id, values), ...ofClient(whose, values, 'delivery')])}`,
        values.list,
      ),
      this.tries(id),
    ]);
    return rows[0] ? { ...rows[0], tries } : null;
  }

  /** What was told of these lines of a job's history, by the ids of the lines; oldest first. */
  async ofLines(jobId: string, lineIds: readonly string[], whose: Whose): Promise<Map<string, DeliveryRow[]>> {
    if (lineIds.length === 0) return new Map();
    const values = new Values();
    const conditions = [
      ...equal('delivery.job_id', jobId, values),
      `delivery.history_id = any(${values.add(lineIds)}::bigint[])`,
      ...ofClient(whose, values, 'delivery'),
    ];
    const rows = await this.db.query<(DeliveryRow & { lineId: string })[]>(
      `select ${columns}, delivery.history_id as "lineId"
         from ${tables}
         ${where(conditions)}
        order by delivery.id
        limit ${OF_LINES}`,
      values.list,
    );
    const byLine = new Map<string, DeliveryRow[]>();
    for (const { lineId, ...row } of rows) byLine.set(lineId, [...(byLine.get(lineId) ?? []), row]);
    return byLine;
  }

  private tries(id: string): Promise<DeliveryTry[]> {
    return this.db.query(
      `select nth as number, at, duration_ms as "durationMs", status, outcome, error, answer_head as answer
         from delivery_attempt
        where delivery_id = $1
        order by nth`,
      [id],
    );
  }
}

const tables = 'delivery join endpoint on endpoint.id = delivery.endpoint_id';

const columns = `
  delivery.id, delivery.endpoint_id as endpoint, endpoint.url, delivery.client, delivery.type, delivery.job_id as "jobId",
  delivery.state, delivery.happened_at as "happenedAt", delivery.created_at as "createdAt",
  case when endpoint.paused_at is null then delivery.due_at end as "dueAt",
  delivery.attempts, delivery.last_status as "lastStatus", delivery.last_error as "lastError", delivery.settled_at as "settledAt"`;

function conditionsOf(filter: DeliveryFilter, whose: Whose, values: Values): string[] {
  const { endpoint, states, type, jobId, createdFrom, createdTo } = filter;
  return [
    ...ofClient(whose, values, 'delivery'),
    ...equal('delivery.endpoint_id', endpoint, values),
    // Each for itself: those that are few have indexes of their own.
    ...(states ? [`(${states.map((state) => `delivery.state = '${state}'`).join(' or ') || 'false'})`] : []),
    ...equal('delivery.type', type, values),
    ...equal('delivery.job_id', jobId, values),
    ...madeBetween(createdFrom, createdTo, values),
  ];
}

/** Times in terms of ids, which is what lies in order; `created_at` has the last word. */
export function madeBetween(from: Date | undefined, to: Date | undefined, values: Values): string[] {
  return [
    ...(from ? [`delivery.id >= ${values.add(firstIdSince(from))}`, `delivery.created_at >= ${values.add(from)}`] : []),
    ...(to ? [`delivery.id < ${values.add(endOfIdsUntil(to))}`, `delivery.created_at < ${values.add(to)}`] : []),
  ];
}
