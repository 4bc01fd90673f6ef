import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import * as schemas from '@app/contract';
import { CircuitStore, JobReads } from '@app/persistence';
import { problem } from './openapi';
import { Problem } from './problems';
import { eventView, listView, statsView } from './views';

/** What people look at besides the jobs themselves. */
@ApiTags('inspection')
@ApiBearerAuth()
@ApiResponse(problem(401, 'unauthorized'))
@ApiResponse(problem(503, 'unavailable'))
@Controller()
export class InspectionController {
  constructor(
    private readonly reads: JobReads,
    private readonly circuits: CircuitStore,
  ) {}

  @Get('v1/events')
  @ApiOperation({ summary: 'Notifications received from VOD, newest first' })
  @ApiResponse({ status: 200, standardSchema: schemas.eventsAnswer })
  @ApiResponse(problem(400, 'invalid_request'))
  async events(@Query({ schema: schemas.eventQuery }) { limit, cursor, ...filter }: schemas.EventQuery) {
    const rows = await this.reads.events(filter, { limit: limit + 1, before: cursor });
    return listView(rows, limit, (event) => event);
  }

  @Get('v1/events/:id')
  @ApiOperation({ summary: 'One notification with its body as received' })
  @ApiResponse({ status: 200, standardSchema: schemas.eventAnswer })
  @ApiResponse(problem(400, 'invalid_request'))
  @ApiResponse(problem(404, 'not_found'))
  async event(@Param('id', { schema: schemas.id }) id: string) {
    const event = await this.reads.event(id);
    if (!event) throw new Problem('not_found', `there is no event ${id}`);
    return eventView(event);
  }

  @Get('v1/stats')
  @ApiOperation({ summary: 'Counts by state and type, and what has waited longest' })
  @ApiResponse({ status: 200, standardSchema: schemas.statsAnswer })
  async stats() {
    const [stats, circuits] = await Promise.all([this.reads.stats(), this.circuits.all()]);
    return { ...statsView(stats), circuits };
  }
}
