import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Open } from '@app/observability';
import type { FastifyRequest } from 'fastify';
import type { ApiDocument } from './openapi';
import { invalid } from './problems';

/**
 * A query parameter that the document does not have is refused, also where there are none: whoever is ignored in silence takes the
 * answer for another one. What is open has nothing to narrow, and a probe that says too much must not end a process that works.
 */
@Injectable()
export class QueryGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly document: ApiDocument,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.getAllAndOverride(Open, [context.getHandler(), context.getClass()])) return true;
    const { query, method, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    const asked = Object.keys(query as object);
    if (asked.length === 0) return true;
    const known = this.document.queryOf(method, routeOptions.url ?? '');
    const unknown = asked.filter((name) => !known.includes(name));
    const message =
      known.length > 0 ? `unknown; expected any of ${known.join(', ')}` : 'unknown; expected no parameters';
    if (unknown.length > 0) throw invalid(unknown.map((path) => ({ path, message })));
    return true;
  }
}
