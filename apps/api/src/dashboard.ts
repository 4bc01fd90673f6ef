import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What the dashboard's router knows. Each answers with the same page, which finds out by itself what to show. */
const routes = ['/', '/jobs', '/jobs/:id', '/held', '/events', '/events/:id', '/flow', '/submit'];

/** Where the build puts it; also when the api runs from its sources, as in tests. */
const built = [join(__dirname, '../../dashboard'), join(__dirname, '../../../dist/apps/dashboard')];

export function builtDashboard(): string | null {
  return built.find((folder) => existsSync(join(folder, 'assets'))) ?? null;
}

/**
 * The dashboard's page and files. They need no key: what they show comes from /v1, which does.
 *
 * @param folder as Vite built it; null says that it is not there
 */
export function serveDashboard(fastify: FastifyInstance, folder: string | null): void {
  const page = folder === null ? null : readFileSync(join(folder, 'index.html'), 'utf8');
  for (const route of routes) {
    fastify.get(route, (request, reply) =>
      page === null ? notBuilt(request, reply) : answerPage(page, request, reply),
    );
  }
  if (folder === null) return;
  void fastify.register(fastifyStatic, {
    root: join(folder, 'assets'),
    prefix: '/assets/',
    decorateReply: false, // Swagger's pages have done that
    index: false,
    preCompressed: true,
    // Vite names files by what is in them.
    immutable: true,
    maxAge: '1y',
  });
}

function answerPage(page: string, { url }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const nonce = randomBytes(16).toString('base64url');
  // Nothing that is written in a page runs; only Mantine's style elements, which carry the nonce, are let through.
  const policy = [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self' data:`,
    `font-src 'self'`,
    `connect-src 'self'`,
    `base-uri 'self'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ];
  return reply
    .headers({
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-cache',
    })
    .type('text/html; charset=utf-8')
    .send(page.replace('<head>', `<head><base href="${baseOf(url)}" /><meta name="csp-nonce" content="${nonce}" />`));
}

/** The way back to the root from a path of ours, so that it holds under any prefix that a proxy strips. */
function baseOf(url: string): string {
  const { length } = url.slice(1).split('?', 1)[0]?.split('/') ?? [];
  return length > 1 ? '../'.repeat(length - 1) : './';
}

function notBuilt({ url }: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .send(
      `The dashboard is not built (npm run build). The API is described at <a href="${baseOf(url)}docs">/docs</a>.\n`,
    );
}
