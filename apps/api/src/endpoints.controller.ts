import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import * as schemas from '@app/contract';
import { ENDPOINTS_MAX, Subscribe } from '@app/lifecycle/commands';
import { DeliveryReads, EndpointReads } from '@app/persistence';
import type { FastifyReply } from 'fastify';
import { Caller, Needs } from './auth.guard';
import { by, whoseOf } from './callers/whose';
import { deliveryView, endpointView, secretView } from './delivery-views';
import { problem } from './openapi';
import { invalid, Problem } from './problems';
import { listView } from './views';

/** Where clients are told of their jobs. Each client sees and changes its own; the same 404 hides those of others. */
@ApiTags('deliveries')
@ApiBearerAuth()
@ApiResponse(problem(400, 'invalid_request'))
@ApiResponse(problem(401, 'unauthorized'))
@ApiResponse(problem(503, 'unavailable'))
@Controller('v1/endpoints')
export class EndpointsController {
  constructor(
    private readonly subscribe: Subscribe,
    private readonly reads: EndpointReads,
    private readonly deliveries: DeliveryReads,
  ) {}

  @Post()
  @Needs('operator')
  @HttpCode(201)
  @ApiOperation({ summary: 'Have a URL told of the jobs of this client. The secret is shown this once' })
  @ApiResponse({ status: 201, description: 'Created', standardSchema: schemas.endpointWithSecretAnswer })
  @ApiResponse(problem(403, 'forbidden'))
  @ApiResponse(problem(409, 'too_many_endpoints'))
  @ApiResponse(problem(413, 'too_large'))
  @ApiResponse(problem(415, 'unsupported_media_type'))
  async createEndpoint(
    @Body({ schema: schemas.endpointRequest }) body: schemas.EndpointRequest,
    @Caller() { name }: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const made = await this.subscribe.add(body, name);
    switch (made.outcome) {
      case 'done':
        void reply.header('location', `/v1/endpoints/${made.endpoint.id}`);
        return secretView(made);
      case 'too_many':
        throw new Problem('too_many_endpoints', `a client has ${ENDPOINTS_MAX} endpoints at most; remove one first`);
      default:
        throw refused(made);
    }
  }

  @Get()
  @ApiOperation({ summary: 'The endpoints of this client, newest first; of all clients for an admin' })
  @ApiResponse({ status: 200, standardSchema: schemas.endpointsAnswer })
  async listEndpoints(
    @Query({ schema: schemas.endpointQuery }) { limit, cursor }: schemas.EndpointQuery,
    @Caller() caller: Caller,
  ) {
    const rows = await this.reads.list(whoseOf(caller), { limit: limit + 1, before: cursor });
    return listView(rows, limit, endpointView);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One endpoint' })
  @ApiResponse({ status: 200, standardSchema: schemas.endpointAnswer })
  @ApiResponse(problem(404, 'not_found'))
  async getEndpoint(@Param('id', { schema: schemas.id }) id: string, @Caller() caller: Caller) {
    const endpoint = await this.reads.one(id, whoseOf(caller));
    if (!endpoint) throw noEndpoint(id);
    return endpointView(endpoint);
  }

  @Patch(':id')
  @Needs('operator')
  @ApiOperation({ summary: 'Change an endpoint; pause it, or let it go on' })
  @ApiResponse({ status: 200, standardSchema: schemas.endpointAnswer })
  @ApiResponse(problem(403, 'forbidden'))
  @ApiResponse(problem(404, 'not_found'))
  @ApiResponse(problem(413, 'too_large'))
  @ApiResponse(problem(415, 'unsupported_media_type'))
  async changeEndpoint(
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.endpointPatch }) change: schemas.EndpointPatch,
    @Caller() caller: Caller,
  ) {
    const changed = await this.subscribe.change(id, by(caller), change);
    if (changed.outcome !== 'done') throw refused(changed);
    return endpointView(changed.endpoint);
  }

  @Delete(':id')
  @Needs('operator')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove an endpoint. What waits for it is dropped' })
  @ApiResponse({ status: 204, description: 'Removed' })
  @ApiResponse(problem(403, 'forbidden'))
  @ApiResponse(problem(404, 'not_found'))
  async removeEndpoint(@Param('id', { schema: schemas.id }) id: string, @Caller() caller: Caller): Promise<void> {
    const removed = await this.subscribe.remove(id, by(caller));
    if (removed.outcome !== 'done') throw refused(removed);
  }

  @Post(':id/rotate')
  @Needs('operator')
  @HttpCode(200)
  @ApiOperation({ summary: 'A new secret, shown this once. For a day the one before it signs as well' })
  @ApiBody({ required: false })
  @ApiResponse({ status: 200, standardSchema: schemas.endpointWithSecretAnswer })
  @ApiResponse(problem(403, 'forbidden'))
  @ApiResponse(problem(404, 'not_found'))
  @ApiResponse(problem(413, 'too_large'))
  @ApiResponse(problem(415, 'unsupported_media_type'))
  async rotateSecret(
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.nothing }) _body: object,
    @Caller() caller: Caller,
  ) {
    const rotated = await this.subscribe.rotate(id, by(caller));
    if (rotated.outcome !== 'done') throw refused(rotated);
    return secretView(rotated);
  }

  @Post(':id/test')
  @Needs('operator')
  @HttpCode(202)
  @ApiOperation({ summary: 'Send a message of the type endpoint.test, about no job' })
  @ApiBody({ required: false })
  @ApiResponse({ status: 202, description: 'On its way', standardSchema: schemas.deliveryAnswer })
  @ApiResponse(problem(403, 'forbidden'))
  @ApiResponse(problem(404, 'not_found'))
  @ApiResponse(problem(409, 'endpoint_paused'))
  @ApiResponse(problem(413, 'too_large'))
  @ApiResponse(problem(415, 'unsupported_media_type'))
  async testEndpoint(
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.nothing }) _body: object,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const whose = whoseOf(caller);
    const sent = await this.subscribe.test(id, whose);
    if (sent.outcome === 'paused') {
      throw new Problem('endpoint_paused', 'the endpoint is paused, and nothing is sent to it; let it go on first');
    }
    const delivery = sent.outcome === 'done' ? await this.deliveries.one(sent.deliveryId, whose) : null;
    if (!delivery) throw noEndpoint(id);
    void reply.header('location', `/v1/deliveries/${delivery.id}`);
    return deliveryView(delivery, caller);
  }
}

function noEndpoint(id: string): Problem {
  return new Problem('not_found', `there is no endpoint ${id}`);
}

function refused(
  why: { outcome: 'refused_url'; reason: string } | { outcome: 'no_such_endpoint'; id: string },
): Problem {
  if (why.outcome === 'no_such_endpoint') return noEndpoint(why.id);
  return invalid([{ path: 'url', message: why.reason }]);
}
