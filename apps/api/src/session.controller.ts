import { Controller, Get, Header, Headers, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { ConfigFor } from '@app/config';
import * as schemas from '@app/contract';
import { jobTypes } from '@app/domain';
import { Open } from '@app/observability';
import { offers } from '@app/vod/offer';
import { Caller } from './auth.guard';
import { problem } from './openapi';

export const SESSION = Symbol('session');

export interface SessionOptions {
  config: ConfigFor<'api'>;
  /** In local mode: what a browser on this machine is signed in with. */
  localKey: string | null;
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

  /**
   * The environment's name is for everybody who sees the sign-in page. The key is for a browser on the same machine, which reads
   * this only from a page of ours: other origins are kept out by the same-origin rule, and a name that was made to point at this
   * machine (DNS rebinding) shows in `Host`. Whoever comes through a proxy is not on this machine.
   */
  @Get('session.json')
  @Open(true)
  @Header('cache-control', 'no-store')
  @Header('cross-origin-resource-policy', 'same-origin')
  @ApiExcludeEndpoint()
  session(@Headers() headers: Record<string, string | undefined>): schemas.SessionAnswer {
    const { config, localKey } = this.options;
    const isProxied = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'].some((name) => headers[name] !== undefined);
    // guard: local-key-own-names, local-key-loopback, local-key-unproxied
    const isOfThisMachine = !isProxied && isLoopback(config.host) && isLoopback(nameIn(headers['host']));
    return {
      apiKey: isOfThisMachine ? localKey : null,
      ...(config.environment && { environment: config.environment }),
    };
  }
}

function isAlibabaCloud(endpoint: string): boolean {
  return /(^|\.)aliyuncs\.com$/.test(new URL(endpoint.replaceAll('{region}', 'region')).hostname);
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

/** The name in a Host header, without its port; brackets are an IPv6 address's. */
function nameIn(host = ''): string {
  return /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(host)?.slice(1).find(Boolean)?.toLowerCase() ?? '';
}
