import type { ClaimedDelivery, ResultRow } from '@app/persistence';
import { Webhook } from 'standardwebhooks';
import { BODY_MAX, bodyOf, headersOf, resultFor } from './message';

const happenedAt = new Date('2026-11-22T12:00:00.123Z');
const told = {
  type: 'job.succeeded',
  happenedAt,
  job: { id: 'job-1', state: 'succeeded' },
  jobId: 'job-1',
  includeResult: true,
} as const;

const result = {
  jobId: 'job-1',
  raw: '{"id":12345678901234567890}',
  normalized: { a: 1 },
  source: 'ListAIJob',
  readAt: happenedAt,
} satisfies ResultRow;

describe('What a client is told', () => {
  it('is what happened, when, and the job', () => {
    expect(bodyOf(told, null)).toBe(
      '{"type":"job.succeeded","timestamp":"2026-11-22T12:00:00.123Z","data":{"job":{"id":"job-1","state":"succeeded"}}}',
    );
  });

  it('has the result with it when it is wanted, byte for byte as VOD wrote it', () => {
    const body = bodyOf(told, result);
    expect(body).toContain('"raw":{"id":12345678901234567890}');
    expect(JSON.parse(body)).toMatchObject({
      data: { job: told.job, result: { normalized: { a: 1 }, source: 'ListAIJob', readAt: happenedAt.toISOString() } },
    });
  });

  it('has the path of a result that is too large', () => {
    const other = { job: told.job, resultUrl: '/v1/jobs/job-1/result' };
    const fits = 'x'.repeat(BODY_MAX - Buffer.byteLength(bodyOf(told, { ...result, raw: '' })));
    expect(Buffer.byteLength(bodyOf(told, { ...result, raw: fits }))).toBe(BODY_MAX);
    expect(JSON.parse(bodyOf(told, { ...result, raw: `${fits}x` })).data).toEqual(other);
    expect(JSON.parse(bodyOf(told, 'too_large')).data).toEqual(other);
  });

  it('is nothing but its type when it is a test', () => {
    const body = bodyOf({ ...told, type: 'endpoint.test', job: null, jobId: null }, null);
    expect(JSON.parse(body)).toEqual({ type: 'endpoint.test', timestamp: '2026-11-22T12:00:00.123Z', data: {} });
  });

  it('asks for a result only where there may be one that is wanted', async () => {
    const asked: string[] = [];
    const reads = { resultWithin: async (id: string) => (asked.push(id), result) };
    expect(await resultFor(told, reads)).toBe(result);
    expect(await resultFor({ ...told, includeResult: false }, reads)).toBeNull();
    expect(await resultFor({ ...told, type: 'job.failed' }, reads)).toBeNull();
    expect(await resultFor({ ...told, type: 'endpoint.test', jobId: null }, reads)).toBeNull();
    expect(asked).toEqual(['job-1']);
  });

  it('is signed by every secret that is valid, so that a receiver may know either', () => {
    const [old, young, other] = [
      'b2xkLW9sZC1vbGQtb2xkLW9sZC0=',
      'eW91bmcteW91bmcteW91bmcteW8=',
      'b3RoZXItb3RoZXItb3RoZXItb3Q=',
    ];
    const delivery = { id: 'delivery-1', secrets: [`whsec_${young}`, `whsec_${old}`] } as ClaimedDelivery;
    const body = bodyOf(told, null);
    const headers = headersOf(delivery, body, new Date());
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'delivery-1' });
    for (const secret of [old, young])
      expect(new Webhook(`whsec_${secret}`).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(`whsec_${other}`).verify(body, headers)).toThrow('No matching signature');
    expect(() => new Webhook(`whsec_${old}`).verify(`${body} `, headers)).toThrow('No matching signature');
  });
});
