import {
  Body,
  Controller,
  Get,
  Injectable,
  Module,
  Post,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { Agent, get } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  createLogger,
  Open,
  OperationsModule,
  Registry,
  serve,
  StartError,
  type Server,
  type ServeOptions,
} from './index';

const logger = createLogger({ level: 'silent', format: 'json', process: 'api' });
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(module: ServeOptions['module'], more: Partial<ServeOptions> = {}): Promise<Server> {
  const server = await serve({ module, host: '127.0.0.1', port: 0, portVariable: 'API_PORT', logger, ...more });
  servers.push(server);
  return server;
}

/** A request that is answered when the test says so. */
function gate() {
  let open: () => void = () => {};
  let entered: () => void = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  const underWay = new Promise<void>((resolve) => (entered = resolve));
  @Controller()
  class SlowController {
    @Get('slow')
    async slow() {
      entered();
      await opened;
      return { done: true };
    }
    @Post('echo')
    echo(@Body() body: unknown) {
      return body;
    }
  }
  @Module({ controllers: [SlowController] })
  class SlowModule {}
  return { module: SlowModule, open, underWay };
}

describe('serve', () => {
  it('listens where it says', async () => {
    const { url, port } = await start(gate().module);
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  });

  it('says which port is taken and which variable changes it', async () => {
    const { port } = await start(gate().module);
    const second = start(gate().module, { port, portVariable: 'WEBHOOK_PORT' });
    await expect(second).rejects.toThrow(
      new StartError(`port ${port} on 127.0.0.1 is in use; set WEBHOOK_PORT to another one (0 picks a free one)`),
    );
  });

  it("says when HOST isn't ours", async () => {
    await expect(start(gate().module, { host: '192.0.2.1' })).rejects.toThrow(
      /^192\.0\.2\.1 is not an address of this machine; set HOST/,
    );
  });

  it("doesn't blame HOST for another host that isn't there", async () => {
    @Module({})
    class LonelyModule {
      onModuleInit() {
        throw Object.assign(new Error('getaddrinfo ENOTFOUND db.internal'), { code: 'ENOTFOUND' });
      }
    }
    await expect(start(LonelyModule)).rejects.toThrow('getaddrinfo ENOTFOUND db.internal');
  });

  it('refuses a body over the limit', async () => {
    const { url } = await start(gate().module, { bodyLimit: 100 });
    const post = (size: number) =>
      fetch(`${url}/echo`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify('x'.repeat(size)),
      });
    expect((await post(10)).status).toBe(201);
    expect((await post(200)).status).toBe(413);
  });

  it('finishes the request under way when it is closed, and takes no new connection', async () => {
    const { module, open, underWay } = gate();
    const { url, port, close, app } = await start(module);
    const answer = fetch(`${url}/slow`);
    await underWay;
    const closed = close();
    while (app.getHttpServer().listening) await new Promise(setImmediate);
    const [refusal] = await once(connect(port, '127.0.0.1'), 'error').catch((error: unknown) => [error]);
    expect(refusal).toMatchObject({ code: 'ECONNREFUSED' });
    open();
    expect((await answer).status).toBe(200);
    await closed;
  });

  it('is not held up by a client that keeps its connection', async () => {
    const { url, close } = await start(gate().module);
    const agent = new Agent({ keepAlive: true });
    const [response] = await once(get(`${url}/nowhere`, { agent }), 'response');
    response.resume();
    await once(response, 'end');
    await expect(close()).resolves.toBeUndefined();
    agent.destroy();
  });

  it('is not held up by a connection on which nothing was ever sent', async () => {
    const { url, port, close } = await start(gate().module, { drainMs: 3_600_000 });
    const silent = connect(port, '127.0.0.1');
    await once(silent, 'connect');
    await fetch(url); // came after it: by now both are taken
    await expect(close()).resolves.toBeUndefined();
    silent.destroy();
  });

  it('cuts a request that takes longer than the drain', async () => {
    const { module, underWay } = gate();
    const { url, close } = await start(module, { drainMs: 50 });
    const answer = fetch(`${url}/slow`);
    const outcome = answer.then(
      () => 'answered',
      () => 'cut',
    );
    await underWay;
    await close();
    expect(await outcome).toBe('cut');
  });
});

