import { isUtf8 } from 'node:buffer';
import { Module, StandardSchemaValidationPipe, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, Reflector } from '@nestjs/core';
import { version, type ConfigFor } from '@app/config';
import { Accept, Operate, ReplayDelivery, ReplayEvent, Subscribe } from '@app/lifecycle/commands';
import { showListeners, type Logger, type Registry, type Server, type Signals } from '@app/observability';
import { checkTarget } from '@app/outbound';
import {
  ChangeReads,
  channels,
  CircuitStore,
  ClosedQueueStore,
  DeliveryChanges,
  DeliveryReads,
  Door,
  EndpointChanges,
  EndpointReads,
  EventMatcher,
  EventReplays,
  EvidenceReads,
  FlowReads,
  FlowWindows,
  JobCounts,
  HistoryReads,
  JobReads,
  JobStore,
  ListReads,
  OutlookReads,
  ProcessStore,
  ProgressReads,
  RequestStore,
  StandingReads,
  StatsReads,
} from '@app/persistence';
import { openProcess } from '@app/process';
import { JobConfig } from '@app/vod/offer';
import type { FastifyInstance } from 'fastify';
import type { DataSource } from 'typeorm';
import { ActionsController } from './actions.controller';
import { AuthGuard } from './auth.guard';
import { ApiKeys } from './callers/api-keys';
import { Entrance } from './callers/entrance';
import { CallerPlaces } from './callers/places';
import { ChangeFeed } from './change-feed';
import { builtDashboard, serveDashboard } from './dashboard';
import { DeliveriesController } from './deliveries.controller';
import { EndpointsController } from './endpoints.controller';
import { EventReplayController } from './event-replay.controller';
import { ExportController } from './export.controller';
import { showStanding } from './gauges';
import { InspectionController } from './inspection.controller';
import { JobsController, REGIONS } from './jobs.controller';
import { ApiDocument } from './openapi';
import { refuseOtherOrigins } from './other-origins';
import { invalid, ProblemFilter } from './problems';
import { QueryGuard } from './query.guard';
import { nameRequests } from './request-id';
import { SESSION, SessionController, type SessionOptions } from './session.controller';
import { Sessions } from './sessions';
import { SignInController } from './sign-in.controller';
import { StreamController } from './stream.controller';
import { WaitingRoom } from './waiting-room';

/** What the routes and the gauges read both. */
interface Stores {
  processes: ProcessStore;
  circuits: CircuitStore;
  closedQueues: ClosedQueueStore;
  outlooks: OutlookReads;
  stats: StatsReads;
}

interface Parts {
  config: ConfigFor<'api'>;
  db: DataSource;
  signals: Signals;
  changes: ChangeReads;
  feed: ChangeFeed;
  stores: Stores;
  problems: ProblemFilter;
  document: ApiDocument;
  operations: DynamicModule;
  jobConfig: JobConfig;
  sessions: Sessions | null;
}

@Module({})
class ApiModule {
  static of({
    config,
    db,
    signals,
    changes,
    feed,
    stores: { processes, circuits, closedQueues, outlooks, stats },
    problems,
    document,
    operations,
    jobConfig,
    sessions,
  }: Parts): DynamicModule {
    const requests = new RequestStore(db);
    const reads = new JobReads(db);
    const lists = new ListReads(db);
    const door = new Door(db, { rules: config.alarms, signals });
    const jobs = new JobStore(door, new EventMatcher(db, door));
    const [endpoints, deliveries, replays] = [new EndpointReads(db), new DeliveryReads(db), new DeliveryChanges(db)];
    const check = (url: string) => checkTarget(url, config.deliveries);
    const subscribe = new Subscribe(new EndpointChanges(db), endpoints, replays, check, signals);
    return {
      module: ApiModule,
      imports: [operations],
      controllers: [
        JobsController,
        ActionsController,
        EventReplayController,
        InspectionController,
        ExportController,
        StreamController,
        EndpointsController,
        DeliveriesController,
        SessionController,
        ...(sessions ? [SignInController] : []),
      ],
      providers: [
        { provide: RequestStore, useValue: requests },
        { provide: Accept, useValue: new Accept(requests, signals) },
        { provide: Operate, useValue: new Operate(jobs, reads) },
        { provide: Subscribe, useValue: subscribe },
        { provide: ReplayDelivery, useValue: new ReplayDelivery(replays, deliveries, endpoints, signals) },
        { provide: EndpointReads, useValue: endpoints },
        { provide: DeliveryReads, useValue: deliveries },
        { provide: ReplayEvent, useValue: new ReplayEvent(new EventReplays(db), lists, signals) },
        { provide: CircuitStore, useValue: circuits },
        { provide: ClosedQueueStore, useValue: closedQueues },
        { provide: JobReads, useValue: reads },
        { provide: HistoryReads, useValue: new HistoryReads(db) },
        { provide: ListReads, useValue: lists },
        { provide: EvidenceReads, useValue: new EvidenceReads(db) },
        { provide: StatsReads, useValue: stats },
        { provide: FlowWindows, useValue: new FlowWindows(new FlowReads(db)) },
        { provide: ProcessStore, useValue: processes },
        { provide: OutlookReads, useValue: outlooks },
        { provide: ProgressReads, useValue: new ProgressReads(db, lists, outlooks) },
        { provide: ChangeReads, useValue: changes },
        { provide: ChangeFeed, useValue: feed },
        { provide: WaitingRoom, useValue: new WaitingRoom(feed) },
        { provide: CallerPlaces, useValue: new CallerPlaces(config.callers, signals) },
        { provide: REGIONS, useValue: config.vod.regions },
        { provide: JobConfig, useValue: jobConfig },
        { provide: SESSION, useValue: { config, sessions } satisfies SessionOptions },
        { provide: Sessions, useValue: sessions },
        { provide: APP_GUARD, useClass: AuthGuard },
        {
          provide: APP_GUARD,
          useFactory: (reflector: Reflector) => new QueryGuard(reflector, document),
          inject: [Reflector],
        },
        { provide: APP_PIPE, useValue: new SchemaPipe({ exceptionFactory: toInvalid }) },
        { provide: APP_FILTER, useValue: problems },
      ],
    };
  }
}

