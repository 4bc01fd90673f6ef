import { randomBytes } from 'node:crypto';
import type { Signals } from '@app/observability';
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
import type { By } from './replay';

/** Whether a URL may be called, by all that its host resolves to. */
export type CheckTarget = (url: string) => Promise<{ ok: true } | { ok: false; reason: string }>;

/** Each is told of every job that it asks for, so a client has few of them. */
export const ENDPOINTS_MAX = 50;

/** In the form of Standard Webhooks. */
const SECRET_BYTES = 32;

type Shown = { outcome: 'done'; endpoint: EndpointRow };
type WithSecret = Shown & { secret: string };
type Refused = { outcome: 'refused_url'; reason: string };
type Missing = { outcome: 'no_such_endpoint'; id: string };

/** What a client does to have itself told: its endpoints. */
export class Subscribe {
  constructor(
    private readonly changes: EndpointChanges,
    private readonly reads: EndpointReads,
    private readonly deliveries: DeliveryChanges,
    private readonly checkTarget: CheckTarget,
    private readonly signals: Pick<Signals, 'emit'>,
  ) {}

  /** For the jobs of `client`, whose key asks for it. The secret is in this answer, and nowhere after that. */
  async add(fields: EndpointFields, client: string): Promise<WithSecret | Refused | { outcome: 'too_many' } | Missing> {
    const target = await this.checkTarget(fields.url);
    if (!target.ok) return { outcome: 'refused_url', reason: target.reason }; // guard: endpoint-checked-when-made
    const [id, secret] = [uuidv7(), newSecret()];
    const added = await this.changes.add({ ...fields, id, client, createdBy: client, secret }, ENDPOINTS_MAX);
    if (!added) return { outcome: 'too_many' };
    return withSecret(await this.changed('added', id, { actor: client, whose: { client } }), secret);
  }

  async change(id: string, by: By, change: EndpointChange): Promise<Shown | Refused | Missing> {
    // First: whoever asks about another's endpoint has nothing looked up.
    if (!(await this.reads.one(id, by.whose))) return missing(id);
    const target = change.url === undefined ? { ok: true as const } : await this.checkTarget(change.url);
    if (!target.ok) return { outcome: 'refused_url', reason: target.reason };
    const isThere = await this.changes.change(id, by.whose, change);
    return isThere ? this.changed('changed', id, by) : missing(id);
  }

  /** A new secret. The one before it signs beside it for a day. */
  async rotate(id: string, by: By): Promise<WithSecret | Missing> {
    const secret = newSecret();
    const isThere = await this.changes.rotate(id, by.whose, secret);
    return isThere ? withSecret(await this.changed('rotated', id, by), secret) : missing(id);
  }

  async remove(id: string, by: By): Promise<{ outcome: 'done' } | Missing> {
    const endpoint = await this.reads.one(id, by.whose);
    if (!endpoint || !(await this.changes.remove(id, by.whose))) return missing(id);
    this.tell('removed', endpoint, by);
    return { outcome: 'done' };
  }

  /** A message about no job. Answers the id of its delivery. */
  async test(
    id: string,
    whose: Whose,
  ): Promise<{ outcome: 'done'; deliveryId: string } | { outcome: 'paused' } | Missing> {
    const deliveryId = uuidv7();
    const { outcome } = await this.deliveries.addTest(deliveryId, id, whose);
    if (outcome === 'no_such_endpoint') return missing(id);
    return outcome === 'done' ? { outcome, deliveryId } : { outcome };
  }

  /** As it is now. */
  private async changed(change: 'added' | 'changed' | 'rotated', id: string, by: By): Promise<Shown | Missing> {
    const endpoint = await this.reads.one(id, by.whose);
    if (!endpoint) return missing(id);
    this.tell(change, endpoint, by);
    return { outcome: 'done', endpoint };
  }

  /** By its host: the rest of a URL may be a secret of its receiver. */
  private tell(
    change: 'added' | 'changed' | 'rotated' | 'removed',
    { id: endpointId, client, url, pausedAt }: EndpointRow,
    { actor }: By,
  ): void {
    const { host } = new URL(url);
    this.signals.emit('endpoint.changed', { change, endpointId, client, host, paused: pausedAt !== null, actor });
  }
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

function withSecret(shown: Shown | Missing, secret: string): WithSecret | Missing {
  return shown.outcome === 'done' ? { ...shown, secret } : shown;
}

function missing(id: string): Missing {
  return { outcome: 'no_such_endpoint', id };
}
