import { Module, type DynamicModule } from '@nestjs/common';
import { callbackUrls, signedUrls, type ConfigFor } from '@app/config';
import { NoticeBudget, noticeLimits, Receive, Strangers } from '@app/lifecycle/receive';
import { Loop } from '@app/loop';
import type { Logger, Server } from '@app/observability';
import { EventStore, StrangerReads } from '@app/persistence';
import { openProcess } from '@app/process';
import type { FastifyInstance } from 'fastify';
import { BodyRoom, type RoomLimit } from './body-room';
import { Callbacks, type CallbackPlace } from './callbacks';
import { CALLBACK_PATHS, EventsController, LOGGER, type CallbackPaths } from './events.controller';

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * What all events on their way in may hold together: some dozens of the largest, and then still thousands of ordinary ones, which
 * are a few kilobytes.
 */
const roomLimits: readonly RoomLimit[] = [
  { upTo: 8 * KIB, all: 64 * MIB },
  { upTo: 64 * KIB, all: 48 * MIB },
  { upTo: Infinity, all: 32 * MIB },
];

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
        { provide: BodyRoom, useValue: new BodyRoom(roomLimits) },
      ],
    };
  }
}

/** The only process that faces the internet: one path, one insert. It holds no credential of the cloud and no client for it. */
export function startWebhook(config: ConfigFor<'webhook'>, logger: Logger): Promise<Server> {
  return openProcess(
    { role: 'webhook', config, logger },
    async ({ db, signals, registry, onTrouble, onClose, operations }) => {
      const { keys, auth, toleranceMs } = config.vod.callback;
      const receive = new Receive(new EventStore(db), signals);
      const budget = new NoticeBudget();
      const callbacks = new Callbacks(receive, budget, signals, { keys, auth, toleranceMs });
      const strangers = countStrangers(new StrangerReads(db), budget, onTrouble);
      onClose(() => strangers.stop());
      return {
        module: WebhookModule.of(callbacks, pathsOf(callbackUrls(config), signedUrls(config)), logger, operations()),
        registry,
        bodyParser: false,
        configure: (app) => takeAnything(app.getHttpAdapter().getInstance()),
      };
    },
  );
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

/** Beside the events, once a minute. */
function countStrangers(reads: StrangerReads, budget: NoticeBudget, onTrouble: (error: Error) => void): Loop {
  const strangers = new Strangers(reads, noticeLimits.day.rows, (amount) => budget.ofLastDay(amount));
  const loop = new Loop(async () => ({ again: (await strangers.count()).more ? 'now' : 'when_woken' }), {
    pollMs: 60_000,
    onError: (error) => onTrouble(error instanceof Error ? error : new Error(String(error))),
  });
  loop.start();
  return loop;
}

/** Two regions whose URLs have the same path cannot be told apart by where the event came in. */
function pathsOf(urls: ReadonlyMap<string, string>, signed: ReadonlyMap<string, readonly string[]>): CallbackPaths {
  const places = new Map<string, CallbackPlace>();
  for (const [region, url] of urls) {
    const path = new URL(url).pathname;
    const other = places.get(path);
    const mayBeSigned = [...(other?.urls ?? []), ...(signed.get(region) ?? [])]; // guard: pair-of-its-region
    places.set(path, { region: other ? '*' : region, urls: mayBeSigned });
  }
  return places;
}
