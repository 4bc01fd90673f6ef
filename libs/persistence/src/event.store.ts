import { listeningStates, type EventSignature, type EventSource, type EventVerdict } from '@app/domain';
import type { DataSource } from 'typeorm';
import { Gather } from './gather';
import { channels } from './channels';
import { inStates } from './in-states';
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

/** Keeps VOD's notices. The caller answers 200 after this resolves, never before. */
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
    // guard: copies-count-while-open
    const rows = await this.db.query<{ id: string; wake: unknown }[]>(
      `/* keep event */
       with kept as (
         insert into event (id, received_at, region, source, signature, event_type, vod_job_id, media_id, status, event_time,
                            extend, body, body_size, body_hash, copies, last_received_at, verdict, reason)
         select id, "receivedAt", region, source, signature, "eventType", "vodJobId", "mediaId", status, "eventTime",
                extend, decode("bodyBase64", 'base64'), "bodySize", "bodyHash", copies, "receivedAt",
                verdict, reason
           from jsonb_to_recordset($1::jsonb) as n(id uuid, "receivedAt" timestamptz, region text, source text,
                signature text, "eventType" text, "vodJobId" text, "mediaId" text, status text, "eventTime" timestamptz,
                extend text, "bodyBase64" text, "bodySize" integer, "bodyHash" text, copies integer, verdict text, reason text)
         on conflict (region, event_type, vod_job_id, status, body_hash) do update
            set copies = event.copies + excluded.copies,
                last_received_at = excluded.last_received_at,
                -- The first copy may have been forged or too early: while its job is open, it is matched again.
                verdict = case
                            when event.verdict = 'matched'
                             and exists (select from job where job.id = event.job_id and job.state ${inStates(listeningStates)})
                            then 'received' else event.verdict
                          end
         returning id, verdict
       )
       select id, case when verdict = 'received' then pg_notify($2, '') end as wake from kept`,
      [
        toJson(withCopies(notices).map(({ body, ...rest }) => ({ ...rest, bodyBase64: body.toString('base64') }))),
        channels.event,
      ],
    );
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
