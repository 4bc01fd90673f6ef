import { isUnavailable } from '@app/postgres';
import { createEmptyDatabase, eventually, type TestDatabase } from '@app/testing';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { DataSource, EntityManager } from 'typeorm';
import { CircuitEntity } from './entities/circuit.entity';
import { assertSchema, createDataSource, migrate, SchemaTooOldError } from './index';

describe('The schema of a database', () => {
  let database: TestDatabase;
  let both: [DataSource, DataSource];
  beforeAll(async () => {
    database = await createEmptyDatabase();
    const open = () => createDataSource({ url: database.url, application: 'vodai-test', poolSize: 2 }).initialize();
    both = [await open(), await open()];
  });
  afterAll(async () => {
    for (const db of both) await db.destroy();
    await database.drop();
  });

  it('that is too old stops a process, with the command that brings it up to date', async () => {
    const refused = assertSchema(both[0]);
    await expect(refused).rejects.toBeInstanceOf(SchemaTooOldError);
    await expect(refused).rejects.toThrow(/^the database lacks \d+ migration\(s\) .*; run: npm run migrate$/);
  });

  it('is brought up to date once, though two processes do it at the same moment', async () => {
    const ran = await Promise.all(both.map((db) => migrate(db)));
    expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
    await expect(assertSchema(both[0])).resolves.toBeUndefined();
    expect(await migrate(both[1])).toEqual([]);
  });
});

describe('A connection that breaks between two statements of a transaction', () => {
  let database: TestDatabase;
  let db: DataSource;
  beforeAll(async () => {
    database = await createEmptyDatabase();
    db = await createDataSource({ url: database.url, application: 'vodai-test', poolSize: 2 }).initialize();
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  it.each<[string, (tx: EntityManager) => Promise<unknown>]>([
    ['a statement', (tx) => tx.query('select 1')],
    ['a repository', (tx) => tx.getRepository(CircuitEntity).find()],
    ['a transaction within', (tx) => tx.transaction(() => Promise.resolve())],
  ])('makes the database unavailable to %s, and is nobody’s mistake', async (_name, next) => {
    const refused = await db
      .transaction(async (tx) => {
        const [{ pid }] = await tx.query<[{ pid: number }]>('select pg_backend_pid() as pid');
        await db.query('select pg_terminate_backend($1)', [pid]);
        await eventually('the driver has noticed', () => Promise.resolve(tx.queryRunner?.isReleased));
        return next(tx);
      })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Error);
    expect(isUnavailable(refused)).toBe(true);
  });
});

describe('A connection that Postgres ends in the moment it is made', () => {
  it('is an error of whoever asked for it, not the end of the process', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      // Ready, and shutting down, in one packet: both are read before anybody could take the connection over.
      socket.once('data', () => socket.end(Buffer.concat([authenticated, readyForQuery, shuttingDown])));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const db = createDataSource({ url: `postgres://nobody@127.0.0.1:${port}/none`, application: 'vodai-test' });
    try {
      await expect(db.initialize()).rejects.toThrow();
    } finally {
      server.close();
    }
  });

  /** A message of Postgres' protocol: its kind, its length, its fields. */
  const message = (kind: string, fields: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(fields.length + 4);
    return Buffer.concat([Buffer.from(kind), length, fields]);
  };
  const authenticated = message('R', Buffer.alloc(4));
  const readyForQuery = message('Z', Buffer.from('I'));
  const shuttingDown = message(
    'E',
    Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
  );
});
