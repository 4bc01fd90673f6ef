import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LateAnswers } from './late-answers';

describe('answers that are given late', () => {
  let server: Server;
  afterEach(() => server.close());

  /** Serves with them, and says when another request has come in. */
  async function serve(late: LateAnswers) {
    server = createServer((_, response) => {
      late.give(response, () => response.end('late'));
      server.emit('asked');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return async () => {
      const came = once(server, 'asked');
      const asking = get({ port, host: '127.0.0.1', agent: false });
      const answered = new Promise<number | string>((resolve) => {
        asking.on('response', (response: IncomingMessage) => resolve(response.resume().statusCode ?? 0));
        asking.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      });
      await came;
      return { asking, answered };
    };
  }

  it('come after a while', async () => {
    const began = performance.now();
    const ask = await serve(new LateAnswers(50));
    expect(await (await ask()).answered).toBe(200);
    expect(performance.now() - began).toBeGreaterThan(45);
  });

  it('are kept for a bounded number of callers: whoever comes then is hung up on', async () => {
    const ask = await serve(new LateAnswers(60_000, 1));
    const first = await ask();
    expect(await (await ask()).answered).toBe('ECONNRESET');
    first.asking.destroy();
    await first.answered;
  });

  it('leave the place to another when their caller hangs up', async () => {
    const late = new LateAnswers(60_000, 1);
    const ask = await serve(late);
    const gone = once(server, 'connection').then(([socket]) => once(socket as NodeJS.EventEmitter, 'close'));
    const first = await ask();
    first.asking.destroy();
    await gone;
    const second = await ask();
    expect(await Promise.race([second.answered, new Promise((resolve) => setImmediate(resolve, 'kept'))])).toBe('kept');
    second.asking.destroy();
    await second.answered;
  });
});
