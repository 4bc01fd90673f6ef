import { Readable } from 'node:stream';
import { Controller, Get, Headers, Query, Res, type OnModuleDestroy } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import * as schemas from '@app/contract';
import { ChangeReads, isAhead, parsePosition, type Position } from '@app/persistence';
import type { FastifyReply } from 'fastify';
import { Caller } from './auth.guard';
import { CallerPlaces } from './callers/places';
import { Replays, type Replay } from './callers/replays';
import { ChangeFeed, type Subscription } from './change-feed';
import { EventStream, textOf, textOfAll } from './event-stream';
import { problem } from './openapi';
import { invalid, Problem } from './problems';
import { streamFilter, type StreamFilter } from './stream-filter';

/** Lines that a client who catches up is sent in one piece. */
const PAGE = 100;

/** What happens to jobs, while it happens. */
@ApiTags('inspection')
@ApiBearerAuth()
@ApiResponse(problem(400, 'invalid_request'))
@ApiResponse(problem(401, 'unauthorized'))
@ApiResponse(problem(503, 'unavailable'))
@Controller('v1')
export class StreamController implements OnModuleDestroy {
  private readonly streams = new Set<EventStream>();
  private readonly replays: Replays;
  private stopping = false;

  constructor(
    private readonly feed: ChangeFeed,
    private readonly changes: ChangeReads,
    private readonly places: CallerPlaces,
  ) {
    this.replays = new Replays(() => feed.quiet());
  }

  @Get('stream')
  @ApiOperation({
    summary: 'Server-sent events: `ready`, then one `job` for each line of history, as it is written',
    description:
      'Filtered like the list; `state` takes changes from and to a state, so that a row can leave a view. An event’s id, sent back as Last-Event-ID, continues there: nothing is missed and nothing comes twice. `position` only brings an id.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The id of the last event that was received' })
  @ApiProduces('text/event-stream')
  @ApiResponse({ status: 200, description: 'The data of a `job` event', standardSchema: schemas.streamedChange })
  async streamJobs(
    @Query({ schema: schemas.streamQuery }) query: schemas.JobFilterQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Caller() { name: client }: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const since = positionFrom(lastEventId);
    if (reply.request.method === 'HEAD') return void reply.type('text/event-stream').send(Readable.from([]));
    this.places.streams.takeFor(client, reply.raw);
    const subscription = await this.feed.subscribe({ fresh: since !== null });
    if (this.stopping) {
      subscription.end();
      throw new Problem('unavailable', 'this process is stopping; come back with the same Last-Event-ID');
    }
    // guard: position-of-this-database
    if (since && isAhead(since, subscription.position.seen)) {
      subscription.end();
      throw unknownPosition('it is of another database, or from before a backup was restored');
    }

    if (reply.raw.destroyed) return subscription.end(); // gone while we looked, and nothing would ever say so again
    reply.hijack(); // from here on the answer is ours, and no filter could say no any more
    const stream = new EventStream(reply.raw, reply.request.id, () => {
      subscription.end();
      this.streams.delete(stream);
    });
    this.streams.add(stream);
    stream.ready(since ?? subscription.position);
    await this.follow(stream, subscription, since && { client, since }, streamFilter(query));
  }

  /** Streams last for ever: ended at once, they do not hold up those whose requests have an end. */
  onModuleDestroy(): void {
    this.stopping = true;
    for (const stream of this.streams) stream.end(); // guard: streams-end-at-stop
  }

  private async follow(
    stream: EventStream,
    subscription: Subscription,
    missed: Missed | null,
    filter: StreamFilter,
  ): Promise<void> {
    try {
      if (missed) await this.catchUp(stream, subscription, missed, filter);
    } catch (error) {
      stream.end(); // the client comes back, from where it is
      throw error;
    }
    stream.whereItIs = () => subscription.position;
    subscription.follow((batch) => stream.write(textOf(batch, filter)));
  }

  private async catchUp(
    stream: EventStream,
    subscription: Subscription,
    { client, since }: Missed,
    filter: StreamFilter,
  ): Promise<void> {
    const replay: Replay = { client, pages: 0, isWanted: () => stream.isOpen };
    for (let at = since; stream.isOpen;) {
      const page = await this.replays.page(replay, async () => {
        const goal = subscription.holdFromHere().seen;
        const { news, position } = await this.changes.after(at, { upTo: goal, limit: PAGE });
        return { goal, position, text: textOfAll(news, filter) };
      });
      if (!page) return;
      const { goal, text, position } = page;
      await stream.writeInStep(text);
      if (!position.partly && position.seen.text === goal.text) return;
      at = position;
    }
  }
}

/** What a client comes back with. */
interface Missed {
  client: string;
  since: Position;
}

function positionFrom(lastEventId: string | undefined): Position | null {
  if (lastEventId === undefined || lastEventId === '') return null;
  const position = parsePosition(lastEventId);
  if (!position) throw unknownPosition('expected the id of an event of this stream');
  return position;
}

function unknownPosition(message: string): Problem {
  return invalid([{ path: 'last-event-id', message }]);
}
