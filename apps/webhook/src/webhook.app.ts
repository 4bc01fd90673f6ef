import { Module, type DynamicModule } from '@nestjs/common';
import { callbackUrls, type ConfigFor } from '@app/config';
import { Receive } from '@app/lifecycle/receive';
import type { Logger, Server } from '@app/observability';
import { EventStore } from '@app/persistence';
import { openProcess } from '@app/process';
import type { FastifyInstance } from 'fastify';
import { BodyRoom } from './body-room';
import { Callbacks } from './callbacks';
import { CALLBACK_PATHS, EventsController, LOGGER, type CallbackPaths } from './events.controller';

/** What all events on their way in may hold together: thousands of ordinary ones, some dozens of the largest. */
const ROOM_BYTES = 32 * 1024 * 1024;

@Module({})
class WebhookModule {
  static of(callbacks: Callbacks, paths: CallbackPaths, logger: Logger, operations: DynamicModule): DynamicModule {
    return {
      module: WebhookModule,
      // Operations first: its GET routes stand beside the one POST that takes every path.
      imports: [operations],
      controllers: [EventsController],
      providers: [
        { provide: Callbacks, useValue: callbacks },
        { provide: CALLBACK_PATHS, useValue: paths },
        { provide: LOGGER, useValue: logger },
        { provide: BodyRoom, useValue: new BodyRoom(ROOM_BYTES) },
      ],
    };
  }
}

/** The only process that faces the internet: one path, one insert. It holds no credential of the cloud and no client for it. */
export function startWebhook(config: ConfigFor<'webhook'>, logger: Logger): Promise<Server> {
  return openProcess({ role: 'webhook', config, logger }, async ({ db, signals, registry, operations }) => {
    const urls = callbackUrls(config);
    const { keys, auth, toleranceMs } = config.vod.callback;
    const receive = new Receive(new EventStore(db), signals);
    const callbacks = new Callbacks(receive, signals, { urls, keys, auth, toleranceMs });
    return {
      module: WebhookModule.of(callbacks, pathsOf(urls), logger, operations()),
      registry,
      bodyParser: false,
      configure: (app) => takeAnything(app.getHttpAdapter().getInstance()),
    };
  });
}

/** Any content type, any encoding, any bytes: the controller reads the stream itself. */
function takeAnything(fastify: FastifyInstance): void {
  // Fastify answers 415 when it cannot read the type: an event that VOD would not send again.
  fastify.addHook('onRequest', (request, _reply, done) => {
    delete request.raw.headers['content-type']; // guard: any-content-type
    done();
  });
  fastify.addContentTypeParser('*', (_request: unknown, _payload: unknown, done: (error: null) => void) => done(null));
}

/** Two regions whose URLs have the same path cannot be told apart by where the event came in. */
function pathsOf(urls: ReadonlyMap<string, string>): CallbackPaths {
  const paths = new Map<string, string>();
  for (const [region, url] of urls) {
    const path = new URL(url).pathname;
    paths.set(path, paths.has(path) ? '*' : region);
  }
  return paths;
}