describe('the faces that every process has', () => {
  async function operations(checks: Record<string, () => Promise<unknown>> = {}) {
    const registry = new Registry();
    const { url } = await start(OperationsModule.register({ checks, registry }));
    const read = async (path: string) => {
      const response = await fetch(url + path);
      return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
    };
    const ready = async () => {
      const { status, text } = await read('/readyz');
      return { status, body: JSON.parse(text) as unknown };
    };
    return { registry, read, ready };
  }

  it('/healthz is ok while the process lives, whatever the stores do', async () => {
    const { read } = await operations({ postgres: () => Promise.reject(new Error('away')) });
    expect(await read('/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  });

  it('/readyz is ok when every check is', async () => {
    const { ready } = await operations({ postgres: async () => {}, redis: async () => 'PONG' });
    expect(await ready()).toEqual({ status: 200, body: { status: 'ok', checks: { postgres: 'ok', redis: 'ok' } } });
  });

  it('/readyz is 503 when one is not, with a short reason and no secret, and recovers', async () => {
    let refused = true;
    const { ready } = await operations({
      postgres: async () => {
        if (refused) throw Object.assign(new Error('connect postgres://app:canary@db'), { code: 'ECONNREFUSED' });
      },
      queue: async () => {
        if (refused) throw new Error('no answer from redis://:canary@cache\nsecond line');
      },
      schema: async () => {},
    });
    expect(await ready()).toEqual({
      status: 503,
      body: {
        status: 'unavailable',
        checks: { postgres: 'ECONNREFUSED', queue: 'no answer from redis://***@cache', schema: 'ok' },
      },
    });
    refused = false;
    expect((await ready()).status).toBe(200);
  });

  it('/metrics says of every store whether it answers at this moment', async () => {
    let away = true;
    const { read } = await operations({
      postgres: async () => {
        if (away) throw new Error('away');
      },
      queues: async () => {},
    });
    const up = async () =>
      (await read('/metrics')).text.split('\n').filter((line) => line.startsWith('vodai_store_up{'));
    expect(await up()).toEqual(['vodai_store_up{store="postgres"} 0', 'vodai_store_up{store="queues"} 1']);
    away = false;
    expect(await up()).toEqual(['vodai_store_up{store="postgres"} 1', 'vodai_store_up{store="queues"} 1']);
  });

  it('/readyz answers after a second though a check hangs, and asks a hanging store only once', async () => {
    let asked = 0;
    const { ready } = await operations({
      postgres: () => {
        asked++;
        return new Promise(() => {});
      },
    });
    const answers = await Promise.all([ready(), ready()]);
    const hanging = { status: 503, body: { status: 'unavailable', checks: { postgres: 'no answer within 1000 ms' } } };
    expect(answers).toEqual([hanging, hanging]);
    expect(asked).toBe(1);
  });

  it('/readyz takes a check that throws at once for one that fails', async () => {
    const { ready } = await operations({
      postgres: () => {
        throw new Error('not connected yet');
      },
    });
    expect(await ready()).toMatchObject({ status: 503, body: { checks: { postgres: 'not connected yet' } } });
  });

  it('/metrics is text for Prometheus', async () => {
    const { read, registry } = await operations();
    registry.setDefaultLabels({ test: 'yes' });
    expect(await read('/metrics')).toMatchObject({ status: 200, type: registry.contentType });
  });

  it('are open where a guard keeps everything else closed', async () => {
    @Injectable()
    class KeyGuard implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(context: ExecutionContext) {
        return this.reflector.getAllAndOverride(Open, [context.getHandler(), context.getClass()]) ?? false;
      }
    }
    @Module({
      imports: [OperationsModule.register({ checks: {}, registry: new Registry() }), gate().module],
      providers: [{ provide: APP_GUARD, useClass: KeyGuard }],
    })
    class GuardedModule {}
    const { url } = await start(GuardedModule);
    const statuses = await Promise.all(
      ['/healthz', '/readyz', '/metrics', '/slow'].map(async (path) => (await fetch(url + path)).status),
    );
    expect(statuses).toEqual([200, 200, 200, 403]);
  });
});
