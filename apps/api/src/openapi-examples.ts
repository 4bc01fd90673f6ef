import { byType, jobTypes, type JobType } from '@app/domain';
import { requestDropped } from './dropped';
import { deliveryExamples } from './openapi-delivery-examples';
import { invalid, Problem, tooMany, type ProblemCode } from './problems';

/** As the product answered, some tags left out. */
const job = {
  id: '01a22092-58dc-7068-ae21-7da2c22cec19',
  requestId: '01a22092-58dc-7068-ae21-793165788347',
  mediaId: '3d3d12340d92c641401fab46a0b847f1',
  region: 'cn-shanghai',
  type: 'AIVideoTag',
  state: 'succeeded',
  vodJobId: '6b04e182319d18bd2ddb98ee1b9d4a0f',
  attempts: 1,
  priority: 'normal',
  labels: { batch: '2026-11' },
  client: 'local',
  error: null,
  createdAt: '2026-11-28T05:13:11.680Z',
  submittedAt: '2026-11-28T05:13:11.889Z',
  finishedAt: '2026-11-28T05:13:14.000Z',
  settledAt: '2026-11-28T05:13:14.141Z',
  dueAt: null,
  version: 5,
};

const history = [
  {
    at: '2026-11-28T05:13:11.680Z',
    version: 1,
    event: 'created',
    from: null,
    to: 'queued',
    attempt: 0,
    actor: 'local',
    detail: {},
    text: 'Accepted by local',
  },
  {
    at: '2026-11-28T05:13:11.864Z',
    version: 2,
    event: 'claimed',
    from: 'queued',
    to: 'submitting',
    attempt: 1,
    actor: null,
    detail: { number: 1 },
    text: 'Attempt 1: a worker is sending it to VOD',
  },
  {
    at: '2026-11-28T05:13:12.120Z',
    version: 3,
    event: 'accepted',
    from: 'submitting',
    to: 'processing',
    attempt: 1,
    actor: null,
    detail: {
      attempt: 1,
      vodJobId: '6b04e182319d18bd2ddb98ee1b9d4a0f',
      vodRequestId: 'B7499BE0-B27B-4B6D-9640-ED5D0979AC6E',
    },
    text: 'VOD accepted attempt 1 as 6b04e182319d18bd2ddb98ee1b9d4a0f (RequestId B7499BE0-B27B-4B6D-9640-ED5D0979AC6E)',
  },
  {
    at: '2026-11-28T05:13:14.076Z',
    version: 4,
    event: 'event_received',
    from: 'processing',
    to: 'finished',
    attempt: 1,
    actor: null,
    detail: {
      status: 'success',
      eventId: '01a22092-6258-7623-b307-224a3d1f2f4d',
      vodJobId: '6b04e182319d18bd2ddb98ee1b9d4a0f',
      signature: 'valid',
    },
    text: "VOD's event says success (signature valid); reading the result",
  },
  {
    at: '2026-11-28T05:13:14.141Z',
    version: 5,
    event: 'read_succeeded',
    from: 'finished',
    to: 'succeeded',
    attempt: 1,
    actor: null,
    detail: { source: 'ListAIJob' },
    text: 'Read the result from ListAIJob: success',
  },
];

const event = {
  id: '01a22092-6258-7623-b307-224a3d1f2f4d',
  receivedAt: '2026-11-28T05:13:14.072Z',
  lastReceivedAt: '2026-11-28T05:13:14.072Z',
  copies: 1,
  region: 'cn-shanghai',
  source: 'http',
  signature: 'valid',
  verdict: 'matched',
  reason: null,
  eventType: 'AIVideoTagComplete',
  vodJobId: '6b04e182319d18bd2ddb98ee1b9d4a0f',
  mediaId: '3d3d12340d92c641401fab46a0b847f1',
  status: 'success',
  eventTime: '2026-11-28T05:13:14.000Z',
  jobId: '01a22092-58dc-7068-ae21-7da2c22cec19',
  bodySize: 384,
  bodyDroppedAt: null,
};

