import type { EventItem, EvidenceAnswer, HistoryAnswer } from '@app/contract';
import { operatorEvents, type HistoryEntry, type JobEventType } from '@app/domain';

export type HistoryItem = HistoryAnswer['items'][number];
export type Submission = EvidenceAnswer['submissions'][number];

/** One thing that happened to a job: a line of its history with what else is known of it, or an event that changed nothing. */
export interface Moment {
  key: string;
  at: string;
  /** Since the moment before; null for the first. */
  gapMs: number | null;
  line?: HistoryItem;
  /** The call that the line is about. */
  submission?: Submission;
  event?: EventItem;
  /** Somebody did it. */
  person: string | null;
}

/** The webhook's clock and the worker's: how far apart they may be. */
const OUR_CLOCKS_MS = 5_000;

interface Sources {
  history: readonly HistoryItem[];
  /** Of the request: also those that were made for its other jobs. */
  submissions?: readonly Submission[];
  events?: readonly EventItem[];
}

/** Everything that happened to a job, in order. The history leads; what it doesn't name is put in by its time. */
export function momentsOf({ history, submissions = [], events = [] }: Sources): Moment[] {
  const byNumber = new Map(submissions.map((submission) => [submission.number, submission]));
  const byId = new Map(events.map((event) => [event.id, event]));
  const named = new Set<string>();
  const lines = history.map((line) => {
    const eventId = line.detail['eventId'];
    const event = typeof eventId === 'string' ? byId.get(eventId) : undefined;
    if (event) named.add(event.id);
    const submission = line.event === 'claimed' ? byNumber.get(line.attempt) : undefined;
    return {
      key: `line ${line.version}`,
      at: line.at,
      line,
      person: personOf(line),
      ...(event && { event }),
      ...(submission && { submission }),
    };
  });
  const others = events
    .filter(({ id, receivedAt }) => !named.has(id) && !history.some((line) => isAmong(receivedAt, line)))
    .map((event) => ({ key: `event ${event.id}`, at: event.receivedAt, event, person: null }));
  return withGaps(merged(lines, others));
}

/** Counted by a line that stands for several: the lines that would name it are not there. */
function isAmong(time: string, { event, at, detail }: HistoryItem): boolean {
  const isFold = event === ('folded' satisfies HistoryEntry['event']);
  return (
    isFold &&
    Date.parse(at) - OUR_CLOCKS_MS <= Date.parse(time) &&
    Date.parse(time) <= Date.parse(String(detail['until']))
  );
}

type Ungapped = Omit<Moment, 'gapMs'>;

/** Lines keep their order, whatever the clocks of two workers said. */
function merged(lines: readonly Ungapped[], others: readonly Ungapped[]): Ungapped[] {
  const waiting = others.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const all: Ungapped[] = [];
  for (const line of lines) {
    while (waiting[0] && Date.parse(waiting[0].at) < Date.parse(line.at)) all.push(...waiting.splice(0, 1));
    all.push(line);
  }
  return [...all, ...waiting];
}

function withGaps(moments: readonly Ungapped[]): Moment[] {
  return moments.map((moment, index) => {
    const before = moments[index - 1];
    return { ...moment, gapMs: before ? Math.max(0, Date.parse(moment.at) - Date.parse(before.at)) : null };
  });
}

/** The system leaves the actor out, but for the client that asked for the job. */
function personOf({ event, actor }: HistoryItem): string | null {
  return (operatorEvents as readonly string[]).includes(event) ? actor : null;
}

/** A stretch of the timeline: shown, or folded up because it says the same over and over. */
export type Stretch = { folded: false; moments: Moment[] } | { folded: true; moments: Moment[] };

/** A job that waits for its account, or that VOD works on for a day, says so many times, and somebody may flood a job with events. The ends of such a run tell all of it. */
const HEAD = 2;
const TAIL = 3;
const FOLD_FROM = HEAD + TAIL + 2;

export function foldRuns(moments: readonly Moment[]): Stretch[] {
  const stretches: Stretch[] = [];
  const show = (some: Moment[]) => {
    const last = stretches.at(-1);
    if (last && !last.folded) last.moments.push(...some);
    else if (some.length > 0) stretches.push({ folded: false, moments: some });
  };
  for (const run of runsOf(moments)) {
    if (run.length < FOLD_FROM) {
      show(run);
      continue;
    }
    show(run.slice(0, HEAD));
    stretches.push({ folded: true, moments: run.slice(HEAD, -TAIL) });
    show(run.slice(-TAIL));
  }
  return stretches;
}

function runsOf(moments: readonly Moment[]): Moment[][] {
  const runs: Moment[][] = [];
  let kindBefore: Repeated | null = null;
  for (const moment of moments) {
    const kind = repeatedKind(moment);
    const last = runs.at(-1);
    if (last && kind !== null && kind === kindBefore) last.push(moment);
    else runs.push([moment]);
    kindBefore = kind;
  }
  return runs;
}

type Repeated = 'waits' | 'looks' | 'rings';

const repeated: Partial<Record<JobEventType, Repeated>> = {
  claimed: 'waits',
  deferred: 'waits',
  throttled: 'waits',
  blocked: 'waits',
  not_sent: 'waits',
  never_sent: 'waits',
  looked: 'looks',
  resent: 'looks',
  read_running: 'looks',
  read_missing: 'looks',
  read_unavailable: 'looks',
  read_stranger: 'looks',
};

/** An event without a line changed nothing. */
function repeatedKind({ line }: Moment): Repeated | null {
  return line ? (repeated[line.event as JobEventType] ?? null) : 'rings';
}
