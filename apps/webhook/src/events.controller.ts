import { Controller, Headers, Inject, Post, Req, Res } from '@nestjs/common';
import type { Logger } from '@app/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readBody, UnreadBodyError } from './body';
import { BodyRoom } from './body-room';
import { Callbacks, type CallbackPlace } from './callbacks';

/** What listens at each path that VOD calls. */
export type CallbackPaths = ReadonlyMap<string, CallbackPlace>;

export const CALLBACK_PATHS = Symbol('callback paths');
export const LOGGER = Symbol('logger');

/**
 * VOD's event notifications. 200 means "stored" and nothing else does: VOD counts every other status as a failure, asks
 * three times within seconds and then never again.
 */
@Controller()
export class EventsController {
  constructor(
    private readonly callbacks: Callbacks,
    @Inject(CALLBACK_PATHS) private readonly paths: CallbackPaths,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly room: BodyRoom,
  ) {}

  @Post('*')
  async event(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Headers('x-vod-timestamp') timestamp: string | undefined,
    @Headers('x-vod-signature') signature: string | undefined,
  ): Promise<void> {
    const path = request.url.split('?')[0] ?? '';
    const place = this.paths.get(path);
    if (place === undefined) return answer(reply, 404, 'not_found');
    try {
      const taken = await this.callbacks.take({
        place,
        timestamp,
        signature,
        path,
        // X-Forwarded-For is not looked at: anybody can write it.
        remoteAddress: request.raw.socket.remoteAddress ?? null,
        readBody: () => readBody(request.raw, reply.raw, this.room),
      });
      if (taken.outcome === 'refused') return answer(reply, 401, `signature_${taken.reason}`);
      void reply.status(200).send({ ok: true });
    } catch (error) {
      if (error instanceof UnreadBodyError) return refuseBody(reply, error);
      this.logger.error({ err: error }, 'an event could not be stored; VOD is told to send it again');
      void reply.header('retry-after', '1');
      answer(reply, 503, 'unavailable');
    }
  }
}

function refuseBody(reply: FastifyReply, { status, code }: UnreadBodyError): void {
  if (reply.sent) return; // it came too slowly, and that was said
  if (status === 503) void reply.header('retry-after', '1');
  answer(reply, status, code);
}

function answer(reply: FastifyReply, status: number, code: string): void {
  void reply.status(status).send({ ok: false, code });
}