/** One that another environment of the same account asked for. */
const foreign = {
  ...event,
  id: '01a22092-4f10-7d33-b0a6-1c9d8e7f6a5b',
  receivedAt: '2026-11-28T05:13:09.136Z',
  lastReceivedAt: '2026-11-28T05:13:09.136Z',
  verdict: 'foreign',
  vodJobId: '1f0c5b2e9a4d4c6f8b7a3e2d1c0b9a8f',
  mediaId: '5a1d0c3e7b2f4e6d9c8b7a6f5e4d3c2b',
  jobId: null,
};

/** What one pair of headers has brought beyond what is kept of it. */
const overLimit = {
  ...event,
  id: '01a22091-b3f0-7a52-9a10-4f6d2c0b7e81',
  receivedAt: '2026-11-28T05:12:30.704Z',
  lastReceivedAt: '2026-11-28T05:12:59.981Z',
  copies: 2_317,
  verdict: 'ignored',
  reason:
    'over a limit for what no job here is known to be about: counted, not kept; the body is the beginning of the first',
  eventType: '',
  vodJobId: '',
  mediaId: null,
  status: '',
  eventTime: null,
  jobId: null,
  bodySize: 889_728,
};

const rang = { event: 'event_received', from: 'processing', to: 'finished', attempt: 1, actor: null };
const ran = { event: 'read_running', from: 'finished', to: 'processing', attempt: 1, actor: null };

/** Somebody has rung for the job with one captured pair of headers. */
const rungFor = [
  {
    ...rang,
    at: '2026-11-28T05:13:20.076Z',
    version: 4,
    detail: {
      status: 'success',
      eventId: '01a22092-79ac-7b1e-8c55-0f1e2d3c4b5a',
      vodJobId: job.vodJobId,
      signature: 'valid',
    },
    text: "VOD's event says success (signature valid); reading the result",
  },
  {
    ...ran,
    at: '2026-11-28T05:13:20.141Z',
    version: 5,
    detail: { vodJobId: job.vodJobId, status: 'Analysing' },
    text: 'Checked: VOD is still working on it (Analysing)',
  },
  {
    at: '2026-11-28T05:13:25.302Z',
    version: 29,
    event: 'folded',
    from: 'processing',
    to: 'processing',
    attempt: 1,
    actor: null,
    detail: { count: 12, until: '2026-11-28T05:14:21.377Z' },
    text: '12 more like these: events that changed nothing',
  },
];

const throughput = {
  accepted: 2,
  succeeded: 2,
  failed: 0,
  otherwise: 0,
  withoutEvent: 0,
  waitMs: { p50: 210, p95: 210 },
  processingMs: { p50: 1107, p95: 2100 },
};

const none = {
  queued: 0,
  submitting: 0,
  unconfirmed: 0,
  processing: 0,
  finished: 0,
  held: 0,
  succeeded: 0,
  failed: 0,
  canceled: 0,
  expired: 0,
};

