import { Fixture } from '../test/fixture';

/** What the code promises, said again by Postgres: each of these statements would break a promise. */
describe('Postgres itself refuses', () => {
  let fixture: Fixture;
  const tried: string[] = [];
  beforeAll(async () => {
    fixture = await Fixture.open();
  });
  afterAll(() => fixture.close());

  /** What a constraint is called in the table and in each of its partitions. */
  const anywhere = (constraint: string) => {
    return expect.stringMatching(
      new RegExp(`^${constraint.replace(/_pkey$/, '(_before|_default|_\\d{4}_\\d\\d)?_pkey')}$`),
    );
  };

  /** Expects `sql` to be refused by `constraint`. `$1` is a job that VOD is working on, `$2` another one. */
  async function expectRefused(constraint: string, sql: string): Promise<void> {
    tried.push(constraint);
    const [one, two] = [await fixture.jobIn('processing'), await fixture.jobIn('processing')];
    const refused = fixture.query(sql.replaceAll('$1', `'${one.id}'`).replaceAll('$2', `'${two.id}'`));
    await expect(refused).rejects.toMatchObject({ constraint: anywhere(constraint) });
  }

  const update = (set: string) => `update job set ${set} where id = $1`;
  const insertEvent = (more: Record<string, string>) => {
    const columns: Record<string, string> = {
      id: 'gen_random_uuid()',
      received_at: 'now()',
      last_received_at: 'now()',
      region: `'cn-shanghai'`,
      source: `'http'`,
      signature: `'valid'`,
      event_type: `'AIVideoTagComplete'`,
      vod_job_id: `'vod-x'`,
      status: `'success'`,
      body: `''`,
      body_size: '0',
      body_hash: `'hash'`,
      ...more,
    };
    return `insert into event (${Object.keys(columns).join(', ')}) values (${Object.values(columns).join(', ')})`;
  };

  const insert = (table: string, columns: Record<string, string>) =>
    `insert into ${table} (${Object.keys(columns).join(', ')}) values (${Object.values(columns).join(', ')})`;
  /** An endpoint, `$1`, made in the same statement as what is refused. */
  const endpoint = (more: Record<string, string> = {}) =>
    insert('endpoint', {
      id: '$1',
      client: `'c'`,
      url: `'https://a.example/'`,
      events: `'{job.failed}'`,
      created_by: `'c'`,
      ...more,
    });
  const delivery = (more: Record<string, string> = {}) =>
    insert('delivery', {
      id: '$2',
      endpoint_id: '$1',
      type: `'job.failed'`,
      client: `'c'`,
      happened_at: 'now()',
      due_at: 'now()',
      ...more,
    });
  const attempt = (more: Record<string, string> = {}) =>
    insert('delivery_attempt', {
      delivery_id: '$2',
      nth: '1',
      at: 'now()',
      duration_ms: '1',
      outcome: `'delivered'`,
      ...more,
    });
  const secret = insert('endpoint_secret', { endpoint_id: '$1', secret: `'whsec_'`, created_at: `'2026-11-22'` });

  it.each([
    ['a state that the table does not have', 'job_state_known', update(`state = 'paused'`)],
    ['an open job without an alarm', 'job_alarm_set', update('due_at = null')],
    ['an alarm on a job that a person holds', 'job_alarm_set', update(`state = 'held'`)],
    [
      'an end without its time',
      'job_settled_at_set',
      update(`state = 'succeeded', due_at = null, holds_natural_key = false`),
    ],
    [
      'the time of an end that has not come',
      'job_settled_at_set',
      update('settled_at = now(), holds_natural_key = false'),
    ],
    ['a job at VOD without its JobId', 'job_known_to_vod', update('vod_job_id = null')],
    ['a finished job without its JobId', 'job_known_to_vod', update(`state = 'finished', vod_job_id = null`)],
    [
      'a settled job that keeps its natural key',
      'job_natural_key_released',
      update(`state = 'succeeded', due_at = null, settled_at = now()`),
    ],
    [
      'one VOD job in two rows',
      'job_vod_job_id',
      update('vod_job_id = (select other.vod_job_id from job as other where other.id = $2)'),
    ],
    [
      'the same open job of a client twice',
      'job_open_natural_key',
      update('natural_key = (select other.natural_key from job as other where other.id = $2)'),
    ],
    [
      'two jobs of one type in one request',
      'job_one_per_type',
      update('request_id = (select other.request_id from job as other where other.id = $2)'),
    ],
    ['a job without its request', 'job_request_id_fkey', update('request_id = gen_random_uuid()')],
    [
      'an outcome of a submission that nobody knows',
      'submission_outcome_known',
      `update submission set outcome = 'maybe' where request_id = (select request_id from job where id = $1)`,
    ],
    [
      'one nonce for two submissions',
      'submission_nonce',
      `update submission set nonce = (select nonce from submission where request_id = (select request_id from job where id = $2))
        where request_id = (select request_id from job where id = $1)`,
    ],
    [
      'one number for two submissions of a request',
      'submission_pkey',
      `insert into submission select request_id, number, types, 'another nonce', signed_at from submission
        where request_id = (select request_id from job where id = $1)`,
    ],
    [
      'a submission without its request',
      'submission_request_id_fkey',
      `insert into submission (request_id, number, types, nonce, signed_at) values (gen_random_uuid(), 1, '{}', 'n', now())`,
    ],
    [
      'two steps of a job that both believe to be the first',
      'history_pkey',
      `insert into history (job_id, version, at, event, to_state, attempt) values ($1, 1, now(), 'created', 'queued', 0)`,
    ],
    [
      'the same label of a job twice',
      'job_label_pkey',
      `insert into job_label (key, value, job_id, client, region, type)
       values ('a', 'b', $1, 'c', 'r', 't'), ('a', 'b', $1, 'c', 'r', 't')`,
    ],
    [
      'a queue that is closed until two moments',
      'closed_queue_pkey',
      `insert into closed_queue (region, queue, code, until) values ('r', 'q', 'c', now()), ('r', 'q', 'c', now())`,
    ],
    [
      'two limits of one operation',
      'pace_pkey',
      `insert into pace (region, operation, qps) values ('r', 'o', 1), ('r', 'o', 1)`,
    ],
    [
      'a limit that lets nothing through',
      'pace_qps_positive',
      `insert into pace (region, operation, qps) values ('r', 'o', 0)`,
    ],
    [
      'two results of one job',
      'result_pkey',
      `insert into result (job_id, source, read_at) values ($1, 'ListAIJob', now()), ($1, 'ListAIJob', now())`,
    ],
    [
      'one idempotency key of a client on two requests',
      'request_idempotency_key',
      `update request set idempotency_key = 'key'
        where id in (select request_id from job where id in ($1, $2))`,
    ],
    ['an event that came in by no known way', 'event_source_known', insertEvent({ source: `'pigeon'` })],
    ['a signature verdict that nobody knows', 'event_signature_known', insertEvent({ signature: `'good'` })],
    ['an event verdict that nobody knows', 'event_verdict_known', insertEvent({ verdict: `'lost'` })],
    ['a second installation', 'installation_pkey', 'insert into installation (id) values (gen_random_uuid())'],
    [
      'an installation beside the one',
      'installation_one_row',
      'insert into installation (id, singleton) values (gen_random_uuid(), false)',
    ],
    ['a second mark of the retention', 'retention_pkey', 'insert into retention default values'],
    ['a mark of the retention beside the one', 'retention_one_row', 'insert into retention (singleton) values (false)'],
    ['the same event twice', 'event_identity', `${insertEvent({})}; ${insertEvent({})}`],
    ['news that nobody knows', 'endpoint_events_known', endpoint({ events: `'{job.failed,job.queued}'` })],
    [
      'a pause for no known reason',
      'endpoint_pause_reason_known',
      endpoint({ paused_at: 'now()', pause_reason: `'tired'` }),
    ],
    ['a pause without a reason', 'endpoint_pause_explained', endpoint({ paused_at: 'now()' })],
    ['one moment for two secrets of an endpoint', 'endpoint_secret_pkey', `${endpoint()}; ${secret}; ${secret}`],
    ['a secret of no endpoint', 'endpoint_secret_endpoint_id_fkey', secret],
    ['a delivery to no endpoint', 'delivery_endpoint_id_fkey', delivery()],
    [
      'a delivery of nothing that is known',
      'delivery_type_known',
      `${endpoint()}; ${delivery({ type: `'job.born'` })}`,
    ],
    [
      'a delivery in no known state',
      'delivery_state_known',
      `${endpoint()}; ${delivery({ state: `'lost'`, due_at: 'null', settled_at: 'now()' })}`,
    ],
    ['a delivery that waits for ever', 'delivery_due_while_waiting', `${endpoint()}; ${delivery({ due_at: 'null' })}`],
    [
      'a delivery that waits and is over',
      'delivery_settled_at_set',
      `${endpoint()}; ${delivery({ settled_at: 'now()' })}`,
    ],
    [
      'one line told to an endpoint twice',
      'delivery_told_once',
      `${endpoint()}; ${delivery({ history_id: '7' })}; ${delivery({ id: 'gen_random_uuid()', history_id: '7' })}`,
    ],
    [
      'one number for two attempts of a delivery',
      'delivery_attempt_pkey',
      `${endpoint()}; ${delivery()}; ${attempt()}; ${attempt()}`,
    ],
    ['an attempt of no delivery', 'delivery_attempt_delivery_id_fkey', attempt()],
    [
      'an outcome of an attempt that nobody knows',
      'delivery_attempt_outcome_known',
      `${endpoint()}; ${delivery()}; ${attempt({ outcome: `'eaten'` })}`,
    ],
    [
      'two places of one reader',
      'reader_pkey',
      `insert into reader (name, position) values ('r', '1:1:'), ('r', '1:1:')`,
    ],
  ])('%s', async (_what, constraint, sql) => {
    await expectRefused(constraint, sql);
  });

  it('nothing that was not tried above, but for the primary keys of ids', async () => {
    const rows = await fixture.query<{ name: string }>(
      `select conname as name from pg_constraint
        where connamespace = 'public'::regnamespace and contype in ('c', 'f')
       union
       select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indrelid
        where relnamespace = 'public'::regnamespace and indisunique and relname <> 'migration' and not relispartition`,
    );
    const ids = [
      'circuit_pkey',
      'delivery_pkey',
      'dropped_job_pkey',
      'endpoint_pkey',
      'event_pkey',
      'job_pkey',
      'process_pkey',
      'request_pkey',
    ];
    const names = rows.map(({ name }) => name).filter((name) => !ids.includes(name));
    expect(names.toSorted()).toEqual([...new Set(tried)].toSorted());
  });
});
