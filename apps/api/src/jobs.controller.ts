import { Body, Controller, Get, Header, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import * as schemas from '@app/contract';
import { isSettled, newsOf, type JobType } from '@app/domain';
import { Accept } from '@app/lifecycle/commands';
import { DeliveryReads, HistoryReads, JobReads, ListReads, RequestStore } from '@app/persistence';
import { JobConfig, offers, regionFeatures } from '@app/vod/offer';
import type { FastifyReply } from 'fastify';
import { Caller, Needs } from './auth.guard';
import { whenGone } from './callers/gone';
import { CallerPlaces } from './callers/places';
import { whoseOf } from './callers/whose';
import { filterOf } from './job-filter';
import { problem } from './openapi';
import { noJob, noRequest, requestDropped } from './dropped';
import { invalid, Problem } from './problems';
import { historyPage, jobView, listView, requestView, resultText } from './views';
import { WaitingRoom } from './waiting-room';

/** The regions that this orchestrator serves; the first is the default of a request. */
export const REGIONS = Symbol('regions');

@ApiTags('jobs')
@ApiBearerAuth()
@ApiResponse(problem(400, 'invalid_request'))
@ApiResponse(problem(401, 'unauthorized'))
@ApiResponse(problem(503, 'unavailable'))
@Controller('v1')
export class JobsController {
  constructor(
    private readonly accept: Accept,
    private readonly requests: RequestStore,
    private readonly reads: JobReads,
    private readonly histories: HistoryReads,
    private readonly lists: ListReads,
    private readonly deliveries: DeliveryReads,
    private readonly waitingRoom: WaitingRoom,
    private readonly places: CallerPlaces,
    private readonly jobConfig: JobConfig,
    @Inject(REGIONS) private readonly regions: readonly [string, ...string[]],
  ) {}

  @Post('jobs')
  @Needs('operator')
  @HttpCode(202)
  @ApiOperation({ summary: 'Enqueue a media for one or more AI jobs' })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key and body give the same request',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    example: 'import-2026-11-28/3d3d12340d92c641401fab46a0b847f1',
  })
  @ApiResponse({ status: 202, description: 'Accepted', standardSchema: schemas.requestAnswer })
  @ApiResponse({
    status: 200,
    description: 'Already here: replayed or deduplicated',
    standardSchema: schemas.requestAnswer,
  })
  @ApiResponse(problem(403, 'forbidden'))
  @ApiResponse(problem(409, 'request_dropped'))
  @ApiResponse(problem(413, 'too_large'))
  @ApiResponse(problem(415, 'unsupported_media_type'))
  @ApiResponse(problem(422, 'idempotency_mismatch, unsupported_in_region'))
  async submitJob(
    @Body({ schema: schemas.submitRequest }) body: schemas.SubmitRequest,
    @Headers('idempotency-key') key: string | undefined,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const region = body.region ?? this.regions[0];
    checkKey(key);
    this.checkRegion(region, body.types);
    await this.checkConfig(body.config, caller, key);
    const outcome = await this.accept.accept({ ...body, region, client: caller.name, idempotencyKey: key ?? null });
    switch (outcome.outcome) {
      case 'unsupported_in_region':
        throw new Problem('unsupported_in_region', `VOD does not offer ${outcome.types.join(', ')} in ${region}`);
      case 'mismatch':
        throw new Problem(
          'idempotency_mismatch',
          'expected the body that this Idempotency-Key came with first; take a new key',
        );
      case 'dropped':
        throw requestDropped(outcome.dropped);
      case 'created':
        void reply.header('location', `/v1/requests/${outcome.request.id}`);
        return requestView(outcome.request, false);
      case 'replayed':
        void reply.status(200).header('idempotent-replay', 'true');
        return requestView(outcome.request, false);
      case 'deduplicated':
        void reply.status(200);
        return requestView(outcome.request, true);
    }
  }

  @Get('requests/:id')
  @ApiOperation({ summary: 'A request with its jobs' })
  @ApiResponse({ status: 200, standardSchema: schemas.requestAnswer })
  @ApiResponse(problem(404, 'not_found'))
  async getRequest(@Param('id', { schema: schemas.id }) id: string) {
    const request = await this.requests.get(id);
    if (!request) throw noRequest(id, await this.requests.keptUntil(id));
    return requestView(request, false);
  }

  @Get('jobs')
  @ApiOperation({ summary: 'The job table, newest first' })
  @ApiResponse({ status: 200, standardSchema: schemas.jobsAnswer })
  async listJobs(@Query({ schema: schemas.jobQuery }) { limit, cursor, ...filter }: schemas.JobQuery) {
    const rows = await this.lists.jobs(filterOf(filter), { limit: limit + 1, before: cursor });
    return listView(rows, limit, jobView);
  }

  @Get('jobs/:id')
  @ApiOperation({ summary: 'One job; with `wait`, when it is over or the wait is' })
  @ApiResponse({ status: 200, standardSchema: schemas.jobAnswer })
  @ApiResponse(problem(404, 'not_found'))
  async getJob(
    @Param('id', { schema: schemas.id }) id: string,
    @Query({ schema: schemas.waitQuery }) { wait }: { wait?: number },
    @Caller() { name: client }: Caller,
    @Res({ passthrough: true }) { raw }: FastifyReply,
  ) {
    const look = () => this.existing(id);
    if (wait === undefined) return jobView(await look());
    const release = this.places.waits.take(client);
    try {
      const isOver = ({ state }: Awaited<ReturnType<typeof look>>) => isSettled(state);
      return jobView(await this.waitingRoom.until(id, wait, look, isOver, whenGone(raw)));
    } finally {
      release();
    }
  }

  @Get('jobs/:id/history')
  @ApiOperation({
    summary:
      'What happened to a job, oldest first, and what the endpoints of its client were told of it; many events in a row that changed nothing are one line',
  })
  @ApiResponse({ status: 200, standardSchema: schemas.historyAnswer })
  @ApiResponse(problem(404, 'not_found'))
  async getHistory(
    @Param('id', { schema: schemas.id }) id: string,
    @Query({ schema: schemas.historyQuery }) { limit, cursor }: schemas.HistoryQuery,
    @Caller() caller: Caller,
  ) {
    const after = cursor === undefined ? undefined : Number(cursor);
    const [items] = await Promise.all([this.histories.page(id, { limit: limit + 1, after }), this.existing(id)]);
    const toldOf = items.filter(({ to }) => newsOf(to) !== null).map((line) => line.id);
    return historyPage(items, limit, await this.deliveries.ofLines(id, toldOf, whoseOf(caller)));
  }

  @Get('jobs/:id/result')
  @ApiOperation({ summary: 'What VOD found, as it said it and in one shape' })
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiResponse({ status: 200, standardSchema: schemas.resultAnswer })
  @ApiResponse(problem(404, 'not_found, no_result'))
  async getResult(@Param('id', { schema: schemas.id }) id: string) {
    const job = await this.existing(id);
    const result = await this.reads.result(id);
    if (!result) throw new Problem('no_result', `the job is ${job.state}`);
    return resultText(result);
  }

  /**
   * What VOD does not offer there is said first, by the step itself; what this orchestrator does not serve is said here,
   * before anything is stored that nobody would work on.
   */
  private checkRegion(region: string, types: readonly JobType[]): void {
    const offered = types.every((type) => offers(region, type));
    if (this.regions.includes(region) || (Object.hasOwn(regionFeatures, region) && !offered)) return;
    throw invalid([{ path: 'region', message: `expected one of ${this.regions.join(', ')}, got ${region}` }]);
  }

  /** What was stored before its config was looked at so closely is still replayed for its key. */
  private async checkConfig(config: schemas.SubmitRequest['config'], { name }: Caller, key: string | undefined) {
    const problems = this.jobConfig.problems(config);
    if (problems.length === 0 || (key !== undefined && (await this.requests.knows(name, key)))) return;
    throw invalid(problems);
  }

  private async existing(id: string) {
    const job = await this.reads.job(id);
    if (!job) throw noJob(id, await this.reads.keptUntil(id));
    return job;
  }
}

function checkKey(key: string | undefined): void {
  const { error } = schemas.idempotencyKey.safeParse(key);
  if (error) throw invalid([{ path: 'idempotency-key', message: error.issues[0]?.message ?? 'not valid' }]);
}
