import {
  attemptOutcomes,
  deliveryStates,
  deliveryTypes,
  eventSignatures,
  eventSources,
  eventVerdicts,
  jobStates,
  listeningStates,
  newsTypes,
  pauseReasons,
  readableStates,
  settledStates,
  silentStates,
} from '@app/domain';
import { Fixture } from '../test/fixture';
import { submissionOutcomes } from './entities/submission.entity';
import { inStates } from './in-states';
import { settledWithoutEvent } from './stats.reads';

/** What the code and the migrations both say. */
describe('The schema', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await Fixture.open();
  });
  afterAll(() => fixture.close());

  it('has every column of the entities, of that type, and as nullable', async () => {
    const { driver, entityMetadatas } = fixture.db;
    const declared = entityMetadatas.flatMap(({ tableName, columns }) =>
      columns.map((column) => ({
        name: `${tableName}.${column.databaseName}`,
        type: driver.normalizeType(column) + (column.isArray ? '[]' : ''),
        isNullable: column.isNullable,
      })),
    );
    const found = await fixture.query(
      `select attrelid::regclass || '.' || attname as name,
              format_type(atttypid, atttypmod) as type,
              not attnotnull as "isNullable"
         from pg_attribute
        where attrelid::regclass || '.' || attname = any($1::text[])`,
      [declared.map(({ name }) => name)],
    );
    const byName = (a: { name?: string }, b: { name?: string }) => (String(a.name) < String(b.name) ? -1 : 1);
    expect(declared.length).toBeGreaterThan(50);
    expect(found.toSorted(byName)).toEqual(declared.toSorted(byName));
  });

  const oneOf = (values: readonly string[]) => `in (${values.map((value) => `'${value}'`).join(', ')})`;

  it.each([
    ['job', 'job_state_known', `state ${inStates(jobStates)}`],
    ['job', 'job_alarm_set', `(due_at is null) = (state ${inStates(silentStates)})`],
    ['job', 'job_settled_at_set', `(settled_at is not null) = (state ${inStates(settledStates)})`],
    ['job', 'job_known_to_vod', `state not ${inStates(readableStates)} or vod_job_id is not null`],
    ['submission', 'submission_outcome_known', `outcome ${oneOf(submissionOutcomes)}`],
    ['event', 'event_source_known', `source ${oneOf(eventSources)}`],
    ['event', 'event_signature_known', `signature ${oneOf(eventSignatures)}`],
    ['event', 'event_verdict_known', `verdict ${oneOf(eventVerdicts)}`],
    [
      'endpoint',
      'endpoint_events_known',
      `events <> '{}' and events <@ array[${newsTypes.map((type) => `'${type}'`).join(', ')}]`,
    ],
    ['endpoint', 'endpoint_pause_reason_known', `pause_reason ${oneOf(pauseReasons)}`],
    ['delivery', 'delivery_type_known', `type ${oneOf(deliveryTypes)}`],
    ['delivery', 'delivery_state_known', `state ${oneOf(deliveryStates)}`],
    ['delivery_attempt', 'delivery_attempt_outcome_known', `outcome ${oneOf(attemptOutcomes)}`],
  ])('of %s checks by %s just what the code calls so', async (table, name, check) => {
    await fixture.query(`create table drift (like ${table}, constraint said check (${check}))`);
    const [said] = await fixture.query(
      `select pg_get_constraintdef(oid) as rule from pg_constraint where conname = 'said'`,
    );
    await fixture.query('drop table drift');
    expect(
      await fixture.query('select pg_get_constraintdef(oid) as rule from pg_constraint where conname = $1', [name]),
    ).toEqual([said]);
  });

  it('has a function keep a copy for the jobs that still listen', async () => {
    const [found] = await fixture.query<{ text: string }>(
      `select prosrc as text from pg_proc where proname = 'keep_events'`,
    );
    expect(found?.text).toContain(`job.state ${inStates(listeningStates)}`);
  });

  it('finds by job_without_event just what the statistics count', async () => {
    await fixture.query('create table drift (like job)');
    await fixture.query(`create index said on drift (settled_at) where ${settledWithoutEvent}`);
    const rules = await fixture.query(
      `select distinct pg_get_expr(indpred, indrelid) as rule
         from pg_index
        where indexrelid in ('said'::regclass, 'job_without_event'::regclass)`,
    );
    await fixture.query('drop table drift');
    expect(rules).toHaveLength(1);
  });
});
