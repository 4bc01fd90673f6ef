import { eventVerdicts, jobStates } from '@app/domain';
import { createDataSource, ListReads, RequestStore, type JobFilter } from '@app/persistence';
import { createTestDatabase, type TestDatabase } from '@app/testing';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { fill } from '../../bench/fill';
import { generator } from '../faults/support/draw';

/** The lists over a table that looks like one of a month of work, in small. */
describe('The lists of a well-filled table', () => {
  let database: TestDatabase;
  let db: DataSource;
  let sql: Client;
  let lists: ListReads;
});
