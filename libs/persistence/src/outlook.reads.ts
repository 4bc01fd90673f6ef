import { isAtVod, jobTypes, outlookOf, readableStates, type Outlook, type Surroundings } from '@app/domain';
import type { DataSource } from 'typeorm';
import type { Circuit, CircuitStore } from './circuit.store';
import type { ClosedQueue, ClosedQueueStore } from './closed-queue.store';
import type { JobCount, JobCounts } from './job.counts';
import { capIn, type LivingProcess, type ProcessStore } from './process.store';
import { lowestIdAt, type JobRow } from './rows';
import { oldestAlarms, type Alarm } from './stats.reads';

/** Why a job waits, with what one needs to say it. */
export interface JobOutlook extends Outlook {
  /** Null where nothing is in line. */
  ahead: number | null;
  /** There are more before it than are counted. */
  aheadIsAtLeast: boolean;
  perSecond: number | null;
  circuit: Circuit | null;
  closedQueue: ClosedQueue | null;
  cap: { jobs: number; most: number } | null;
}

/** The oldest alarm of a region that nobody takes. */
export interface Late {
  region: string;
  dueAt: Date;
}

/** So many rows of an index are counted within a few milliseconds. */
const COUNT_AT_MOST = 50_000;

/** Below every other. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Rates are measured over this, or over as much of it as there has been a backlog. */
const MEASURE_MS = 60_000;
/** What less than this shows is chance. */
const MEASURE_AT_LEAST_MS = 10_000;

/** A read asks VOD for so many jobs. */
const READ_BATCH = 10;

const backsOff = ['throttled', 'blocked', 'not_sent', 'deferred'];

/** What holds jobs up, and whether a worker is late. Index probes and bounded counts, however many jobs wait. Reads only. */
export class OutlookReads {
  constructor(
    private readonly db: DataSource,
    private readonly counts: JobCounts,
    private readonly stores: {
      processes: Pick<ProcessStore, 'living'>;
      circuits: Pick<CircuitStore, 'all'>;
      closedQueues: Pick<ClosedQueueStore, 'all'>;
    },
    private readonly now: () => Date = () => new Date(),
  ) {}

  async of(job: JobRow): Promise<JobOutlook> {
    const region = await this.region(job.region);
    const nothing = {
      ahead: null,
      aheadIsAtLeast: false,
      perSecond: null,
      circuit: null,
      closedQueue: null,
      cap: null,
    };
    if (job.dueAt === null) return { ...outlookOf(job, calm, 0), ...nothing };
    if (job.state !== 'queued') {
      const around = await this.aroundRead(job.dueAt, region);
      return { ...outlookOf(job, around, this.now().getTime()), ...nothing, closedQueue: region.closed('collect') };
    }
    const [last, counts] = await Promise.all([this.lastLine(job.id), this.counts.current()]);
    const [place, flow] = await Promise.all([this.placeOf(job, last, counts), this.submissions(region)]);
    const cap = capOf(job, region, counts);
    const around = {
      ...aroundSubmit(region, flow),
      capped: cap !== null && cap.jobs >= cap.most,
      backsOff: backsOff.includes(last?.event ?? ''),
      ahead: place.jobs,
    };
    return {
      ...outlookOf(job, around, this.now().getTime()),
      ahead: place.jobs,
      aheadIsAtLeast: place.isAtLeast,
      perSecond: flow.perSecond,
      circuit: region.circuit,
      closedQueue: region.closed('submit'),
      cap,
    };
  }

  /** Alarms that a living worker should have taken, and those of regions that no living worker serves; the oldest of each region. */
  async late(): Promise<{ late: Late[]; unserved: Late[] }> {
    const late = new Map<string, Date>();
    const unserved = new Map<string, Date>();
    const note = (into: Map<string, Date>, { region, dueAt }: Alarm) => {
      const known = into.get(region);
      if (!known || dueAt < known) into.set(region, dueAt);
    };
    const now = this.now();
    const [alarms, standings] = await Promise.all([oldestAlarms(this.db), this.standings()]);
    for (const alarm of alarms) {
      const region = inRegion(alarm.region, standings);
      // Those that lie ahead as well: what was handed out to a worker that has gone is due only when its lease is over.
      if (region.workers.length === 0) note(unserved, alarm);
      else if (alarm.dueAt <= now && (await this.outlookOfOldest(alarm, region)).late) note(late, alarm);
    }
    const listed = (found: Map<string, Date>) => [...found].map(([region, dueAt]) => ({ region, dueAt }));
    return { late: listed(late), unserved: listed(unserved) };
  }

