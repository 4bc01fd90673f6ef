import { v7 as uuidv7 } from 'uuid';
import type { DeliveryFilter } from './delivery.reads';
import { otto, Told, vera } from '../test/told';

describe('Asking for deliveries', () => {
  const jobId = uuidv7();
  const at = (time: string) => new Date(`2026-11-22T${time}Z`);
  let told: Told;
  let first: string;
  let second: string;
  let theirs: string;
  let [waiting, failed, delivered, foreign]: string[] = [];

  beforeAll(async () => {
    told = await Told.open();
    first = await told.endpoint();
    second = await told.endpoint({ url: 'https://second.example/' });
    theirs = await told.endpoint({ client: 'vera' });
    const made = (endpoint: string, time: string, more: Parameters<Told['delivery']>[1]) =>
      told.delivery(endpoint, { created_at: at(time), ...more }, uuidv7({ msecs: at(time).getTime() }));
    waiting = await made(first, '10:00:00', { job_id: jobId, history_id: 7, job: { id: jobId, state: 'failed' } });
    failed = await made(second, '11:00:00', { job_id: jobId, history_id: 7, state: 'failed' });
    delivered = await made(first, '12:00:00', {
      job_id: jobId,
      history_id: 9,
      state: 'delivered',
      type: 'job.succeeded',
    });
    foreign = await made(theirs, '13:00:00', { client: 'vera', type: 'endpoint.test' });
    await told.query(
      `insert into delivery_attempt (delivery_id, nth, at, duration_ms, outcome, status, error, answer_head)
       values ($1, 2, now(), 12, 'answered', 500, 'HTTP 500', 'no'), ($1, 1, now(), 10000, 'timed_out', null, 'slow', null)`,
      [waiting],
    );
  });
  afterAll(() => told.close());

  const found = async (filter: DeliveryFilter, whose: Parameters<Told['deliveries']['list']>[1] = 'anybody') =>
    (await told.deliveries.list(filter, whose, { limit: 10 })).map(({ id }) => id);

  it('shows all of them, the newest first', async () => {
    expect(await found({})).toEqual([foreign, delivered, failed, waiting]);
    const page = await told.deliveries.list({}, 'anybody', { limit: 2, before: delivered });
    expect(page.map(({ id }) => id)).toEqual([failed, waiting]);
  });

  it('shows a client its own', async () => {
    expect(await found({}, otto)).toEqual([delivered, failed, waiting]);
    expect(await found({}, vera)).toEqual([foreign]);
    expect(await told.deliveries.one(foreign ?? '', otto)).toBeNull();
    expect(await told.deliveries.one(foreign ?? '', vera)).toMatchObject({ id: foreign });
  });

  it.each<[string, () => DeliveryFilter, () => (string | undefined)[]]>([
    ['the endpoint', () => ({ endpoint: first }), () => [delivered, waiting]],
    ['a state', () => ({ states: ['failed'] }), () => [failed]],
    ['several states', () => ({ states: ['failed', 'delivered'] }), () => [delivered, failed]],
    ['no state at all', () => ({ states: [] }), () => []],
    ['what it is about', () => ({ type: 'endpoint.test' }), () => [foreign]],
    ['the job', () => ({ jobId }), () => [delivered, failed, waiting]],
    ['the time from, which counts', () => ({ createdFrom: at('12:00:00') }), () => [foreign, delivered]],
    ['the time to, which does not', () => ({ createdTo: at('12:00:00') }), () => [failed, waiting]],
    ['all at once', () => ({ endpoint: second, states: ['failed'], jobId, createdTo: at('23:00:00') }), () => [failed]],
  ])('finds them by %s', async (_name, filter, expected) => {
    expect(await found(filter())).toEqual(expected());
  });

  it('shows one with the job as it is told, and all attempts in their order', async () => {
    expect(await told.deliveries.one(waiting ?? '', otto)).toEqual({
      id: waiting,
      endpoint: first,
      url: 'https://shop.example/vodai',
      client: 'otto',
      type: 'job.failed',
      jobId,
      state: 'waiting',
      happenedAt: expect.any(Date),
      createdAt: at('10:00:00'),
      dueAt: expect.any(Date),
      attempts: 4,
      lastStatus: null,
      lastError: null,
      settledAt: null,
      job: { id: jobId, state: 'failed' },
      tries: [
        {
          number: 1,
          at: expect.any(Date),
          durationMs: 10_000,
          status: null,
          outcome: 'timed_out',
          error: 'slow',
          answer: null,
        },
        {
          number: 2,
          at: expect.any(Date),
          durationMs: 12,
          status: 500,
          outcome: 'answered',
          error: 'HTTP 500',
          answer: 'no',
        },
      ],
    });
  });

  it('shows what was told of lines of a history, to whom they belong', async () => {
    const told7 = await told.deliveries.ofLines(jobId, ['7', '8'], otto);
    expect([...told7].map(([line, rows]) => [line, rows.map(({ id }) => id)])).toEqual([['7', [waiting, failed]]]);
    expect(await told.deliveries.ofLines(jobId, ['7', '9'], vera)).toEqual(new Map());
    expect(await told.deliveries.ofLines(jobId, [], 'anybody')).toEqual(new Map());
    expect([...(await told.deliveries.ofLines(uuidv7(), ['7'], 'anybody'))]).toEqual([]);
  });
});
