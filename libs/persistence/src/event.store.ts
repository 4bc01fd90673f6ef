import type { EventSignature, EventSource, EventVerdict } from '@app/domain';
import type { DataSource } from 'typeorm';
import { Gather } from './gather';
import { toJson } from './rows';

/** A notice of VOD as received, with what could be read from its body. */
export interface Notice {
  id: string;
  receivedAt: Date;
  region: string;
  source: EventSource;
  signature: EventSignature;
  eventType: string;
  vodJobId: string;
  mediaId: string | null;
  status: string;
  eventTime: Date | null;
  extend: string | null;
  /** The body, or its head when it is too large to keep. */
  body: Buffer;
  bodySize: number;
  /** sha256 of the whole body. */
  bodyHash: string;
  /** `received`: it still has to be matched. Of the others nothing will come, and `reason` says why. */
  verdict: Extract<EventVerdict, 'received' | 'ignored' | 'rejected'>;
  reason: string | null;
}

/**
 * Keeps VOD's notices, by a function of the database: the login of the webhook can't touch a table. The caller answers 200 after
 * this resolves, never before.
 */
export class EventStore {
  private readonly stores = new Gather((notices: Notice[]) => this.storeAll(notices), {
    batch: 100,
    lanes: 2,
  });

  constructor(private readonly db: DataSource) {}

  /** `fresh` is false for a copy of a notice that is here already. */
  store(notice: Notice): Promise<{ fresh: boolean }> {
    return this.stores.add(notice);
  }

  private async storeAll(notices: Notice[]): Promise<{ fresh: boolean }[]> {
    const rows = await this.db.query<{ id: string }[]>(`/* keep event */ select id from keep_events($1::jsonb) as id`, [
      toJson(withCopies(notices).map(({ body, ...rest }) => ({ ...rest, bodyBase64: body.toString('base64') }))),
    ]);
    const ids = new Set(rows.map((row) => row.id));
    return notices.map(({ id }) => ({ fresh: ids.has(id) }));
  }
}

/**
 * One of each, with how often it is there. VOD's copies come at the same moment, and one statement cannot touch a row twice:
 * the batch would fail, and be stored again one by one.
 */
function withCopies(notices: Notice[]): (Notice & { copies: number })[] {
  const distinct = new Map<string, Notice & { copies: number }>();
  for (const each of notices) {
    const identity = JSON.stringify([each.region, each.eventType, each.vodJobId, each.status, each.bodyHash]);
    const first = distinct.get(identity);
    if (first) first.copies += 1;
    else distinct.set(identity, { ...each, copies: 1 });
  }
  return [...distinct.values()];
}