  private async outlookOfOldest(alarm: Alarm, region: Region): Promise<Outlook> {
    const nowMs = this.now().getTime();
    if (alarm.state !== 'queued') return outlookOf(alarm, await this.aroundRead(alarm.dueAt, region), nowMs);
    const [flow, counts] = await Promise.all([this.submissions(region), this.counts.current()]);
    // A type that is not full goes on, so the oldest is held up by the cap only where all are.
    const capped = jobTypes.every((type) => {
      const cap = capOf({ region: alarm.region, type }, region, counts);
      return cap !== null && cap.jobs >= cap.most;
    });
    return outlookOf(alarm, { ...aroundSubmit(region, flow), capped }, nowMs);
  }

  private async region(name: string): Promise<Region> {
    return inRegion(name, await this.standings());
  }

  private async standings(): Promise<Standings> {
    const { processes, circuits, closedQueues } = this.stores;
    const [living, open, closed] = await Promise.all([processes.living(), circuits.all(), closedQueues.all()]);
    return { living, circuits: open, closedQueues: closed };
  }

  private async lastLine(jobId: string): Promise<{ event: string; at: Date } | undefined> {
    const [line] = await this.db.query<{ event: string; at: Date }[]>(
      `select event, at from history where job_id = $1 order by version desc limit 1`,
      [jobId],
    );
    return line;
  }

  /**
   * How many are sent before it: all that are more urgent, and of its own priority those that have waited longer. Alarms are
   * not asked, since those of what has been handed out lie ahead for the time of the lease.
   */
  private async placeOf(
    job: JobRow,
    last: { event: string; at: Date } | undefined,
    counts: JobCount[],
  ): Promise<{ jobs: number; isAtLeast: boolean }> {
    const queued = (priority: (priority: number) => boolean) =>
      counts
        .filter((count) => count.state === 'queued' && count.region === job.region && priority(count.priority))
        .reduce((sum, { jobs }) => sum + jobs, 0);
    const urgent = queued((priority) => priority < job.priority);
    // One that came back to the queue stands behind all that were there by then.
    const place = !last || last.event === 'created' ? job.id : lowestIdAt(last.at.getTime());
    const before = await this.countQueued(job, 'before', place);
    if (before < COUNT_AT_MOST) return { jobs: urgent + before, isAtLeast: false };
    const behind = await this.countQueued(job, 'behind', place);
    if (behind >= COUNT_AT_MOST) return { jobs: urgent + before, isAtLeast: true };
    return {
      jobs: urgent + Math.max(before, queued((priority) => priority === job.priority) - behind),
      isAtLeast: false,
    };
  }

  /** In the order of the index, whose bounds are given as the index has them: so no plan looks at other rows. */
  private async countQueued(
    { id: own, region, priority }: JobRow,
    side: 'before' | 'behind',
    id: string,
  ): Promise<number> {
    const [row] = await this.db.query<[{ jobs: number }]>(
      `select count(*)::int as jobs
         from (select from job
                where state = 'queued' and id <> $6
                  and (region, priority, id) >= ($1, $2::smallint, $3::uuid)
                  and (region, priority, id) < ($1, $4::smallint, $5::uuid)
                order by region, priority, id
                limit ${COUNT_AT_MOST}) as counted`,
      side === 'before'
        ? [region, priority, FIRST_ID, priority, id, own]
        : [region, priority, id, priority + 1, FIRST_ID, own],
    );
    return row.jobs;
  }

