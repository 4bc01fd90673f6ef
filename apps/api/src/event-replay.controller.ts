import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import * as schemas from '@app/contract';
import { replayableVerdicts } from '@app/domain';
import { ReplayEvent, type ReplayOutcome } from '@app/lifecycle/commands';
import { Caller, Needs } from './auth.guard';
import { problem } from './openapi';
import { Problem } from './problems';
import { eventView } from './views';

/** What people do to notices of VOD. Nothing is paid by it: an event at most makes a job be read. */
@ApiTags('actions')
@ApiBearerAuth()
@Needs('operator')
@ApiResponse(problem(400, 'invalid_request'))
@ApiResponse(problem(401, 'unauthorized'))
@ApiResponse(problem(403, 'forbidden'))
@ApiResponse(problem(404, 'not_found'))
@ApiResponse(problem(413, 'too_large'))
@ApiResponse(problem(415, 'unsupported_media_type'))
@ApiResponse(problem(503, 'unavailable'))
@Controller('v1')
export class EventReplayController {
  constructor(private readonly events: ReplayEvent) {}

  @Post('events/:id/replay')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Have an event that is unmatched, foreign or ignored looked at again, as if it had just come',
  })
  @ApiResponse({ status: 200, standardSchema: schemas.eventAnswer })
  @ApiResponse(problem(409, 'wrong_state'))
  async replayEvent(@Param('id', { schema: schemas.id }) id: string, @Caller() { name }: Caller) {
    return eventView(replayed(id, await this.events.replay(id, name)));
  }
}

function replayed(id: string, outcome: ReplayOutcome) {
  switch (outcome.outcome) {
    case 'done':
      return outcome.event;
    case 'wrong_verdict':
      throw new Problem(
        'wrong_state',
        `the event is ${outcome.verdict}; this works with one that is ${replayableVerdicts.join(', ')}`,
      );
    case 'nothing_in_it':
      throw new Problem(
        'wrong_state',
        'the event does not say of which job, or how it ended: there is nothing to look for',
      );
    case 'no_such_event':
      throw new Problem('not_found', `there is no event ${id}`);
  }
}
