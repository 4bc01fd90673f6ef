import { counter, each } from './metrics';
import { info, row, warn } from './row';

/** What labels of metrics can say, and nothing else. */
const wrongKeys = ['missing', 'malformed', 'unknown'] as const;
const limits = ['rate', 'streams', 'waits', 'exports'] as const;

/** Of those who call the api, and of strangers. */
export const callerSignals = {
  /** A person has a notice of VOD looked at again; `verdict` is what it had been. */
  'event.replayed': row<{ eventId: string; verdict: string; vodJobId: string; actor: string }>({ log: info }),

  /** A call without a key that is known: answered with 401, or with 429 when its address has sent too many of them. */
  'key.refused': row<{
    reason: (typeof wrongKeys)[number];
    /** Of the caller, as far as proxies are trusted: an IPv4 address, or the /64 of an IPv6 one. */
    address: string;
    method: string;
    route: string;
    throttled: boolean;
  }>({
    log: warn,
    foldBy: ({ address, throttled }) => `${address} ${throttled}`,
    metrics: [
      counter({
        name: 'vodai_api_keys_refused_total',
        help: 'Calls without a key that is known, answered with 401 or 429.',
        in: ['api'],
        series: () => each({ reason: wrongKeys, status: ['401', '429'] }),
        labels: ({ reason, throttled }) => ({ reason, status: throttled ? '429' : '401' }),
      }),
    ],
  }),

  /** A call that would have been more than its key may: answered with 429. */
  'caller.limited': row<{ client: string; limit: (typeof limits)[number] }>({
    log: warn,
    foldBy: ({ client, limit }) => `${client} ${limit}`,
    metrics: [
      counter({
        name: 'vodai_api_limited_total',
        help: 'Calls with a known key answered with 429, by what there was too much of.',
        in: ['api'],
        series: () => each({ limit: limits }),
        labels: ({ limit }) => ({ limit }),
      }),
    ],
  }),
};