  /** How fast jobs of a region are sent: as measured since there is a backlog, else as its workers are set. */
  private async submissions({ name, workers }: Region): Promise<{ perSecond: number | null; moves: boolean }> {
    const now = this.now();
    const since = new Date(now.getTime() - MEASURE_MS);
    const [row] = await this.db.query<[{ waitsSince: Date | null; sent: Date[]; handed: boolean | null }]>(
      `select (select min(first.created_at)
                 from unnest($2::smallint[]) as p(priority),
                      -- Rows compared as the index has them: where most jobs are queued, the planner takes any order of ids for
                      -- as good, and looks through all of them for a priority that none has.
                      lateral (select created_at, region, priority
                                 from job
                                where state = 'queued' and (region, priority, id) >= ($1, p.priority, $7::uuid)
                                order by region, priority, id
                                limit 1) as first
                where (first.region, first.priority) = ($1, p.priority)
              ) as "waitsSince",
              array(select submitted_at from job
                     where region = $1 and type = any($3::text[]) and vod_job_id is not null and submitted_at > $4) as sent,
              -- In the order of the index: for an "exists" the planner may as well look through the table.
              (select due_at <= $6 from job
                where region = $1 and state = 'queued' and due_at > $5 order by due_at limit 1) as handed`,
      [name, [0, 1, 2], jobTypes, since, now, new Date(now.getTime() + MEASURE_MS), FIRST_ID],
    );
    const moves = row.sent.length > 0 || row.handed === true;
    const backlogMs = row.waitsSince ? now.getTime() - row.waitsSince.getTime() : 0;
    const measuredMs = Math.min(backlogMs, MEASURE_MS);
    if (measuredMs < MEASURE_AT_LEAST_MS) {
      const quota = Math.min(...workers.flatMap(({ limits }) => limits?.submitQps ?? []));
      return { perSecond: Number.isFinite(quota) ? quota : null, moves };
    }
    const from = now.getTime() - measuredMs;
    const sent = row.sent.filter((at) => at.getTime() > from).length;
    return { perSecond: sent > 0 ? (sent * 1000) / measuredMs : null, moves };
  }

  private async aroundRead(dueAt: Date, region: Region): Promise<Surroundings> {
    const now = this.now();
    if (dueAt > now) return { ...calm, worker: region.workers.length > 0 };
    const [row] = await this.db.query<[{ ahead: number; moves: boolean }]>(
      `select (select count(*)::int
                 from (select from job
                        where region = $1 and state = any($2::text[]) and due_at < $3 limit ${COUNT_AT_MOST}) as counted) as ahead,
              (select true from job where settled_at > $4 and region = $1 order by settled_at desc limit 1) is true as moves`,
      [region.name, readableStates, dueAt, new Date(now.getTime() - MEASURE_MS)],
    );
    const quota = Math.min(...region.workers.flatMap(({ limits }) => limits?.collectQps ?? []));
    return {
      ...calm,
      worker: region.workers.length > 0,
      closedUntil: region.closed('collect')?.until ?? null,
      ahead: row.ahead,
      perSecond: Number.isFinite(quota) ? quota * READ_BATCH : null,
      moves: row.moves,
    };
  }
}

interface Standings {
  living: LivingProcess[];
  circuits: Circuit[];
  closedQueues: ClosedQueue[];
}

interface Region {
  name: string;
  workers: LivingProcess[];
  circuit: Circuit | null;
  closed(queue: string): ClosedQueue | null;
}

const calm: Surroundings = {
  worker: true,
  circuit: false,
  closedUntil: null,
  capped: false,
  backsOff: false,
  ahead: 0,
  perSecond: null,
  moves: false,
};

function inRegion(name: string, { living, circuits, closedQueues }: Standings): Region {
  return {
    name,
    workers: living.filter(({ limits, regions }) => limits !== null && regions.includes(name)),
    circuit: circuits.find(({ region }) => region === name) ?? null,
    closed: (queue) => closedQueues.find((closed) => closed.region === name && closed.queue === queue) ?? null,
  };
}

function aroundSubmit(region: Region, flow: { perSecond: number | null; moves: boolean }): Surroundings {
  return {
    ...calm,
    worker: region.workers.length > 0,
    circuit: region.circuit !== null,
    closedUntil: region.closed('submit')?.until ?? null,
    ...flow,
  };
}

/** Null without a cap. */
function capOf(
  { region, type }: Pick<JobRow, 'region' | 'type'>,
  { workers }: Region,
  counts: JobCount[],
): { jobs: number; most: number } | null {
  const most = capIn(region, workers) ?? 0;
  if (most === 0) return null;
  const there = counts.filter((count) => count.region === region && count.type === type && isAtVod(count.state));
  return { most, jobs: there.reduce((sum, { jobs }) => sum + jobs, 0) };
}
