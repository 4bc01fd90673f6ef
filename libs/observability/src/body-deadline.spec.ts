import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { eventually } from '@app/testing';
import { BODY_DEADLINE, type BodyDeadline } from './body-deadline';
import { createLogger, serve, type Server } from './index';

const logger = createLogger({ level: 'silent', format: 'json', process: 'api' });
const servers: Server[] = [];
const callers: Caller[] = [];
afterEach(async () => {
  for (const caller of callers.splice(0)) caller.socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

@Controller()
class EchoController {
  @Post('echo')
  echo(@Body() body: unknown) {
    return body;
  }
}
@Module({ controllers: [EchoController] })
class EchoModule {}

async function start(bodyDeadline: BodyDeadline = BODY_DEADLINE): Promise<Server> {
  const where = { host: '127.0.0.1', port: 0, portVariable: 'API_PORT', logger };
  const server = await serve({ module: EchoModule, ...where, bodyDeadline });
  servers.push(server);
  return server;
}

const MIB = 1024 * 1024;

/** Whoever isn't hung up on would send for ever. A refused caller has two seconds. */
const PATIENCE_MS = 40_000;

/** A connection whose every byte the test writes. It doesn't hang up by itself, though it was hung up on. */
class Caller {
  answer = '';
  written = 0;
  /** Nothing more comes after the answer. */
  isOver = false;
  /** The other side is gone: nothing can be sent to it any more. */
  isGone = false;
  wasReset = false;

  private constructor(readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => (this.answer += text));
    socket.once('end', () => (this.isOver = true));
    socket.once('close', () => (this.isGone = true));
    socket.once('error', () => (this.wasReset = true));
  }

  static async call({ port }: Server, head: string): Promise<Caller> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const caller = new Caller(socket);
    callers.push(caller);
    await once(socket, 'connect');
    socket.write(`${head}\r\nHost: here\r\n\r\n`);
    return caller;
  }

  static post(server: Server, path: string, bytes: number): Promise<Caller> {
    return Caller.call(
      server,
      `POST ${path} HTTP/1.1\r\nContent-Type: ${path === '/echo' ? 'application/json' : 'image/png'}\r\nContent-Length: ${bytes}`,
    );
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.answer)?.[1]);
  }

  /** Sends so many bytes again and again, each time that the ones before have left, until nobody is there any more. */
  async sendOn(bytes: number): Promise<void> {
    const piece = Buffer.alloc(bytes, ' ');
    const begun = performance.now();
    while (!this.isGone) {
      if (performance.now() - begun > PATIENCE_MS) throw new Error(`nobody has hung up after ${PATIENCE_MS} ms`);
      await new Promise((resolve) => this.socket.write(piece, resolve));
      this.written += bytes;
      await new Promise(setImmediate);
    }
  }
}

describe('A body', () => {
  it('that comes at a drip is refused, however patient its sender is', async () => {
    const caller = await Caller.post(
      await start({ ...BODY_DEADLINE, windowMs: 200, windowBytes: 100_000 }),
      '/echo',
      MIB,
    );
    await caller.sendOn(1);
    expect(caller.status).toBe(408);
    expect(caller.answer).toMatch(
      /the body came too slowly: expected all of it within 10 s, and 100000 bytes each 0.2 s/,
    );
  });

  it('that comes fast enough and does not end is refused as well', async () => {
    const caller = await Caller.post(await start({ wholeMs: 400, windowMs: 200, windowBytes: 1 }), '/echo', MIB);
    await caller.sendOn(10);
    expect(caller.status).toBe(408);
  });

  it('that nobody reads is not waited for: not beyond the answer and a moment to hang up', async () => {
    const caller = await Caller.post(await start(), '/nowhere', MIB);
    await caller.sendOn(1);
    expect(caller.status).toBe(404);
  });

  it('that comes in pieces is taken', async () => {
    const caller = await Caller.post(await start(), '/echo', 102);
    for (const piece of ['[', ...Array.from({ length: 100 }, () => ' '), ']']) {
      await new Promise((resolve) => caller.socket.write(piece, resolve));
    }
    await eventually('it is answered', () => caller.status === 201);
    expect(caller.isOver).toBe(false); // and the connection is good for the next one
  });

  describe('has the whole time that is documented, whenever it comes between two looks,', () => {
    const LOOK_MS = BODY_DEADLINE.windowMs / 4;
    // The looks come when the test says; everything else keeps its own time.
    beforeEach(() => {
      jest.useFakeTimers({
        doNotFake: [
          'setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'nextTick', 'queueMicrotask', 'performance', 'hrtime', 'Date',
        ],
      }); // prettier-ignore
    });
    afterEach(() => jest.useRealTimers());

    it.each([
      ['for the first bytes', BODY_DEADLINE, BODY_DEADLINE.windowMs],
      ['for all of it', { ...BODY_DEADLINE, windowBytes: 0 }, BODY_DEADLINE.wholeMs],
    ])('%s', async (_what, deadline, grantedMs) => {
      const server = await start(deadline);
      const begun: unknown[] = [];
      server.app.getHttpServer().on('request', (request) => begun.push(request));
      jest.advanceTimersByTime(LOOK_MS - 1);
      const [late, tooLate] = [await Caller.post(server, '/echo', 2), await Caller.post(server, '/echo', 2)];
      await eventually('both have begun', () => begun.length === 2);
      jest.advanceTimersByTime(grantedMs);
      late.socket.write('[]');
      expect(await eventually('it is answered', () => late.status || null)).toBe(201);
      jest.advanceTimersByTime(LOOK_MS);
      expect(await eventually('it is answered', () => tooLate.status || null)).toBe(408);
    });
  });

  it('is not blamed for a time in which this process did not run', async () => {
    const caller = await Caller.post(await start({ ...BODY_DEADLINE, windowMs: 2_000 }), '/echo', 2);
    caller.socket.write('[');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);
    caller.socket.write(']');
    expect(await eventually('it is answered', () => caller.status || null)).toBe(201);
  });
});

describe('A refused request', () => {
  it('is not read to its end: what comes after the answer is left', async () => {
    const caller = await Caller.post(await start(), '/nowhere', 10_000 * MIB);
    await caller.sendOn(MIB);
    expect(caller.status).toBe(404);
    expect(caller.answer).toMatch(/connection: close/i);
    // What lies in the buffers of two sockets is counted as well.
    expect(caller.written).toBeLessThan(64 * MIB);
  });

  it.each([
    ['of a known length', `Content-Length: ${MIB}`],
    ['in chunks', 'Transfer-Encoding: chunked'],
  ])('gets its answer, also when it reads only after it has written all: %s', async (_name, framing) => {
    const caller = await Caller.call(await start(), `POST /nowhere HTTP/1.1\r\nContent-Type: image/png\r\n${framing}`);
    caller.socket.pause();
    const size = 512 * 1024;
    const chunk = Buffer.alloc(size, 'x');
    const body = framing.startsWith('T') ? [`${size.toString(16)}\r\n`, chunk, '\r\n'] : [chunk];
    for (const part of body) await new Promise((resolve) => caller.socket.write(part, resolve));
    caller.socket.resume();
    await eventually('it is over', () => caller.isOver || caller.isGone);
    expect(caller).toMatchObject({ status: 404, isOver: true, wasReset: false });
  });
});
