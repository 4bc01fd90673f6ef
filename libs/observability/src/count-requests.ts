import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Histogram, type Registry } from 'prom-client';

/** From an answer out of memory to the time-out of a statement; the webhook has 5 s, then VOD gives up. */
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Machines ask these all the time: they would bury what users meet. */
const operations = new Set(['/healthz', '/readyz', '/metrics']);

/** What nginx calls it: whoever asked was gone before there was an answer. */
const CLIENT_GONE = 499;

/** Those of which an alert wants to see the first. */
const alarming = ['500', '503'];

/** A stranger may make one up. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Counts answers by method, route and status, and times them. The route is the pattern, never the path, of which there are as
 * many as there are jobs and strangers.
 *
 * @param lasts whether an answer takes its time on purpose: it is counted, and would say nothing among the others' durations
 * @returns counts one that the router refuses before any hook sees it
 */
export function countRequests(
  fastify: FastifyInstance,
  registry: Registry,
  lasts: (request: FastifyRequest) => boolean = () => false,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const requests = new Counter({
    name: 'vodai_http_requests_total',
    help: 'HTTP requests answered.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'vodai_http_request_seconds',
    help: 'How long answers to HTTP requests take, those that wait on purpose apart.',
    labelNames: ['method', 'route'],
    buckets: seconds,
    registers: [registry],
  });

  const watch = (request: FastifyRequest, reply: FastifyReply) => {
    const route = request.routeOptions.url ?? 'none';
    if (operations.has(route)) return;
    const method = route === 'none' && !methods.has(request.method) ? 'other' : request.method;
    const started = performance.now();
    // Also comes to those who hang up.
    reply.raw.once('close', () => {
      const { headersSent, statusCode } = reply.raw;
      requests.inc({ method, route, status: String(headersSent ? statusCode : CLIENT_GONE) });
      if (!lasts(request)) durations.observe({ method, route }, (performance.now() - started) / 1000);
    });
  };

  fastify.addHook('onRoute', ({ method, url }) => {
    if (operations.has(url)) return;
    // An increase over a series that appears with 1 is none.
    for (const each of [method].flat()) {
      for (const status of alarming) requests.inc({ method: each, route: url, status }, 0);
    }
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    watch(request, reply);
    done();
  });
  return watch;
}
