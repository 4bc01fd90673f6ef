import { eventually } from '@app/testing';
import { runRetention } from '../apps/retention/src/retention';
import { Stack } from './support/stack';

const DAY = 86_400_000;
const retention = { recordsMs: 180 * DAY, eventBodiesMs: 30 * DAY, keysMs: 400 * DAY };
const body = { mediaId: 'kept-for-long', types: ['AIVideoTag'] };
const headers = { 'idempotency-key': 'once' };

/** What the outside hears of what was dropped. The workers of the stack have their own clock, on which nothing is old. */
describe('What has been kept for long enough', () => {
  let stack: Stack;
  let databaseUrl: string;
  beforeAll(async () => {
    stack = await Stack.start();
    databaseUrl = stack.database.urlOf('worker');
  });
  afterAll(() => stack.stop());

  const later = (days: number) => () => new Date(Date.now() + days * DAY);
  const run = (days: number, dryRun = false) => runRetention({ databaseUrl, retention }, { dryRun, now: later(days) });
  const dayAfter = (days: number) => later(days)().toISOString().slice(0, 10);

  it('is said by the dry run, goes with the run, and is told of by the api until its key goes too', async () => {
    const { body: request } = await stack.call('POST', '/v1/jobs', { body, headers });
    const [{ id }] = request.jobs;
    const job = await stack.untilJob(id, 'succeeded');
    await eventually('its event is matched', async () => {
      const { body: events } = await stack.get('/v1/events?verdict=matched');
      return events.items.length === 1;
    });
    const [event] = (await stack.get('/v1/events')).body.items;

    expect(await run(20)).toEqual(['nothing dropped']);
    expect(await run(31)).toEqual(['dropped, rows by table:', '             1 event_body']);
    expect((await stack.get(`/v1/events/${event.id}`)).body).toMatchObject({
      body: '',
      bodyDroppedAt: expect.stringContaining(dayAfter(31)),
    });

    const would = await run(181, true);
    expect(would[0]).toBe('would be dropped now, rows by table:');
    expect((await stack.get(`/v1/jobs/${id}`)).body.state).toBe('succeeded');
    expect((await run(181)).slice(1)).toEqual(would.slice(1));
    expect(await run(181, true)).toEqual(['nothing would be dropped now']);

    const kept = `was kept until ${dayAfter(181)}`;
    for (const path of ['', '/history', '/result', '/evidence', '/outlook']) {
      expect((await stack.get(`/v1/jobs/${id}${path}`)).body).toMatchObject({
        code: 'not_found',
        detail: `the record of job ${id} ${kept}`,
      });
    }
    const { body: again } = await stack.call('POST', `/v1/jobs/${id}/retry`, {});
    expect(again).toMatchObject({ code: 'not_found', detail: `the record of job ${id} ${kept}` });
    expect((await stack.get(`/v1/requests/${request.id}`)).body).toMatchObject({
      code: 'not_found',
      detail: `the record of request ${request.id} ${kept}`,
    });

    const repeated = await stack.call('POST', '/v1/jobs', { body, headers });
    expect(repeated).toMatchObject({ status: 409, body: { code: 'request_dropped' } });
    expect(repeated.body.detail).toBe(
      `this Idempotency-Key was accepted on ${job.createdAt.slice(0, 10)} as request ${request.id}, whose record ${kept}; ` +
        'nothing was enqueued now, and a new key would be a new request',
    );
    expect((await stack.get('/v1/jobs')).body.items).toEqual([]);
    expect((await stack.get('/v1/stats')).body.jobs.total).toBe(0);

    expect(await run(401)).toEqual([
      'dropped, rows by table:',
      '             1 request_key',
      '             1 dropped_job',
    ]);
    expect((await stack.get(`/v1/jobs/${id}`)).body.detail).toBe(`there is no job ${id}`);
    expect((await stack.call('POST', '/v1/jobs', { body, headers })).status).toBe(202);
  });
});
