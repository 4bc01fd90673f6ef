import { eventually } from '@app/testing';
import { Relay } from './support/relay';
import { Stack } from './support/stack';

/** How a job gets settled when VOD's events do not come as they should. Rows 22, 25, 26 and 27 of what can go wrong. */

let stack: Stack | null = null;
let relay: Relay | null = null;
afterEach(async () => {
  await stack?.stop();
  await relay?.close();
  stack = null;
  relay = null;
});

const both = ['AIVideoTag', 'AIMediaDNA'];
const HOUR = 3_600_000;

async function settled(running: Stack, requests: any[]): Promise<any[]> {
  const ids = requests.flatMap((request) => request.jobs.map((job: any) => job.id));
  return Promise.all(ids.map((id) => running.untilJob(id, 'succeeded')));
}

async function expectSound(running: Stack): Promise<void> {
  expect(await running.broken()).toEqual([]);
}

it('row 26: settles every job by its alarm when no event ever comes, and counts the lost ones', async () => {
  stack = await Stack.start({ env: { POLL_FIRST: '200ms', POLL_MAX: '500ms' } });
  const running = stack;
  running.emulator.configure({ callback: { enabled: false } });
  const requests = await Promise.all(Array.from({ length: 5 }, (_, i) => running.enqueue(`silent${i}`, both)));
  const jobs = await settled(running, requests);

  for (const job of jobs) {
    const events = (await running.history(job.id)).map((line) => line.event);
    expect(events).not.toContain('event_received');
    expect(events.at(-1)).toBe('read_succeeded');
  }
  expect((await running.get('/v1/stats')).body).toMatchObject({ callbacksLost: 10, oldestUnmatchedEventAt: null });
  const metrics = await (await fetch(`${running.workers[0]?.url}/metrics`)).text();
  const lost = [...metrics.matchAll(/^vodai_settled_without_event_total\{.*\} (\d+)$/gm)];
  expect(lost.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(10);
  await expectSound(running);
});

it('settles by events that have one name for all types, whose jobs say which type they are', async () => {
  stack = await Stack.start({ emulator: { eventNames: 'VideoAIComplete', missingIds: 'text_in_array', failShare: 0 } });
  const running = stack;
  const jobs = await settled(running, [await running.enqueue('collective', both)]);
  for (const job of jobs) {
    expect((await running.history(job.id)).map((line) => line.event)).toContain('event_received');
    const events = (await running.get(`/v1/events?vodJobId=${job.vodJobId}`)).body.items;
    expect(events).toEqual([expect.objectContaining({ eventType: 'VideoAIComplete', verdict: 'matched' })]);
  }
  await expectSound(running);
});

it('row 25: keeps an event that overtakes the answer to our own call, and matches it in the moment that we learn the JobId', async () => {
  // VOD is over with the job before its answer to SubmitAIJob reaches us: the answer waits until its event was judged.
  relay = await Relay.start(async ({ body }, passOn) => {
    const answer = await passOn(running.emulatorUrl);
    if (body.toString().includes('Action=SubmitAIJob')) {
      await eventually('the event was looked at and found no job', async () => {
        const [row] = await running.query(`select count(*)::int as count from event where verdict = 'unmatched'`);
        return row.count === 2;
      });
    }
    return answer;
  });
  stack = await Stack.start({
    env: { VOD_ENDPOINT: `${relay.url}/{region}` },
    emulator: { jobTimeMs: { min: 0, max: 0 } },
  });
  const running = stack;
  const request = await running.enqueue('overtaken', both);
  const jobs = await settled(running, [request]);

  for (const job of jobs) {
    const story = await running.history(job.id);
    expect(story.map((line) => line.event)).toEqual([
      'created',
      'claimed',
      'accepted',
      'event_received',
      'read_succeeded',
    ]);
    // One commit: there was no moment in which we knew the JobId and not its event.
    expect(story[3].at).toBe(story[2].at);
    const events = (await running.get(`/v1/events?vodJobId=${job.vodJobId}`)).body.items;
    expect(events).toEqual([expect.objectContaining({ verdict: 'matched', jobId: job.id })]);
  }
  expect((await running.get('/v1/stats')).body).toMatchObject({ callbacksLost: 0, oldestUnmatchedEventAt: null });
  await expectSound(running);
});

it('row 27: settles once what VOD reports twice at the same moment', async () => {
  relay = await Relay.start(async (_passing, passOn) => {
    const webhook = running.webhooks[0]?.url ?? '';
    const [first, second] = await Promise.all([passOn(webhook), passOn(webhook)]);
    expect(second.status).toBe(200);
    return first;
  });
  stack = await Stack.start({ env: { VOD_CALLBACK_URL: `${relay.url}/vod/events` } });
  const running = stack;
  const requests = await Promise.all(Array.from({ length: 10 }, (_, i) => running.enqueue(`doubled${i}`, both)));
  const jobs = await settled(running, requests);

  // Once more, long after the end.
  for (const job of jobs) running.emulator.sendCallback(job.vodJobId);
  await eventually('every event has come four times, each as one row', async () => {
    const rows = await running.query<{ copies: number }>('select copies from event');
    return rows.length === jobs.length && rows.every(({ copies }) => copies === 4);
  });
  for (const job of jobs) {
    const events = (await running.history(job.id)).map((line) => line.event);
    expect(events.filter((event) => event === 'event_received')).toHaveLength(1);
    expect(events.filter((event) => event === 'read_succeeded')).toHaveLength(1);
    expect(await running.get(`/v1/jobs/${job.id}`)).toMatchObject({
      body: { state: 'succeeded', version: job.version },
    });
  }
  await expectSound(running);
});

it('row 22: expires a job that VOD never finishes after a last read, and a late event still brings its result', async () => {
  stack = await Stack.start({
    env: { POLL_FIRST: '300ms', JOB_DEADLINE: '1s' },
    emulator: { jobTimeMs: { min: HOUR, max: HOUR } },
  });
  const running = stack;
  const request = await running.enqueue('endless', ['AIVideoTag']);
  const [{ id }] = request.jobs;
  const expired = await running.untilJob(id, 'expired');
  expect(expired).toMatchObject({ dueAt: null, error: { phase: 'vod', code: 'deadline_passed' } });
  const story = await running.history(id);
  expect(story.at(-1)).toMatchObject({ event: 'deadline_passed', from: 'processing' });
  expect(Date.parse(story.at(-1).at) - Date.parse(expired.submittedAt)).toBeGreaterThanOrEqual(1_000);
  const reads = running.emulator.ledger().calls['ListAIJob']?.ok;
  expect(reads).toBeGreaterThanOrEqual(1);

  // Nobody looks at it any more, until VOD says that it is over.
  running.emulator.finish(expired.vodJobId);
  const late = await running.untilJob(id, 'succeeded');
  expect(late).toMatchObject({ error: null });
  expect((await running.history(id)).slice(-2).map((line) => `${line.from} → ${line.to}`)).toEqual([
    'expired → finished',
    'finished → succeeded',
  ]);
  await expectSound(running);
});
