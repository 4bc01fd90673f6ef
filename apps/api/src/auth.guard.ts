import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { ApiRole } from '@app/config';
import { Open } from '@app/observability';
import type { FastifyRequest } from 'fastify';
import type { Caller as ApiCaller } from './callers/api-keys';
import { EXPECTED_KEY } from './callers/entrance';
import { Problem } from './problems';

/** Whose key it was: the `client` of what is enqueued, the `actor` of what is done. */
export type Caller = ApiCaller;
export const Caller = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().caller,
);

type Handler = TypedPropertyDescriptor<(...args: unknown[]) => unknown>;
const marked = new WeakSet<object>();

/**
 * The role that a handler, or each of a controller, needs; without it a viewer may. Told to the route, where the entrance reads
 * it before the body.
 */
export function Needs(role: ApiRole): ClassDecorator & MethodDecorator {
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const mark = (of: object, each: string | symbol, method: Handler) => {
      if (!method.value || marked.has(method.value)) return; // what the method says counts before its class
      marked.add(method.value);
      RouteConfig({ needs: role })(of, each, method);
    };
    if (descriptor && name !== undefined) return mark(target, name, descriptor);
    const { prototype } = target as { prototype: object };
    const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype) as Record<string, Handler>);
    for (const [each, method] of methods) if (each !== 'constructor') mark(prototype, each, method);
  };
}

/** Whoever the entrance has not let in meets this, at every handler that is not marked as open. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.getAllAndOverride(Open, [context.getHandler(), context.getClass()])) return true;
    if (!context.switchToHttp().getRequest<FastifyRequest>().caller) throw new Problem('unauthorized', EXPECTED_KEY);
    return true;
  }
}
