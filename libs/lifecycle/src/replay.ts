import type { Signals } from '@app/observability';
import type {
  DeliveryChanges,
  DeliveryReads,
  EndpointReads,
  ReplayOutcome,
  ReplayRange,
  Whose,
  WholeDelivery,
} from '@app/persistence';

/** Who does something, to what of whom. `actor` is the name of a key. */
export interface By {
  actor: string;
  whose: Whose;
}

type Missing = Extract<ReplayOutcome, { outcome: 'no_such_delivery' }>;

/** What people do to deliveries: the same is told once more, under the same id. */
export class Replay {
  constructor(
    private readonly changes: DeliveryChanges,
    private readonly deliveries: DeliveryReads,
    private readonly endpoints: EndpointReads,
    private readonly signals: Pick<Signals, 'emit'>,
  ) {}

  async one(
    id: string,
    { actor, whose }: By,
  ): Promise<
    { outcome: 'done'; delivery: WholeDelivery } | Extract<ReplayOutcome, { outcome: 'wrong_state' }> | Missing
  > {
    const replayed = await this.changes.replay(id, whose);
    if (replayed.outcome !== 'done') return replayed;
    const delivery = await this.deliveries.one(id, whose);
    if (!delivery) return { outcome: 'no_such_delivery' };
    this.signals.emit('delivery.replayed', {
      deliveries: 1,
      deliveryId: id,
      endpointId: delivery.endpoint,
      actor,
    });
    return { outcome: 'done', delivery };
  }

  /** All that failed at an endpoint, or all of a time. Answers how many; null when the endpoint is not there. */
  async all(range: ReplayRange, { actor, whose }: By): Promise<number | null> {
    if (!(await this.endpoints.one(range.endpoint, whose))) return null;
    const deliveries = await this.changes.replayAll(range, whose);
    this.signals.emit('delivery.replayed', { deliveries, endpointId: range.endpoint, actor });
    return deliveries;
  }
}
