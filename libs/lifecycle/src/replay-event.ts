import { namesSomething, type EventVerdict } from '@app/domain';
import type { Signals } from '@app/observability';
import type { EventReplays, ListReads } from '@app/persistence';

type StoredEvent = NonNullable<Awaited<ReturnType<ListReads['event']>>>;

export type EventReplayOutcome =
  /** It waits to be looked at. */
  | { outcome: 'done'; event: StoredEvent }
  /** What it is about is known, or is being looked at. */
  | { outcome: 'wrong_verdict'; verdict: EventVerdict }
  /** It says too little: its body could not be read, names no job, or only counts what was over a limit. */
  | { outcome: 'nothing_in_it' }
  | { outcome: 'no_such_event' };

/** Has a notice of VOD looked at again, as if it had just come: a person knows better whose it is, or what has changed since. */
export class ReplayEvent {
  constructor(
    private readonly replays: EventReplays,
    private readonly lists: ListReads,
    private readonly signals: Signals,
  ) {}

  /** @param actor name of the person's API key */
  async replay(eventId: string, actor: string): Promise<EventReplayOutcome> {
    const before = await this.lists.event(eventId);
    if (before === null) return { outcome: 'no_such_event' };
    if (!(await this.replays.replay(eventId))) {
      const { verdict } = (await this.lists.event(eventId)) ?? before;
      return namesSomething(before) ? { outcome: 'wrong_verdict', verdict } : { outcome: 'nothing_in_it' };
    }
    this.signals.emit('event.replayed', { eventId, verdict: before.verdict, vodJobId: before.vodJobId, actor });
    return { outcome: 'done', event: Object.assign(before, { verdict: 'received', reason: null, jobId: null }) };
  }
}
