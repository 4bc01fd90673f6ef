import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { eventually } from '@app/testing';
import { readBody, UnreadBodyError } from './body';
import { BodyRoom } from './body-room';

const KIB = 1024;
const MIB = 1024 * KIB;

let server: Server;
let room: BodyRoom;
let outcomes: (Awaited<ReturnType<typeof readBody>> | UnreadBodyError)[];
const sockets: Socket[] = [];

/** Reads every body, and answers none: what is read is held until the caller has its answer, or is gone. */
beforeEach(async () => {
  room = new BodyRoom([
    { upTo: 64 * KIB, all: 5 * MIB },
    { upTo: Infinity, all: 4 * MIB },
  ]);
  const mine: typeof outcomes = (outcomes = []);
  server = createServer((request, response) => {
    readBody(request, response, room).then(
      (body) => void mine.push(body),
      (error: UnreadBodyError) => void mine.push(error),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await once(server, 'close');
});

async function post(announced: number, bytes: Buffer): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(`POST / HTTP/1.1\r\nHost: here\r\nContent-Length: ${announced}\r\n\r\n`);
  await new Promise((resolve) => socket.write(bytes, resolve));
  return socket;
}

const letters = (size: number) => Buffer.alloc(size, 'abcdefg');
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('A body', () => {
  it.each([0, 1, 4 * KIB, 100_001, MIB])('is read as it is: %d bytes', async (size) => {
    await post(size, letters(size));
    await eventually('it is read', () => outcomes.length === 1);
    expect(outcomes).toMatchObject([{ head: letters(size), size, sha256: sha256(letters(size)) }]);
  });

  it('that is larger than a megabyte is read, and held as its head', async () => {
    const body = letters(3 * MIB);
    await post(body.length, body);
    await eventually('it is read', () => outcomes.length === 1);
    expect(outcomes).toMatchObject([{ head: letters(4 * KIB), size: body.length, sha256: sha256(body) }]);
    expect(room.bytes).toBe(4 * KIB);
  });

  it('that does not end holds about what has come of it, and nothing once its sender is gone', async () => {
    const socket = await post(MIB, letters(300 * KIB));
    await eventually('it has come', () => room.bytes >= 300 * KIB);
    expect(room.bytes).toBeLessThanOrEqual(600 * KIB);
    socket.destroy();
    await eventually('that is noticed', () => outcomes.length === 1);
    expect(outcomes).toMatchObject([{ code: 'hung_up' }]);
    expect(room.bytes).toBe(0);
  });

  it('that is only announced holds nothing', async () => {
    await post(MIB, Buffer.alloc(0));
    await post(1, letters(1));
    await eventually('one is read', () => outcomes.length === 1);
    expect(room.bytes).toBe(4 * KIB);
  });

  it('is shown out for a newer one, when all that do not end take the room', async () => {
    for (let i = 0; i < 10; i += 1) await post(MIB, letters(MIB - 1));
    await eventually('there is no room for all of them', () => outcomes.length >= 6);
    const genuine = letters(2 * KIB);
    await post(genuine.length, genuine);
    await eventually('the newest is read', () => outcomes.some((outcome) => 'sha256' in outcome));
    const shownOut = outcomes.filter((outcome) => 'code' in outcome);
    expect(shownOut).toEqual(shownOut.map(() => expect.objectContaining({ status: 503, code: 'busy' })));
    expect(room.bytes).toBeLessThanOrEqual(4 * MIB + 4 * KIB);
  });

  it('that is small is read while large ones that are whole take the room', async () => {
    for (let i = 0; i < 4; i += 1) await post(MIB, letters(MIB));
    await eventually('they are whole', () => outcomes.length === 4);
    await post(MIB, letters(MIB));
    await eventually('there is no room for another', () => outcomes.length === 5);
    expect(outcomes[4]).toMatchObject({ status: 503, code: 'busy' });
    const genuine = letters(2 * KIB);
    await post(genuine.length, genuine);
    await eventually('the small one is read', () => outcomes.length === 6);
    expect(outcomes[5]).toMatchObject({ sha256: sha256(genuine) });
  });

  it('of which only the beginning is kept holds no more than that', async () => {
    const socket = await post(MIB, letters(MIB));
    await eventually('it is read', () => outcomes.length === 1);
    const [body] = outcomes;
    if (!body || !('keepOnly' in body)) throw new Error('expected a body');
    body.keepOnly(letters(4 * KIB));
    expect(room.bytes).toBe(4 * KIB);
    expect(body.head).toEqual(letters(4 * KIB));
    socket.destroy();
    await eventually('its sender is gone', () => room.bytes === 0);
    body.keepOnly(letters(1 * KIB));
    expect(room.bytes).toBe(0);
  });
});
