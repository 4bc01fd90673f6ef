import { Module, type DynamicModule } from '@nestjs/common';
import { callbackUrls, version, type ConfigFor } from '@app/config';
import { Receive } from '@app/lifecycle/receive';
import {
  attachLogging,
  countCallbacks,
  createRegistry,
  OperationsModule,
  serve,
  showPool,
  Signals,
  type Logger,
  type Server,
} from '@app/observability';
import { EventStore, Heartbeat, openDatabase, poolOf, ProcessStore } from '@app/persistence';
import { assertWritable } from '@app/postgres';
import { Callbacks } from './callbacks';
import { CALLBACK_PATHS, EventsController, LOGGER, type CallbackPaths } from './events.controller';

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
      ],
    };
  }
}

/** The only process that faces the internet: one path, one insert. It holds no credential of the cloud and no client for it. */
export async function startWebhook(config: ConfigFor<'webhook'>, logger: Logger): Promise<Server> {
  const signals = new Signals();
  const registry = createRegistry(version);
  attachLogging(signals, logger);
  countCallbacks(signals, registry);

  const onTrouble = (error: Error) => signals.emit('store.trouble', { store: 'postgres', error });

  const db = await openDatabase('webhook', { url: config.databaseUrl, onTrouble });
  const heartbeat = new Heartbeat(
    new ProcessStore(db),
    { role: 'webhook', regions: config.vod.regions, limits: null },
    onTrouble,
  );
  const stop = async () => {
    await heartbeat.stop();
    await db.destroy();
  };
  showPool(registry, () => poolOf(db));
  try {
    const urls = callbackUrls(config);
    const { keys, auth, toleranceMs } = config.vod.callback;
    const receive = new Receive(new EventStore(db), signals);
    const callbacks = new Callbacks(receive, signals, { urls, keys, auth, toleranceMs });
    const operations = OperationsModule.register({ checks: { postgres: () => assertWritable(db) }, registry });
    const server = await serve({
      module: WebhookModule.of(callbacks, pathsOf(urls), logger, operations),
      host: config.host,
      port: config.ports.webhook,
      portVariable: 'WEBHOOK_PORT',
      registry,
      logger,
      bodyParser: false,
      configure: (app) => {
        const fastify = app.getHttpAdapter().getInstance();
        // Fastify answers 415 when it cannot read the type: an event that VOD would not send again.
        fastify.addHook('onRequest', (request, _reply, done) => {
          delete request.raw.headers['content-type']; // guard: any-content-type
          done();
        });
        // Any content type, any encoding, any bytes: the controller reads the stream itself.
        fastify.removeAllContentTypeParsers();
        fastify.addContentTypeParser('*', (_request: unknown, _payload: unknown, done: (error: null) => void) =>
          done(null),
        );
      },
    });
    await heartbeat.start();
    return {
      ...server,
      close: async () => {
        await server.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
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
