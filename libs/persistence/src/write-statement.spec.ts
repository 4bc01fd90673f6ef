import { randomUUID } from 'node:crypto';
import { newJob, type AlarmRules } from '@app/domain';
import { Client } from 'pg';
import { eventReceived, succeeded } from '../test/events';
import { Fixture } from '../test/fixture';
import { createDataSource } from './data-source';
import { Batch } from './door';
import type { Transaction } from './transaction';
import { writeStatement } from './write-statement';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.open();
});
afterAll(() => fixture.close());

const rules: AlarmRules = {
  leaseMs: 60_000,
  pollFirstMs: 60_000,
  pollMaxMs: 600_000,
  recoverAfterMs: [10_000],
  recoverGraceMs: 1_200_000,
  jobDeadlineMs: 86_400_000,
};

/** How many rows of each kind a batch has. */
interface Shape {
  /** Jobs that move, and have no result. */
  heard?: number;
  /** Jobs that move, and have one. */
  read?: number;
  submissions?: number;
  answers?: number;
  events?: number;
  lazily?: boolean;
}

function written({ heard = 0, read = 0, submissions = 0, answers = 0, events = 0, lazily = false }: Shape) {
  const batch = new Batch({} as Transaction, { rules, signals: fixture.signals, now: () => fixture.now });
  const times = (count: number, add: () => unknown) => Array.from({ length: count }, add);
  times(heard, () => batch.apply({ jobId: lockedJob(batch), event: eventReceived('vod-1') }));
  times(read, () => batch.apply({ jobId: lockedJob(batch), event: succeeded('vod-1', '{"a":1}', { a: 1 }) }));
  const attempt = () => ({ requestId: randomUUID(), number: 1 });
  times(submissions, () =>
    batch.submissions.push({
      ...attempt(),
      nonce: randomUUID(),
      signedAt: fixture.now,
      jobs: [{ id: randomUUID(), type: 'AIVideoTag' }],
    }),
  );
  times(answers, () =>
    batch.answers.push({ ...attempt(), outcome: 'refused', vodRequestId: null, code: 'X', message: null }),
  );
  times(events, () => batch.events.push({ id: randomUUID(), verdict: 'unmatched', jobId: null, reason: null }));
  return writeStatement(batch, lazily);
}

/** A job that VOD has, and nobody else. */
function lockedJob(batch: Batch): string {
  const id = randomUUID();
  batch.take([
    {
      ...newJob(fixture.now),
      state: 'processing',
      vodJobId: 'vod-1',
      id,
      requestId: randomUUID(),
      type: 'AIVideoTag',
      client: 'otto',
      region: 'cn-shanghai',
      mediaId: 'media',
      priority: 1,
      labels: {},
      createdAt: fixture.now,
      errorPhase: null,
      errorCode: '',
      errorMessage: '',
    },
  ]);
  return id;
}

/** The names of its parts, in order, and what it answers. */
function partsOf({ text }: { text: string }): string[] {
  const parts = [...text.matchAll(/^ *(\w+) as (?:materialized )?\($/gm)].map(([, part = '']) => part);
  const answers = [...text.matchAll(/ as (missing|notified|commit)\b(?! )/g)].map(([, answer]) => `-> ${answer}`);
  return [...parts, ...answers];
}

/** Each kind of row is there or not. Without any of them nothing is written. */
const everyShape: Shape[] = Array.from({ length: 64 }, (_, number) => {
  const [heard = 0, read = 0, submissions = 0, answers = 0, events = 0, lazily = 0] = [1, 2, 4, 8, 16, 32].map(
    (place) => Math.floor(number / place) % 2,
  );
  return { heard, read, submissions, answers, events, lazily: lazily === 1 };
}).filter(({ heard, read, submissions, answers, events }) => heard + read + submissions + answers + events > 0);

describe('What is written of a batch', () => {
  it.each<[string, Shape, string[]]>([
    ['a job that moved', { heard: 1 }, ['moved', 'line', 'notified', '-> missing', '-> notified']],
    ['a job that was read', { read: 1 }, ['moved', 'line', 'read', 'notified', '-> missing', '-> notified']],
    [
      'a claimed job and its submission, for which nobody waits',
      { heard: 1, submissions: 1, lazily: true },
      ['moved', 'line', 'attempted', 'notified', '-> missing', '-> notified', '-> commit'],
    ],
    ['an answer that moves no job', { answers: 1 }, ['answered']],
    ['an event that finds no job, for which nobody waits', { events: 1, lazily: true }, ['matched', '-> commit']],
    [
      'everything there is',
      { heard: 1, read: 1, submissions: 1, answers: 1, events: 1 },
      ['moved', 'line', 'read', 'attempted', 'answered', 'matched', 'notified', '-> missing', '-> notified'],
    ],
  ])('has only the parts that there are rows for: %s', (_what, shape, parts) => {
    expect(partsOf(written(shape))).toEqual(parts);
  });

  it('is the same text for as many rows as you like of the same kinds, and the rows are its parameters', () => {
    const one = written({ heard: 1, answers: 1, events: 1 });
    const many = written({ heard: 3, answers: 2, events: 5 });
    expect(many.text).toBe(one.text);
    expect(many.parameters).not.toEqual(one.parameters);
  });

  it('is understood by Postgres whatever it consists of, and uses each of its parameters', async () => {
    const client = new Client({ connectionString: fixture.url });
    await client.connect();
    for (const shape of everyShape) {
      const { text, parameters } = written(shape);
      await client.query(`prepare this as ${text}`);
      const { rows } = await client.query('select cardinality(parameter_types) as count from pg_prepared_statements');
      expect({ shape, parameters: rows }).toEqual({ shape, parameters: [{ count: parameters.length }] });
      await client.query('deallocate this');
    }
    await client.end();
  });

  it('is prepared once by each connection, and once more for a batch of other kinds', async () => {
    const db = await createDataSource({ url: fixture.url, application: 'vodai-test', poolSize: 1 }).initialize();
    const jobs = fixture.jobs(db);
    const prepared = async () =>
      (await db.query<unknown[]>(`select from pg_prepared_statements where statement like '/* write */%'`)).length;
    const ids: { id: string; vodJobId: string | null }[] = [];
    for (let i = 0; i < 3; i += 1) ids.push(await fixture.jobIn('processing'));
    for (const { id, vodJobId } of ids) {
      expect(await jobs.apply(id, eventReceived(vodJobId ?? ''))).toMatchObject({ outcome: 'moved' });
      expect(await prepared()).toBe(1);
    }
    for (const { id, vodJobId } of ids) {
      expect(await jobs.apply(id, succeeded(vodJobId ?? '', '1', 1))).toMatchObject({ outcome: 'moved' });
      expect(await prepared()).toBe(2);
    }
    await db.destroy();
  });

  it('fails when a job is not as it was when it was locked', async () => {
    const { text, parameters } = written({ heard: 2 });
    await expect(fixture.query(text, parameters)).rejects.toThrow('"0 of 2 jobs could be written"');
  });
});
