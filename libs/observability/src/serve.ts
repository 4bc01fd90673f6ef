import type { AddressInfo, Socket } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DynamicModule, Type } from '@nestjs/common';
import type { TrustedProxies } from '@app/config';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { answerBrokenHead, setAnswerHeaders } from './answer-headers';
import { BODY_DEADLINE, lastAnswer, limitBodies, type BodyDeadline } from './body-deadline';
import { countRequests } from './count-requests';
import { codeOf } from './errors';
import { NestLogger } from './nest-logger';
import { portInUse, StartError } from './start-error';

export interface ServeOptions {
  module: Type | DynamicModule;
  host: string;
  /** 0 picks a free one. */
  port: number;
  /** The variable to name when the port is taken. */
  portVariable: string;
  /** What the log says when it listens. */
  listening?: string;
  logger: Logger;
  /** Bytes; Fastify's default is 1 MiB. */
  bodyLimit?: number;
  /** False leaves bodies to the content type parsers that `configure` adds: without any, none is read. */
  bodyParser?: boolean;
  /** How slowly a body may come. */
  bodyDeadline?: BodyDeadline;
  /** Answers what the router refuses before any filter sees it: a broken escape or an overlong part in the path. */
  badUrl?: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;
  /** Runs before the modules are initialised and their routes registered. */
  configure?: (app: NestFastifyApplication) => void | Promise<void>;
  /** Where requests are counted. */
  registry?: Registry;
  /** Whose word for where a request comes from is believed; nobody's unless it is said. */
  trustedProxies?: TrustedProxies;
  /** Answers that take their time on purpose: they are counted, and not timed. */
  lasts?: (request: FastifyRequest) => boolean;
  /** How long requests under way may take once `close` was called. */
  drainMs?: number;
}

export interface Server {
  app: NestFastifyApplication;
  url: string;
  port: number;
  /** Where /metrics and /readyz are answered. */
  operationsUrl: string;
  close: () => Promise<void>;
}

/** How often a server that closes looks for connections on which nothing has come. */
const SILENT_MS = 1_000;

export async function serve(options: ServeOptions): Promise<Server> {
  const app = await createApp(options);
  const lastAnswers = closeConnectionsAfterAnswer(app);
  const silent = silentConnections(app);
  try {
    await options.configure?.(app);
    await app.init(); // apart from listening: a database that isn't there must not be taken for a wrong HOST
    await listen(app, options);
  } catch (error) {
    await app.close().catch(() => {}); // why it can't start matters more than how it stopped
    throw error;
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://${callable(options.host)}:${port}`;
  options.logger.info({ url }, options.listening ?? 'listening');
  return { app, url, port, operationsUrl: url, close };

  /** Below the 20 s that a process has in all: an open stream or a stuck client must not use them up. */
  async function close(): Promise<void> {
    lastAnswers.begin();
    const cut = setTimeout(() => app.getHttpServer().closeAllConnections(), options.drainMs ?? 15_000);
    const cutSilent = setInterval(silent.cut, SILENT_MS);
    try {
      await app.close();
    } finally {
      clearTimeout(cut);
      clearInterval(cutSilent);
    }
  }
}

/**
 * Node closes idle connections when a server closes, but not those that become idle a moment later with the answer they
 * were waiting for: they would hold the process until the keep-alive time-out (72 s in Fastify).
 */
function closeConnectionsAfterAnswer(app: NestFastifyApplication): { begin(): void } {
  let begun = false;
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (begun) void reply.header('connection', 'close');
    done(null, payload);
  });
  return { begin: () => (begun = true) };
}

/**
 * Those on which nothing was ever sent. Node takes none of them for idle, as a request could come, and a server that closes waits for
 * them. They have a moment: one may be on its way.
 */
function silentConnections(app: NestFastifyApplication): { cut: () => void } {
  const open = new Set<Socket>();
  app.getHttpServer().on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return {
    cut: () => {
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    },
  };
}

/**
 * Stopping lets requests under way finish: only idle connections are closed at once. Nest's own `forceCloseConnections`
 * would cut the others too, and a 503 on a kept connection is an event that VOD counts as a failed try.
 */
function createApp({
  module,
  logger,
  bodyLimit,
  bodyParser = true,
  bodyDeadline = BODY_DEADLINE,
  badUrl = refuseUrl,
  registry,
  trustedProxies,
  lasts,
}: ServeOptions): Promise<NestFastifyApplication> {
  let watch: ReturnType<typeof countRequests> | undefined;
  const adapter = new FastifyAdapter({
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    ...(bodyLimit !== undefined && { bodyLimit }),
    clientErrorHandler: answerBrokenHead,
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      // No hook sees it.
      watch?.(request, reply);
      setAnswerHeaders(reply.raw);
      lastAnswer(request, reply);
      badUrl(error, request, reply);
    },
    ...(trustedProxies && { trustProxy: trustOf(trustedProxies) }),
  });
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', (_request, reply, done) => {
    setAnswerHeaders(reply.raw);
    done();
  });
  limitBodies(fastify, bodyDeadline);
  if (!bodyParser) fastify.removeAllContentTypeParsers();
  if (registry) watch = countRequests(fastify, registry, lasts);
  return NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    abortOnError: false, // throw to us instead of ending the process from within
    bodyParser,
  });
}

function refuseUrl(error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  const { statusCode = 400, message = '' } = error as { statusCode?: number; message?: string };
  void reply.status(statusCode).send({ statusCode, message: message.slice(0, 200) });
}

/** Fastify believes nobody when it is told a number, as it can't know whether the first of them is a proxy: who sets one says so. */
function trustOf(proxies: TrustedProxies): string[] | ((address: string, hop: number) => boolean) {
  return 'networks' in proxies ? proxies.networks : (_address, hop) => hop < proxies.hops;
}

async function listen(app: NestFastifyApplication, options: ServeOptions): Promise<void> {
  try {
    await app.listen(options.port, options.host);
  } catch (error) {
    throw listenError(error, options);
  }
}

function listenError(error: unknown, { host, port, portVariable }: ServeOptions): unknown {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return portInUse(host, port, portVariable);
    case 'EACCES':
      return new StartError(`port ${port} on ${host} is not ours to use; set ${portVariable} to one above 1023`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError(`${host} is not an address of this machine; set HOST to one that is`);
    default:
      return error;
  }
}

/** Wildcard addresses are for listening, not for calling. */
function callable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
