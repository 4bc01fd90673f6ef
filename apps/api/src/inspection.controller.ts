import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import * as schemas from '@app/contract';
import {
  capIn,
  CircuitStore,
  ClosedQueueStore,
  EvidenceReads,
  FlowWindows,
  JobReads,
  ListReads,
  OutlookReads,
  ProgressReads,
  ProcessStore,
  StatsReads,
} from '@app/persistence';
import { noJob } from './dropped';
import { filterOf } from './job-filter';
import { problem } from './openapi';
import { Problem } from './problems';
import { eventView, evidenceView, flowView, listView, statsView } from './views';

/** What people look at besides the jobs themselves. */
@ApiTags('inspection')
@ApiBearerAuth()
@ApiResponse(problem(400, 'invalid_request'))
@ApiResponse(problem(401, 'unauthorized'))
@ApiResponse(problem(503, 'unavailable'))
@Controller()
export class InspectionController {
  constructor(
    private readonly reads: JobReads,
    private readonly lists: ListReads,
    private readonly evidence: EvidenceReads,
    private readonly statistics: StatsReads,
    private readonly windows: FlowWindows,
    private readonly circuits: CircuitStore,
    private readonly closedQueues: ClosedQueueStore,
    private readonly processes: ProcessStore,
    private readonly outlooks: OutlookReads,
    private readonly progress: ProgressReads,
  ) {}

  @Get('v1/jobs/:id/evidence')
  @ApiOperation({ summary: 'What is known about the attempts of a job, for whoever has to decide about it' })
  @ApiResponse({ status: 200, standardSchema: schemas.evidenceAnswer })
  @ApiResponse(problem(404, 'not_found'))
  async getEvidence(@Param('id', { schema: schemas.id }) id: string) {
    return evidenceView(await this.evidence.about(await this.existing(id)));
  }

  @Get('v1/jobs/:id/outlook')
  @ApiOperation({ summary: 'Why a job waits, and until when' })
  @ApiResponse({ status: 200, standardSchema: schemas.outlookAnswer })
  @ApiResponse(problem(404, 'not_found'))
  async getOutlook(@Param('id', { schema: schemas.id }) id: string) {
    return this.outlooks.of(await this.existing(id));
  }

  @Get('v1/events')
  @ApiOperation({ summary: 'Notifications received from VOD, newest first' })
  @ApiResponse({ status: 200, standardSchema: schemas.eventsAnswer })
  async listEvents(@Query({ schema: schemas.eventQuery }) { limit, cursor, ...filter }: schemas.EventQuery) {
    const rows = await this.lists.events(filter, { limit: limit + 1, before: cursor });
    return listView(rows, limit, (event) => event);
  }

  @Get('v1/events/:id')
  @ApiOperation({ summary: 'One notification with its body as received' })
  @ApiResponse({ status: 200, standardSchema: schemas.eventAnswer })
  @ApiResponse(problem(404, 'not_found'))
  async getEvent(@Param('id', { schema: schemas.id }) id: string) {
    const event = await this.lists.event(id);
    if (!event) throw new Problem('not_found', `there is no event ${id}`);
    return eventView(event);
  }

  @Get('v1/stats')
  @ApiOperation({
    summary: 'Counts by state and type of all jobs or of those that a filter lets through, and what is late',
  })
  @ApiResponse({ status: 200, standardSchema: schemas.statsAnswer })
  async getStats(@Query({ schema: schemas.statsQuery }) query: schemas.JobFilterQuery) {
    const filter = filterOf(query);
    const [stats, circuits, alarms] = await Promise.all([
      this.statistics.stats(filter),
      this.circuits.all(),
      this.outlooks.late(),
    ]);
    const isBatch = filter.states === undefined && Object.values(filter).some((value) => value !== undefined);
    const progress = isBatch ? await this.progress.of(filter, stats.jobs) : null;
    return { ...statsView(stats), progress, ...alarms, circuits };
  }

  @Get('v1/workers')
  @ApiOperation({ summary: 'The processes that have been heard of within the last minute' })
  @ApiResponse({ status: 200, standardSchema: schemas.workersAnswer })
  async listWorkers() {
    return { items: await this.processes.living() };
  }

  @Get('v1/flow')
  @ApiOperation({ summary: 'Throughput and times over the last hour or day, and what stands where' })
  @ApiResponse({ status: 200, standardSchema: schemas.flowAnswer })
  async getFlow(@Query({ schema: schemas.flowQuery }) { window }: schemas.FlowQuery) {
    const [flow, atVod, queued, circuits, closedQueues, oldestDueAt, processes, alarms] = await Promise.all([
      this.windows.over(window),
      this.statistics.atVod(),
      this.statistics.queued(),
      this.circuits.all(),
      this.closedQueues.all(),
      this.statistics.oldestDueAt(),
      this.processes.living(),
      this.outlooks.late(),
    ]);
    return {
      ...flowView(flow, queued),
      atVod: atVod.map((row) => ({ ...row, maxInFlight: capIn(row.region, processes) })),
      circuits,
      closedQueues,
      oldestDueAt,
      ...alarms,
    };
  }

  private async existing(id: string) {
    const job = await this.reads.job(id);
    if (!job) throw noJob(id, await this.reads.keptUntil(id));
    return job;
  }
}
