import { Controller, Delete, Get, Header, HttpCode, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { SignInLink } from '@app/contract';
import { Open } from '@app/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller } from './auth.guard';
import { endedCookie, sessionCookie, Sessions, signInPath } from './sessions';

/** The way in for browsers on the machine of a local instance. Elsewhere there is none of this: one signs in with a key. */
@ApiExcludeController()
@Controller()
export class SignInController {
  constructor(@Inject(Sessions) private readonly sessions: Sessions) {}

  /** One more link, which signs in as the owner of the key that asks for it. */
  @Post('v1/session/links')
  @Header('cache-control', 'no-store')
  offer(@Caller() caller: Caller): SignInLink {
    return { path: signInPath(this.sessions.offer(caller, Date.now())) };
  }

  /** Follows a link. What was in it is used up then, and is in no address of what comes next. */
  @Get('session')
  @Open(true)
  follow(@Query('token') token: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    // A program that looks at a link before a person does asks for its head.
    const mayOpen = request.method === 'GET' && typeof token === 'string';
    const secret = mayOpen ? this.sessions.open(token, Date.now()) : null;
    if (secret !== null) void reply.header('set-cookie', sessionCookie(request.socket.localPort, secret));
    const isIn = secret !== null || this.sessions.isOpenFor(request);
    void reply
      .headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      .redirect(isIn ? './' : './#link-over', 303);
  }

  @Delete('v1/session')
  @HttpCode(204)
  end(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): void {
    this.sessions.end(request);
    void reply.header('set-cookie', endedCookie(request.socket.localPort));
  }
}
