import { randomBytes } from 'node:crypto';
import type {
  DeliveryChanges,
  EndpointChange,
  EndpointChanges,
  EndpointFields,
  EndpointReads,
  EndpointRow,
  Whose,
} from '@app/persistence';
import { v7 as uuidv7 } from 'uuid';

/** Whether a URL may be called, by all that its host resolves to. */
export type CheckTarget = (url: string) => Promise<{ ok: true } | { ok: false; reason: string }>;

/** Each is told of every job that it asks for, so a client has few of them. */
export const ENDPOINTS_MAX = 50;

/** 32 bytes, in the form of Standard Webhooks. */
const SECRET_BYTES = 32;

type Refused = { outcome: 'refused_url'; reason: string };
type Missing = { outcome: 'no_such_endpoint'; id: string };

/** What a client does to have itself told: its endpoints. */
export class Subscribe {
  constructor(
    private readonly changes: EndpointChanges,
    private readonly reads: EndpointReads,
    private readonly deliveries: DeliveryChanges,
    private readonly checkTarget: CheckTarget,
  ) {}

  /** The secret is in this answer, and nowhere after that. */
  async add(
    fields: EndpointFields,
    client: string,
  ): Promise<
    { outcome: 'done'; endpoint: EndpointRow; secret: string } | Refused | { outcome: 'too_many' } | Missing
  > {
    const target = await this.checkTarget(fields.url);
    if (!target.ok) return { outcome: 'refused_url', reason: target.reason }; // guard: endpoint-checked-when-made
    const [id, secret] = [uuidv7(), newSecret()];
    const added = await this.changes.add({ ...fields, id, client, createdBy: client, secret }, ENDPOINTS_MAX);
    if (!added) return { outcome: 'too_many' };
    const shown = await this.shown(id, { client });
    return shown.outcome === 'done' ? { ...shown, secret } : shown;
  }

  async change(
    id: string,
    whose: Whose,
    change: EndpointChange,
  ): Promise<{ outcome: 'done'; endpoint: EndpointRow } | Refused | Missing> {
    // First: whoever asks about another's endpoint has nothing looked up.
    if (!(await this.reads.one(id, whose))) return missing(id);
    const target = change.url === undefined ? { ok: true as const } : await this.checkTarget(change.url);
    if (!target.ok) return { outcome: 'refused_url', reason: target.reason };
    const changed = await this.changes.change(id, whose, change);
    return changed ? this.shown(id, whose) : missing(id);
  }

  /** A new secret. The one before it signs beside it for a day. */
  async rotate(
    id: string,
    whose: Whose,
  ): Promise<{ outcome: 'done'; endpoint: EndpointRow; secret: string } | Missing> {
    const secret = newSecret();
    if (!(await this.changes.rotate(id, whose, secret))) return missing(id);
    const shown = await this.shown(id, whose);
    return shown.outcome === 'done' ? { ...shown, secret } : shown;
  }

  async remove(id: string, whose: Whose): Promise<{ outcome: 'done' } | Missing> {
    return (await this.changes.remove(id, whose)) ? { outcome: 'done' } : missing(id);
  }

  /** A message about no job. Answers the id of its delivery. */
  async test(id: string, whose: Whose): Promise<{ outcome: 'done'; deliveryId: string } | { outcome: 'paused' } | Missing> {
    const deliveryId = uuidv7();
    const { outcome } = await this.deliveries.addTest(deliveryId, id, whose);
    if (outcome === 'no_such_endpoint') return missing(id);
    return outcome === 'done' ? { outcome, deliveryId } : { outcome };
  }

  /** As it is after a change. */
  private async shown(id: string, whose: Whose): Promise<{ outcome: 'done'; endpoint: EndpointRow } | Missing> {
    const endpoint = await this.reads.one(id, whose);
    return endpoint ? { outcome: 'done', endpoint } : missing(id);
  }
}

function missing(id: string): Missing {
  return { outcome: 'no_such_endpoint', id };
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}
