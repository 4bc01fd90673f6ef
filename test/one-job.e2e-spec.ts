import { describeWithRedis, eventually } from '@app/testing';
import { Stack, type QueueStoreName } from './support/stack';

/**
 * The whole life of a request with all types, told once and run on both stores of BullMQ: HTTP in, the calls that submit
 * them signed and sent, VOD's event signed and received, the result read. Only VOD itself is an emulator.
 */
const life = (queue: QueueStoreName) => () => {
  const mediaId = '3d3d12340d92c641401fab46a0b847f1';
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({ queue });
  });
  afterAll(() => stack.stop());

  it('takes a media from one call to three results that were paid once', async () => {
    // A client asks. The answer comes after the commit, and everything else happens without it.
    const asked = await stack.call('POST', '/v1/jobs', {
      headers: { 'idempotency-key': 'order-42' },
      body: {
        mediaId,
        types: ['AIVideoTag', 'AIMediaDNA', 'AIMediaAudit'],
        config: {
          AIVideoTag: { AnalyseTypes: 'ASR,OCR', OrigASRData: true },
          AIMediaDNA: { DNADBId: '88c6ca18' },
          AIMediaAudit: { TemplateId: '9b3f1c2e' },
        },
        labels: { batch: '2026-11' },
        extend: 'order 42',
      },
    });
    expect(asked.status).toBe(202);
    expect(asked.body).toMatchObject({ mediaId, region: 'cn-shanghai', client: 'otto', deduplicated: false });
    expect(asked.body.jobs).toEqual([
      { id: expect.any(String), type: 'AIVideoTag', state: 'queued' },
      { id: expect.any(String), type: 'AIMediaDNA', state: 'queued' },
      { id: expect.any(String), type: 'AIMediaAudit', state: 'queued' },
    ]);

    // The client that lost the answer asks again, and gets the same request.
    const again = await stack.call('POST', '/v1/jobs', {
      headers: { 'idempotency-key': 'order-42' },
      body: {
        mediaId,
        types: ['AIMediaDNA', 'AIMediaAudit', 'AIVideoTag'],
        config: {
          AIMediaAudit: { TemplateId: '9b3f1c2e' },
          AIMediaDNA: { DNADBId: '88c6ca18' },
          AIVideoTag: { AnalyseTypes: 'ASR,OCR', OrigASRData: true },
        },
        labels: { batch: '2026-11' },
        extend: 'order 42',
      },
    });
    expect(again.status).toBe(200);
    expect(again.headers.get('idempotent-replay')).toBe('true');
    expect(again.body.id).toBe(asked.body.id);

    const [tagging, fingerprinting, review] = asked.body.jobs;

    // Whoever waits is told when it is over.
    const tagged = await stack.get(`/v1/jobs/${tagging.id}?wait=60s`);
    expect(tagged.body).toMatchObject({
      state: 'succeeded',
      attempts: 1,
      error: null,
      dueAt: null,
      requestId: asked.body.id,
    });
    const fingerprinted = await stack.untilJob(fingerprinting.id, 'succeeded');
    expect(fingerprinted.vodJobId).not.toBe(tagged.body.vodJobId);
    const reviewed = await stack.untilJob(review.id, 'succeeded');

    // The history is the story of what happened, in order.
    const story = await stack.history(tagging.id);
    expect(story.map((line) => `${line.from ?? '-'} → ${line.to}: ${line.event}`)).toEqual([
      '- → queued: created',
      'queued → submitting: claimed',
      'submitting → processing: accepted',
      'processing → finished: event_received',
      'finished → succeeded: read_succeeded',
    ]);
    expect(story.map((line) => line.version)).toEqual([1, 2, 3, 4, 5]);
    expect(story[0]).toMatchObject({ actor: 'otto', text: 'Accepted by otto' });
    expect(story[3]).toMatchObject({ detail: { signature: 'valid', status: 'success' } });

    // The result is VOD's own, and the same in one shape.
    const result = await stack.get(`/v1/jobs/${tagging.id}/result`);
    const [atVod] = stack.emulator.jobs({ mediaId }).filter((job) => job.jobId === tagged.body.vodJobId);
    expect(result.body.raw).toEqual(JSON.parse(atVod?.data ?? 'null'));
    expect(result.body).toMatchObject({ source: 'ListAIJob', normalized: { type: 'AIVideoTag' } });
    expect(result.body.normalized.transcript.sentences.length).toBeGreaterThan(0);
    expect((await stack.get(`/v1/jobs/${fingerprinting.id}/result`)).body.normalized.type).toBe('AIMediaDNA');

    // A review has its advice, and all its moments, also those that VOD's own result leaves out.
    const { body: audit } = await stack.get(`/v1/jobs/${review.id}/result`);
    const [auditAtVod] = stack.emulator.jobs({ mediaId }).filter((job) => job.jobId === reviewed.vodJobId);
    expect(audit.raw).toEqual(JSON.parse(auditAtVod?.data ?? 'null'));
    expect(audit).toMatchObject({ source: 'GetAIMediaAuditJob', normalized: { type: 'AIMediaAudit' } });
    expect(audit.normalized.suggestion).toBe(audit.raw.Suggestion);
    for (const { found, moments } of audit.normalized.checks) expect(moments).toHaveLength(found);

    // VOD's three events are kept, each with the job that it was about.
    const events = await eventually('all events are matched', async () => {
      const { body } = await stack.get('/v1/events?verdict=matched');
      return body.items.length === 3 ? body.items : null;
    });
    expect(new Set(events.map((event: any) => event.jobId))).toEqual(
      new Set([tagging.id, fingerprinting.id, review.id]),
    );

    // One call for two jobs, one for the third, three bills; and nothing is left to do.
    const { billed, calls } = stack.emulator.ledger();
    expect(billed).toBe(3);
    expect(calls['SubmitAIJob']?.ok).toBe(1);
    expect(calls['SubmitAIMediaAuditJob']?.ok).toBe(1);
    expect((await stack.get('/v1/stats')).body).toMatchObject({
      jobs: { total: 3, byState: { succeeded: 3 } },
      oldestDueAt: null,
      oldestUnmatchedEventAt: null,
      callbacksLost: 0,
    });
  });
};

describe('One job, with BullMQ on Postgres', life('postgres'));
describeWithRedis('One job, with BullMQ on Redis', life('redis'));