class SchemaPipe extends StandardSchemaValidationPipe {
  /** The parser has refused what would poison a prototype; a label that is called "constructor" is only a label. */
  protected override stripProtoKeys(): void {}
}

/** A form or a text is answered with 415, rather than read as if it were JSON. */
function takeJsonOnly(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Decoding would put U+FFFD where the bytes are no UTF-8, and we would keep what nobody has sent.
    if (!isUtf8(body)) return done(invalid([{ path: '', message: 'expected UTF-8' }])); // guard: body-is-utf8
    void parse(request, body.toString(), done);
  });
}

/** Whoever asks only for the head of an answer doesn't wait for a job. */
function answerHeadAtOnce(fastify: FastifyInstance): void {
  fastify.addHook('preValidation', ({ method, query }, _reply, done) => {
    if (method === 'HEAD') delete (query as { wait?: string }).wait;
    done();
  });
}

/** Zod's issues in the terms of the caller. */
function toInvalid(issues: readonly { message: string; path?: readonly unknown[] | undefined }[]) {
  return invalid(
    issues.map(({ message, path = [] }) => ({
      path: path
        .map((part) => String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part))
        .join('.'),
      message,
    })),
  );
}

export interface ApiOptions {
  /** Of a local instance: how browsers are signed in without a key. What they send by themselves has to be guarded. */
  sessions?: Sessions | null;
  /** The folder of the built dashboard; null when there is none. */
  dashboard?: string | null;
}

/** The internal HTTP API. Needs Postgres and nothing else; never touches Redis. */
export async function startApi(
  config: ConfigFor<'api'>,
  logger: Logger,
  { sessions = null, dashboard = builtDashboard() }: ApiOptions = {},
): Promise<Server> {
  const jobConfig = new JobConfig(config.vod.configExtras);
  return openProcess({ role: 'api', config, logger }, async (process) => {
    const { db, signals, registry, onTrouble, onClose, listen, operations } = process;
    const changes = new ChangeReads(db);
    const feed = new ChangeFeed(changes, (error) => logger.error({ err: error }, 'the change feed could not look'));
    showListeners(registry, () => feed.listeners);
    feed.start();
    onClose(() => feed.stop());
    await listen({ [channels.jobChanged]: () => feed.wake() });

    const counts = new JobCounts(db);
    counts.start(onTrouble);
    onClose(() => counts.stop());
    const stores = openStores(db, counts);
    showWhatIs(registry, config, stores, counts);

    const problems = new ProblemFilter(logger);
    const document = new ApiDocument(version);
    const entrance = new Entrance({
      keys: new ApiKeys(config.apiKeys),
      inSession: (request) => sessions?.callerOf(request) ?? null,
      rate: config.callers.rate,
      signals,
      problems,
    });
    return {
      module: ApiModule.of({
        config,
        db,
        signals,
        changes,
        feed,
        stores,
        problems,
        document,
        operations: operations(),
        jobConfig,
        sessions,
      }),
      bodyParser: false,
      registry,
      ...(config.trustedProxies && { trustedProxies: config.trustedProxies }),
      // Whoever streams or waits for a job wants it to last.
      lasts: ({ routeOptions, query }) =>
        routeOptions.url === '/v1/stream' || (query as { wait?: string } | undefined)?.wait !== undefined,
      badUrl: (error, request, reply) => problems.answer(error, request, reply),
      configure: (app) => {
        const fastify = app.getHttpAdapter().getInstance();
        nameRequests(fastify);
        if (sessions) refuseOtherOrigins(fastify, config.host, problems); // guard: local-api-origins
        entrance.stand(fastify);
        answerHeadAtOnce(fastify);
        takeJsonOnly(fastify);
        document.serve(app);
        serveDashboard(fastify, dashboard);
      },
    };
  });
}

function showWhatIs(registry: Registry, config: ConfigFor<'api'>, stores: Stores, counts: JobCounts): void {
  const { processes, stats, outlooks } = stores;
  const standing = new StandingReads(counts, stats, outlooks);
  showStanding(registry, config.vod.regions, async () => {
    const [seen, living] = await Promise.all([standing.standing(), processes.living()]);
    return { ...seen, workers: living.filter(({ role }) => role === 'worker') };
  });
}

function openStores(db: DataSource, counts: JobCounts): Stores {
  const [processes, circuits, closedQueues] = [new ProcessStore(db), new CircuitStore(db), new ClosedQueueStore(db)];
  const outlooks = new OutlookReads(db, counts, { processes, circuits, closedQueues });
  return { processes, circuits, closedQueues, outlooks, stats: new StatsReads(db, counts) };
}
