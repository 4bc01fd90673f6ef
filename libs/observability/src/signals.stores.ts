import { gauge } from './metrics';
import { debug, error, info, row, warn } from './row';

/** A full queue store must refuse what is new, which is due again later, rather than drop what is old in silence. */
const SAFE_EVICTION = 'noeviction';

type CredentialSource = 'environment' | 'default-chain';
type Store = 'postgres' | 'redis';

/** Of what a process needs to work: its stores, and at a worker its access key. */
export const storeSignals = {
  /** Looked for when a worker starts, before a job needs them. */
  'credentials.found': row<{ source: CredentialSource }>({ log: info }),

  'credentials.missing': row<{ source: CredentialSource }>({
    log: (missing) =>
      error({
        ...missing,
        effect: 'nothing can be submitted: jobs wait, none fails',
        mend: 'set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET and restart, or give this machine a RAM role',
      }),
  }),

  'store.trouble': row<{ store: Store; error: unknown }>({
    log: ({ store, error: err }) => error({ store, err }),
  }),

  'store.recovered': row<{ store: Store }>({ log: info }),

  /** What the queue store does with its keys when its memory is full; null when it does not tell. */
  'store.eviction': row<{ store: Store; policy: string | null }>({
    log: ({ store, policy }) => {
      if (policy === SAFE_EVICTION) return debug({ store, found: policy });
      if (policy === null) return info({ store, expected: SAFE_EVICTION, effect: 'the policy could not be seen' });
      return warn({
        store,
        found: policy,
        expected: SAFE_EVICTION,
        effect: 'when its memory is full it drops queue entries, and their jobs wait until they are due again',
        mend: `CONFIG SET maxmemory-policy ${SAFE_EVICTION}, and the same in the configuration of the server`,
      });
    },
    metrics: [
      gauge({
        name: 'vodai_queue_store_may_evict',
        help: '1 while the queue store drops entries when its memory is full. Missing where it does not tell.',
        in: ['worker'],
        labelNames: ['store'],
        labels: ({ store }) => ({ store }),
        value: ({ policy }) => (policy === null ? null : Number(policy !== SAFE_EVICTION)),
      }),
    ],
  }),
};
