import { info, row } from './row';

/** Of what clients and people do to have somebody told; `actor` is the name of the key. */
export const endpointSignals = {
  /** From now on what happens to the jobs of `client` goes to `host`, or it does so no more. */
  'endpoint.changed': row<{
    change: 'added' | 'changed' | 'rotated' | 'removed';
    endpointId: string;
    client: string;
    host: string;
    paused: boolean;
    actor: string;
  }>({ log: info }),

  /** Deliveries are made again. */
  'delivery.replayed': row<{
    deliveries: number;
    /** When it is one alone. */
    deliveryId?: string | undefined;
    endpointId: string;
    actor: string;
  }>({ log: info }),
};
