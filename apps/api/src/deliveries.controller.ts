import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import * as schemas from '@app/contract';
import { Replay } from '@app/lifecycle/commands';
import { DeliveryReads } from '@app/persistence';
import { Caller, Needs } from './auth.guard';
import { by, whoseOf } from './callers/whose';
import { deliveryView } from './delivery-views';
import { problem } from './openapi';
import { Problem } from './problems';
import { listView } from './views';

/** What endpoints were told. Each client sees what its own were; the same 404 hides what is of others. */
@ApiTags('deliveries')
@ApiBearerAuth()
@ApiResponse(problem(400, 'invalid_request'))
@ApiResponse(problem(401, 'unauthorized'))
@ApiResponse(problem(503, 'unavailable'))
@Controller('v1/deliveries')
export class DeliveriesController {
  constructor(
    private readonly reads: DeliveryReads,
    private readonly replay: Replay,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'What the endpoints of this client were told, newest first; those of all clients for an admin',
  })
  @ApiResponse({ status: 200, standardSchema: schemas.deliveriesAnswer })
  async listDeliveries(
    @Query({ schema: schemas.deliveryQuery }) { limit, cursor, state, ...filter }: schemas.DeliveryQuery,
    @Caller() caller: Caller,
  ) {
    const page = { limit: limit + 1, before: cursor };
    const rows = await this.reads.list({ ...filter, states: state }, whoseOf(caller), page);
    return listView(rows, limit, (row) => row);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One delivery, with the job as it is told and every attempt' })
  @ApiResponse({ status: 200, standardSchema: schemas.deliveryAnswer })
  @ApiResponse(problem(404, 'not_found'))
  async getDelivery(@Param('id', { schema: schemas.id }) id: string, @Caller() caller: Caller) {
    const delivery = await this.reads.one(id, whoseOf(caller));
    if (!delivery) throw noDelivery(id);
    return deliveryView(delivery, caller);
  }

  @Post('replay')
  @Needs('operator')
  @HttpCode(200)
  @ApiOperation({ summary: 'Make again what failed at an endpoint, or all of a time, under the same ids' })
  @ApiResponse({ status: 200, standardSchema: schemas.replayedAnswer })
  @ApiResponse(problem(403, 'forbidden'))
  @ApiResponse(problem(404, 'not_found'))
  @ApiResponse(problem(413, 'too_large'))
  @ApiResponse(problem(415, 'unsupported_media_type'))
  async replayDeliveries(@Body({ schema: schemas.replayRange }) range: schemas.ReplayRange, @Caller() caller: Caller) {
    const replayed = await this.replay.all(range, by(caller));
    if (replayed === null) throw new Problem('not_found', `there is no endpoint ${range.endpoint}`);
    return { replayed };
  }

  @Post(':id/replay')
  @Needs('operator')
  @HttpCode(200)
  @ApiOperation({ summary: 'Make a delivery again, under the same id' })
  @ApiBody({ required: false })
  @ApiResponse({ status: 200, standardSchema: schemas.deliveryAnswer })
  @ApiResponse(problem(403, 'forbidden'))
  @ApiResponse(problem(404, 'not_found'))
  @ApiResponse(problem(409, 'wrong_state'))
  @ApiResponse(problem(413, 'too_large'))
  @ApiResponse(problem(415, 'unsupported_media_type'))
  async replayDelivery(
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.nothing }) _body: object,
    @Caller() caller: Caller,
  ) {
    const replayed = await this.replay.one(id, by(caller));
    switch (replayed.outcome) {
      case 'done':
        return deliveryView(replayed.delivery, caller);
      case 'no_such_delivery':
        throw noDelivery(id);
      case 'wrong_state':
        throw new Problem(
          'wrong_state',
          replayed.state === 'waiting'
            ? 'the delivery waits: it is made anyway'
            : 'nothing is sent to its endpoint any more, which was removed',
        );
    }
  }
}

function noDelivery(id: string): Problem {
  return new Problem('not_found', `there is no delivery ${id}`);
}
