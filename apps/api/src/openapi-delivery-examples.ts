const endpoint = {
  id: '01a22090-11c4-7d0e-9b5a-6f1e2d3c4b5a',
  client: 'shop',
  url: 'https://shop.example/vodai',
  events: ['job.succeeded', 'job.failed', 'job.held'],
  types: null,
  labels: {},
  includeResult: false,
  paused: false,
  pausedAt: null,
  pauseReason: null,
  failingSince: null,
  waiting: 0,
  secrets: [{ createdAt: '2026-11-28T05:10:42.180Z', expiresAt: null }],
  createdAt: '2026-11-28T05:10:42.180Z',
  createdBy: 'shop',
};

/** Not valid anywhere: it says so. */
const withSecret = { ...endpoint, secret: 'whsec_bm90IGEgc2VjcmV0LCBvbmx5IGFuIGV4YW1wbGU=' };

const delivery = {
  id: '01a22092-62a1-7c34-8e1f-90a1b2c3d4e5',
  endpoint: endpoint.id,
  url: endpoint.url,
  client: endpoint.client,
  type: 'job.succeeded',
  state: 'delivered',
  createdAt: '2026-11-28T05:13:14.152Z',
  dueAt: null,
  attempts: 2,
  lastStatus: 204,
  lastError: null,
  settledAt: '2026-11-28T05:13:19.730Z',
};

const tries = [
  {
    number: 1,
    at: '2026-11-28T05:13:14.160Z',
    durationMs: 212,
    status: 503,
    outcome: 'answered',
    error: 'HTTP 503',
    answer: 'Service Unavailable',
  },
  {
    number: 2,
    at: '2026-11-28T05:13:19.640Z',
    durationMs: 88,
    status: 204,
    outcome: 'delivered',
    error: null,
    answer: '',
  },
];

/** Of what the document names, by its name; of one job, as somebody was told of it. */
export function deliveryExamples(job: { id: string; client: string; settledAt: string }): Record<string, unknown> {
  const ofJob = { ...delivery, jobId: job.id, happenedAt: job.settledAt };
  return {
    Endpoint: endpoint,
    EndpointWithSecret: withSecret,
    Endpoints: { items: [endpoint], nextCursor: endpoint.id },
    Delivery: { ...ofJob, job: { ...job, client: endpoint.client }, tries },
    Deliveries: { items: [ofJob], nextCursor: ofJob.id },
    Replayed: { replayed: 12 },
  };
}
