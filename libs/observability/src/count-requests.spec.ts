import { Controller, Get, HttpException, Module, Param, Post } from '@nestjs/common';
import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '@app/testing';
import { createLogger, OperationsModule, Registry, serve, type Server } from './index';

let registry: Registry;
let server: Server;
let entered: Promise<void>;
let leave: () => void;

beforeEach(async () => {
  registry = new Registry();
  let enter: () => void = () => {};
  entered = new Promise((resolve) => (enter = resolve));
  const left = new Promise<void>((resolve) => (leave = resolve));
  @Controller('v1')
  class ThingsController {
    @Get('things/:id')
    thing(@Param('id') id: string) {
      if (id === 'missing') throw new HttpException('none', 404);
      if (id === 'away') throw new HttpException('away', 503);
      return { id };
    }
    @Get('slow')
    async slow() {
      enter();
      await left;
      return {};
    }
    @Post('things')
    make() {
      return {};
    }
  }
  @Module({
    imports: [OperationsModule.register({ checks: {}, registry })],
    controllers: [ThingsController],
  })
  class ThingsModule {}
  server = await serve({
    module: ThingsModule,
    host: '127.0.0.1',
    port: 0,
    portVariable: 'API_PORT',
    logger: createLogger({ level: 'silent', format: 'json', process: 'api' }),
    registry,
    lasts: ({ query }) => (query as { wait?: string } | undefined)?.wait !== undefined,
    badUrl: (_error, _request, reply) => void reply.status(400).send('bad'),
  });
});

afterEach(async () => {
  leave();
  await server.close();
});

const get = async (path: string) => (await fetch(server.url + path)).status;

/** Every series of requests that is not 0, as `method route status`. */
async function counted(): Promise<Record<string, number>> {
  const series = [...(await registry.metrics()).matchAll(/^vodai_http_requests_total\{(.*)\} (\d+)$/gm)];
  const named = series.map(([, labels = '', count]) => [
    [...labels.matchAll(/"([^"]*)"/g)].map(([, value]) => value).join(' '),
    Number(count),
  ]);
  return Object.fromEntries(named.filter(([, count]) => count !== 0));
}

async function timed(route: string): Promise<number> {
  const text = await registry.metrics();
  return Number(
    new RegExp(`^vodai_http_request_seconds_count\\{.*route="${route}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
  );
}

function untilCounted(wanted: Record<string, number>): Promise<unknown> {
  return eventually(`there are ${JSON.stringify(wanted)}`, async () => {
    try {
      expect(await counted()).toEqual(wanted);
      return true;
    } catch {
      return false;
    }
  });
}

describe('requests are counted', () => {
  it('by the pattern of their route and by their status, and timed', async () => {
    for (const id of ['1', '2', 'missing', 'away']) await get(`/v1/things/${id}?secret=1`);
    await untilCounted({
      'GET /v1/things/:id 200': 2,
      'GET /v1/things/:id 404': 1,
      'GET /v1/things/:id 503': 1,
    });
    expect(await timed('/v1/things/:id')).toBe(4);
  });

  it('from 0 where an alert wants to see the first', async () => {
    const text = await registry.metrics();
    for (const [method, route] of [
      ['GET', '/v1/things/:id'],
      ['POST', '/v1/things'],
    ]) {
      for (const status of ['500', '503']) {
        expect(text).toContain(`vodai_http_requests_total{method="${method}",route="${route}",status="${status}"} 0`);
      }
    }
  });

  it('all alike where there is no route, whatever path and method a stranger makes up', async () => {
    expect(await get('/a')).toBe(404);
    expect(await get('/b?c=d')).toBe(404);
    expect((await fetch(`${server.url}/c`, { method: 'PROPFIND' })).status).toBe(404);
    await untilCounted({ 'GET none 404': 2, 'other none 404': 1 });
  });

  it('also those that the router refuses', async () => {
    expect(await get('/v1/things/%E0%A4%A')).toBe(400);
    await eventually('it is counted', async () =>
      Object.keys(await counted()).some((series) => series.endsWith(' 400')),
    );
  });

  it('but not those of probes and scrapes', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) expect(await get(path)).toBe(200);
    await get('/v1/things/1');
    await untilCounted({ 'GET /v1/things/:id 200': 1 });
    expect(await registry.metrics()).not.toMatch(/vodai_http.*(healthz|readyz|"\/metrics")/);
  });

  it('as 499 when whoever asked hung up before the answer', async () => {
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /v1/slow HTTP/1.1\r\nhost: x\r\n\r\n');
    await entered;
    socket.destroy();
    await untilCounted({ 'GET /v1/slow 499': 1 });
    expect(await timed('/v1/slow')).toBe(1);
  });

  it('and not timed when they last on purpose', async () => {
    expect(await get('/v1/things/1?wait=30s')).toBe(200);
    await untilCounted({ 'GET /v1/things/:id 200': 1 });
    expect(await timed('/v1/things/:id')).toBe(0);
  });
});
