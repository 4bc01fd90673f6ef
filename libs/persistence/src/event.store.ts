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
  verdict: Extract<EventVerdict, 'received' | 'foreign' | 'ignored' | 'rejected'>;
  reason: string | null;
}

/** What a body may have and still travel with many others: VOD's are a few kilobytes, a long transcript some hundreds. */
const SMALL_BYTES = 64 * 1024;

/** In one statement. Twice as many characters stand in the process for a moment, as JSON in Base64. */
const BATCH_BYTES = 1024 * 1024;

const bytes = { max: BATCH_BYTES, of: ({ body }: Notice) => body.length };

/** Of what is over a limit: the same for all, so that a JobId has one row for each of its ends. */
const ANY_BODY = 'over a limit';

const COUNTED =
  'over a limit for what no job here is known to be about: counted, not kept; the body is the beginning of the first';

/**
 * Keeps VOD's notices, by a function of the database: the login of the webhook can't touch a table. The caller answers 200 after
 * this resolves, never before.
 */
export class EventStore {
  private readonly small = new Gather((notices: Notice[]) => this.storeAll(notices), { batch: 100, lanes: 2, bytes });
  /** A lane of their own: a body of a megabyte takes as long as a hundred small ones, and these would wait for it. */
  private readonly large = new Gather((notices: Notice[]) => this.storeAll(notices), { batch: 100, lanes: 1, bytes });
  private readonly over = new Gather((notices: Notice[]) => this.storeKnown(notices), { batch: 100, lanes: 1, bytes });

  constructor(private readonly db: DataSource) {}

  /** `fresh` is false for a copy of a notice that is here already. */
  store(notice: Notice): Promise<{ fresh: boolean }> {
    const lane = notice.body.length <= SMALL_BYTES ? this.small : this.large; // guard: large-apart
    return lane.add(notice);
  }

  /**
   * For what is over a limit: stores it when it ends a job that we know, or may be the answer that a job has lost, and else only
   * counts it (`kept` is false): one row a minute says how many, how many bytes (up to 2 GiB), and since when.
   */
  storeOver(notice: Notice): Promise<{ kept: boolean; fresh: boolean }> {
    return this.over.add(notice);
  }

  private async storeAll(notices: Notice[]): Promise<{ fresh: boolean }[]> {
    const rows = await this.db.query<{ id: string }[]>(`/* keep event */ select id from keep_events($1::jsonb) as id`, [
      toJson(withCopies(notices).map(inBase64)),
    ]);
    const ids = new Set(rows.map((row) => row.id));
    return notices.map(({ id }) => ({ fresh: ids.has(id) }));
  }

  private async storeKnown(notices: Notice[]): Promise<{ kept: boolean; fresh: boolean }[]> {
    const distinct = withCopies(notices.map((notice) => ({ ...notice, bodyHash: ANY_BODY })));
    const rows = await this.db.query<{ id: string; fresh: boolean }[]>(
      `/* keep known event */ select kept as id, fresh from keep_known_events($1::jsonb, $2)`,
      [toJson(distinct.map(inBase64)), COUNTED],
    );
    const known = new Map(rows.map((row) => [row.id, row]));
    const firsts = new Map(distinct.map((notice) => [identityOf(notice), notice.id]));
    return notices.map((notice) => {
      const found = known.get(firsts.get(identityOf({ ...notice, bodyHash: ANY_BODY })) ?? '');
      return { kept: found !== undefined, fresh: found?.id === notice.id && found.fresh };
    });
  }
}

/** With all copies in one: how often it is there, and the size of all of them. */
type Distinct = Notice & { copies: number; bytes: number };

/**
 * One of each, with how often it is there. VOD's copies come at the same moment, and one statement cannot touch a row twice:
 * the batch would fail, and be stored again one by one.
 */
function withCopies(notices: Notice[]): Distinct[] {
  const distinct = new Map<string, Distinct>();
  for (const each of notices) {
    const identity = identityOf(each);
    const first = distinct.get(identity);
    if (first) {
      first.copies += 1;
      first.bytes += each.bodySize;
    } else distinct.set(identity, { ...each, copies: 1, bytes: each.bodySize });
  }
  return [...distinct.values()];
}

function identityOf({ region, eventType, vodJobId, status, bodyHash }: Notice): string {
  return JSON.stringify([region, eventType, vodJobId, status, bodyHash]);
}

function inBase64({ body, ...rest }: Distinct) {
  return { ...rest, bodyBase64: body.toString('base64') };
}