/** Of what the document names, by its name. */
export const examples: Record<string, unknown> = {
  Request: {
    id: '01a22092-58dc-7068-ae21-793165788347',
    mediaId: '3d3d12340d92c641401fab46a0b847f1',
    region: 'cn-shanghai',
    priority: 'normal',
    labels: { batch: '2026-11' },
    client: 'local',
    extend: null,
    createdAt: '2026-11-28T05:13:11.680Z',
    deduplicated: false,
    jobs: [
      { id: '01a22092-58dc-7068-ae21-7da2c22cec19', type: 'AIVideoTag', state: 'queued' },
      { id: '01a22092-5900-779d-8470-bf7e7d156f63', type: 'AIMediaDNA', state: 'queued' },
    ],
  },
  Job: job,
  Jobs: { items: [job], nextCursor: job.id },
  History: { items: [...history.slice(0, 3), ...rungFor], nextCursor: '29' },
  Event: {
    ...event,
    body: '{"EventTime":"2026-11-28T05:13:14Z","EventType":"AIVideoTagComplete","JobId":"6b04e182319d18bd2ddb98ee1b9d4a0f","MediaId":"3d3d12340d92c641401fab46a0b847f1","Status":"success","Code":"0","Message":"OK","Data":"{\\"Category\\":[{\\"Tag\\":\\"Food\\"}],\\"Keyword\\":[{\\"Times\\":[\\"14897\\",\\"115585\\"],\\"Tag\\":\\"Kitchen\\"}],\\"Location\\":[{\\"Times\\":[\\"32431\\",\\"46114\\"],\\"Tag\\":\\"杭州\\"}]}"}',
  },
  Events: { items: [event, foreign, overLimit], nextCursor: overLimit.id },
  Evidence: {
    submissions: [
      {
        number: 1,
        types: ['AIVideoTag', 'AIMediaDNA'],
        signedAt: '2026-11-28T05:13:11.000Z',
        sentAt: '2026-11-28T05:13:11.889Z',
        answeredAt: '2026-11-28T05:13:12.120Z',
        outcome: 'accepted',
        vodRequestId: 'B7499BE0-B27B-4B6D-9640-ED5D0979AC6E',
        code: null,
        message: null,
        resends: 0,
        resentAt: null,
        nonceSeenAt: null,
      },
    ],
    unmatchedEvents: [],
    sameMedia: [],
  },
  Outlook: {
    reason: 'in_line',
    late: false,
    ahead: 14_058,
    aheadIsAtLeast: false,
    perSecond: 29.2,
    expectedAt: '2026-11-28T05:21:16.000Z',
    circuit: null,
    closedQueue: null,
    cap: null,
  },
  Workers: {
    items: [
      {
        id: '01a220b0-90ba-7499-ae1d-5ecbd3aff509',
        role: 'worker',
        host: 'vodai-worker-1',
        version: '0.1.0',
        regions: ['cn-shanghai'],
        limits: { submitQps: 30, collectQps: 20, maxInFlight: 0 },
        startedAt: '2026-11-28T05:00:00.000Z',
        lastSeenAt: '2026-11-28T05:13:10.000Z',
      },
    ],
  },
  Stats: {
    jobs: {
      total: 2,
      byState: { ...none, succeeded: 2 },
      byType: byType((type) => ({ ...none, succeeded: type === 'AIMediaAudit' ? 0 : 1 })),
    },
    progress: null,
    oldestDueAt: null,
    late: [],
    unserved: [],
    oldestUnmatchedEventAt: null,
    callbacksLost: 0,
    circuits: [],
  },
  Flow: {
    from: '2026-11-28T04:14:00.000Z',
    to: '2026-11-28T05:13:14.490Z',
    bucketMs: 60_000,
    buckets: [{ at: '2026-11-28T05:13:00.000Z', ...throughput }],
    total: throughput,
    atVod: [],
    queued: [],
    circuits: [],
    closedQueues: [],
    oldestDueAt: null,
    late: [],
    unserved: [],
  },
  ...deliveryExamples(job),
  StreamedChange: { change: history.at(-1), job },
  Me: {
    name: 'local',
    role: 'admin',
    regions: [{ region: 'cn-shanghai', types: jobTypes }],
    emulator: true,
  },
};

