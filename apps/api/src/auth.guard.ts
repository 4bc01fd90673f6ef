import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable, type CanActivate, type ExecutionContext, createParamDecorator } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { apiRoles, type ApiKey, type ApiRole } from '@app/config';
import { Open } from '@app/observability';
import type { FastifyRequest } from 'fastify';
import { Problem } from './problems';

/** The role that a handler needs; without it a viewer may. */
export const Needs = Reflector.createDecorator<ApiRole>();

/** Whose key it was: the `client` of what is enqueued, the `actor` of what is done. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest & { caller?: Caller }>();
  return caller;
});

export interface Caller {
  name: string;
  role: ApiRole;
}

/** `Authorization: Bearer <secret>`, or the cookie of a session. Every handler needs one, unless it is marked open. */
@Injectable()
export class AuthGuard implements CanActivate {
  private readonly keys: (Caller & { digest: Buffer })[];

  constructor(
    private readonly reflector: Reflector,
    apiKeys: readonly ApiKey[],
    /** Of a local instance: who sends the cookie of a session. */
    private readonly inSession: (request: FastifyRequest) => Caller | null,
  ) {
    this.keys = apiKeys.map(({ name, role, secret }) => ({ name, role, digest: digestOf(secret) }));
  }

  canActivate(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride(Open, targets)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & { caller?: Caller }>();
    const caller = this.inSession(request) ?? this.callerOf(request.headers.authorization);
    const needed = this.reflector.getAllAndOverride(Needs, targets) ?? 'viewer';
    // guard: role-needed
    if (apiRoles.indexOf(caller.role) < apiRoles.indexOf(needed)) {
      throw new Problem('forbidden', `this needs the role ${needed}; the key "${caller.name}" is a ${caller.role}`);
    }
    request.caller = caller;
    return true;
  }

  private callerOf(header: string | undefined): Caller {
    const secret = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
    if (secret === undefined)
      throw new Problem('unauthorized', 'expected the header "Authorization: Bearer <API key>"');
    const digest = digestOf(secret);
    // Digests of equal length, compared in constant time, and all of them: the time says nothing about any key.
    const found = this.keys.filter((key) => timingSafeEqual(key.digest, digest))[0];
    if (!found) throw new Problem('unauthorized', 'this API key is not known'); // guard: known-api-key
    return { name: found.name, role: found.role };
  }
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
