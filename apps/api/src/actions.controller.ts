import { applyDecorators, Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import * as schemas from '@app/contract';
import { Operate, type OperateOutcome } from '@app/lifecycle/commands';
import type { JobRow } from '@app/persistence';
import { Caller, Needs } from './auth.guard';
import { noJob } from './dropped';
import { problem } from './openapi';
import { Problem } from './problems';
import { jobView } from './views';

/** An action answers with the job; the same one again, by the same key, does nothing and answers the same. */
function Action(path: string, conflicts: string, summary: string) {
  return applyDecorators(
    Post(`jobs/:id/${path}`),
    HttpCode(200),
    ApiOperation({ summary }),
    ApiResponse(problem(409, conflicts)),
  );
}

/** What people do to jobs. Each of it is a line in the history, with their name and their reason. */
@ApiTags('actions')
@ApiBearerAuth()
@Needs('operator')
@ApiResponse({ status: 200, standardSchema: schemas.jobAnswer })
@ApiResponse(problem(400, 'invalid_request'))
@ApiResponse(problem(401, 'unauthorized'))
@ApiResponse(problem(403, 'forbidden'))
@ApiResponse(problem(404, 'not_found'))
@ApiResponse(problem(413, 'too_large'))
@ApiResponse(problem(415, 'unsupported_media_type'))
@ApiResponse(problem(503, 'unavailable'))
@Controller('v1')
export class ActionsController {
  constructor(private readonly operate: Operate) {}

  @Action('cancel', 'wrong_state', 'Take a job back that is not sent yet: VOD bills nothing for it')
  @ApiBody({ required: false })
  async cancelJob(
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.action }) note: schemas.Action,
    @Caller() { name }: Caller,
  ) {
    return jobView(done(id, await this.operate.cancel(id, note, name)));
  }

  @Action(
    'retry',
    'wrong_state',
    'Queue a job for a new attempt, which VOD bills if it succeeds; the last attempt of one that expired or was given up may be billed too',
  )
  @ApiBody({ required: false })
  async retryJob(
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.action }) note: schemas.Action,
    @Caller() { name }: Caller,
  ) {
    return jobView(done(id, await this.operate.retry(id, note, name)));
  }

  @Action('refetch', 'wrong_state', 'Read the result of the same VOD job again: nothing is paid')
  @ApiBody({ required: false })
  async refetchResult(
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.action }) note: schemas.Action,
    @Caller() { name }: Caller,
  ) {
    return jobView(done(id, await this.operate.refetch(id, note, name)));
  }

  @Action(
    'resolve',
    'wrong_state, job_id_taken',
    'Decide what becomes of a held job: VOD has it, submit it again (then VOD may bill it twice), or give it up',
  )
  async resolveJob(
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.resolution }) resolution: schemas.Resolution,
    @Caller() { name }: Caller,
  ) {
    return jobView(done(id, await this.operate.resolve(id, resolution, name)));
  }
}

function done(id: string, outcome: OperateOutcome): JobRow {
  switch (outcome.outcome) {
    case 'done':
      return outcome.job;
    case 'wrong_state': {
      const { state, states } = outcome;
      throw new Problem('wrong_state', `the job is ${state}; this works in ${states.join(', ')}`, { states });
    }
    case 'moved_on': {
      const { job, states } = outcome;
      const now = `it is ${job.state} now, at version ${job.version}`;
      throw new Problem('wrong_state', `the job has moved on since: ${now}; look at it again`, { states });
    }
    case 'nothing_to_read': {
      const { states } = outcome;
      throw new Problem('wrong_state', 'VOD never had this job: there is no result that could be read', { states });
    }
    case 'job_id_taken':
      throw new Problem('job_id_taken', "another job has this JobId of VOD's; see GET /v1/jobs?vodJobId=");
    case 'no_such_job':
      throw noJob(id, outcome.keptUntil);
  }
}
