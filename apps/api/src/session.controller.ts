import { Controller, Get, Header, Inject, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { ConfigFor } from '@app/config';
import * as schemas from '@app/contract';
import { jobTypes } from '@app/domain';
import { Open } from '@app/observability';
import { offers } from '@app/vod/offer';
import type { FastifyRequest } from 'fastify';
import { Caller } from './auth.guard';
import { problem } from './openapi';
import type { Sessions } from './sessions';

export const SESSION = Symbol('session');

export interface SessionOptions {
  config: ConfigFor<'api'>;
  /** Of a local instance: how browsers are signed in without a key. */
  sessions: Sessions | null;
}

/** Who somebody is, and with what a page begins. */
@ApiTags('session')
@Controller()
export class SessionController {
  constructor(@Inject(SESSION) private readonly options: SessionOptions) {}

  @Get('v1/me')
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Whose key this is, what it may do, and what is offered where' })
  @ApiResponse({ status: 200, standardSchema: schemas.meAnswer })
  @ApiResponse(problem(400, 'invalid_request'))
  @ApiResponse(problem(401, 'unauthorized'))
  @ApiResponse(problem(503, 'unavailable'))
  getMe(@Caller() { name, role }: Caller) {
    const { regions, endpoint } = this.options.config.vod;
    return {
      name,
      role,
      regions: regions.map((region) => ({ region, types: jobTypes.filter((type) => offers(region, type)) })),
      emulator: !isAlibabaCloud(endpoint),
    };
  }

  /** For everybody who sees the sign-in page: where it is, and how one gets in. */
  @Get('session.json')
  @Open(true)
  @Header('cache-control', 'no-store')
  @Header('cross-origin-resource-policy', 'same-origin')
  @ApiExcludeEndpoint()
  session(@Req() request: FastifyRequest): schemas.SessionAnswer {
    const { config, sessions } = this.options;
    return {
      signedIn: sessions?.isOpenFor(request) ?? false,
      hasLinks: sessions !== null,
      ...(config.environment && { environment: config.environment }),
    };
  }
}

function isAlibabaCloud(endpoint: string): boolean {
  return /(^|\.)aliyuncs\.com$/.test(new URL(endpoint.replaceAll('{region}', 'region')).hostname);
}
