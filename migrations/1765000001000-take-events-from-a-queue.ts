import type { MigrationInterface, QueryRunner } from 'typeorm';

const before = { sources: `'http'`, signatures: `'valid', 'missing', 'malformed', 'stale', 'mismatch', 'unchecked'` };
const after = { sources: `${before.sources}, 'queue'`, signatures: `${before.signatures}, 'unneeded'` };

/**
 * A second way in, whose notices need no signature. What is there keeps to the wider rules, which is checked while events come in:
 * a check within the transaction that adds the constraints would keep them out.
 */
export class TakeEventsFromAQueue1765000001000 implements MigrationInterface {
  readonly name = 'TakeEventsFromAQueue1765000001000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await allow(runner, after);
  }

  async down(runner: QueryRunner): Promise<void> {
    // An older version knows neither. What the queue has brought is as good as what came signed.
    await runner.query(
      `update event set source = 'http', signature = 'valid' where source = 'queue' or signature = 'unneeded'`,
    );
    await allow(runner, before);
  }
}

async function allow(runner: QueryRunner, { sources, signatures }: typeof before): Promise<void> {
  await runner.query(`set lock_timeout = '5s'`);
  await runner.query(`
    alter table event
      drop constraint if exists event_source_known,  -- there is none when an up that was cut off has taken it
      drop constraint if exists event_signature_known,
      add constraint event_source_known check (source in (${sources})) not valid,
      add constraint event_signature_known check (signature in (${signatures})) not valid`);
  await runner.query(`set statement_timeout = 0`); // it takes as long as it takes, and nobody waits for it
  await runner.query(`
    alter table event
      validate constraint event_source_known,
      validate constraint event_signature_known`);
  await runner.query(`reset statement_timeout`);
  await runner.query(`reset lock_timeout`);
}