/** Of what has a shape for each type, one for each of them that differs. */
export const examplesByType: Record<string, Partial<Record<JobType, { value: unknown }>>> = {
  Result: {
    AIVideoTag: {
      value: {
        normalized: {
          type: 'AIVideoTag',
          tags: [
            { group: 'Category', tag: 'Food', timesMs: [] },
            { group: 'Keyword', tag: 'Kitchen', timesMs: [14897, 115585] },
            { group: 'Location', tag: '杭州', timesMs: [32431, 46114] },
          ],
          transcript: null,
        },
        raw: {
          Category: [{ Tag: 'Food' }],
          Keyword: [{ Times: ['14897', '115585'], Tag: 'Kitchen' }],
          Location: [{ Times: ['32431', '46114'], Tag: '杭州' }],
        },
        source: 'ListAIJob',
        readAt: job.settledAt,
      },
    },
    AIMediaAudit: {
      value: {
        normalized: {
          type: 'AIMediaAudit',
          suggestion: 'review',
          labels: ['porn'],
          checks: [
            {
              part: 'video',
              scene: 'porn',
              suggestion: 'review',
              label: 'sexy',
              score: 92.48,
              found: 1,
              moments: [{ atMs: 1005, label: 'sexy', score: 92.48 }],
            },
          ],
        },
        raw: {
          Suggestion: 'review',
          Label: 'porn',
          VideoResult: {
            Suggestion: 'review',
            Label: 'porn',
            PornResult: {
              Suggestion: 'review',
              Label: 'sexy',
              MaxScore: '92.4800000000',
              CounterList: [{ Label: 'sexy', Count: 1 }],
              TopList: [{ Label: 'sexy', Score: '92.4800000000', Timestamp: '1005' }],
            },
          },
        },
        source: 'GetAIMediaAuditJob',
        readAt: job.settledAt,
      },
    },
  },
};

/** What goes wrong, in the words of the product. */
const problems: Record<ProblemCode, Problem> = {
  invalid_request: invalid([{ path: 'limit', message: 'expected 1 to 200' }]),
  unauthorized: new Problem('unauthorized', 'expected the header "Authorization: Bearer <API key>"'),
  forbidden: new Problem('forbidden', 'this needs the role operator; the key "vera" is a viewer'),
  foreign_origin: new Problem('foreign_origin', 'expected a call of this origin, got one of https://evil.example'),
  not_found: new Problem('not_found', `there is no job ${job.id}`),
  no_result: new Problem('no_result', 'the job is processing'),
  method_not_allowed: new Problem('method_not_allowed', 'Route DELETE:/v1/jobs not found'),
  wrong_state: new Problem('wrong_state', 'the job is succeeded; this works in queued', { states: ['queued'] }),
  job_id_taken: new Problem('job_id_taken', "another job has this JobId of VOD's; see GET /v1/jobs?vodJobId="),
  endpoint_paused: new Problem(
    'endpoint_paused',
    'the endpoint is paused, and nothing is sent to it; let it go on first',
  ),
  too_many_endpoints: new Problem('too_many_endpoints', 'a client has 50 endpoints at most; remove one first'),
  request_dropped: requestDropped({
    id: job.requestId,
    acceptedAt: new Date('2026-05-28T05:13:11.680Z'),
    keptUntil: new Date('2026-11-24T05:13:11.680Z'),
  }),
  slow_body: new Problem('slow_body', 'the body came too slowly: expected all of it within 10 s'),
  too_large: new Problem('too_large', 'Request body is too large'),
  unsupported_media_type: new Problem('unsupported_media_type', 'expected content-type: application/json'),
  idempotency_mismatch: new Problem(
    'idempotency_mismatch',
    'expected the body that this Idempotency-Key came with first; take a new key',
  ),
  unsupported_in_region: new Problem('unsupported_in_region', 'VOD does not offer AIVideoTag in ap-southeast-1'),
  too_many_requests: tooMany('this key makes more than 2500 requests a second', 1),
  internal: new Problem('internal', 'the cause is in the log of this process'),
  unavailable: new Problem(
    'unavailable',
    'the database does not answer; try again, with the same Idempotency-Key if there was one',
  ),
};

/** By their codes. One that is not known here would be a slip in a controller. */
export function problemExamples(codes: string[]): Record<string, { value: object }> {
  return Object.fromEntries(
    codes.map((code) => {
      if (!(code in problems)) throw new Error(`${code} is no code of a problem`);
      return [code, { value: { ...problems[code as ProblemCode].body, requestId: event.id } }];
    }),
  );
}
