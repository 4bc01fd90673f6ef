import { jobView } from '@app/contract/views';
import { errorIn, isSettled, newsOf, type JobState } from '@app/domain';
import type { Next } from '@app/loop';
import { shows, type JobRow, type Listening, type News, type ToldLine, type ToldTo, type Turn } from '@app/persistence';
import { v7 as uuidv7 } from 'uuid';
import type { StepParts } from './parts';

/** Lines of the history that are looked at in one transaction. */
const PAGE = 500;

/** While another worker is at it, which may have looked before what this one has just written. */
const ELSEWHERE_MS = 50;

/** What this process has done itself wakes it; what the api has, and what other workers leave, is found within this. */
const LOOK_EVERY_MS = 1_000;

/** Without any endpoint nothing is read; whoever makes one says so, and that may get lost. */
const IDLE_MS = 5_000;

/** Reads the history to its end and makes a delivery of each line for each endpoint that wants to hear of it. */
export class Tell {
  private isWanted = true;

  constructor(
    private readonly deps: Pick<StepParts, 'news' | 'signals'>,
    private readonly page = PAGE,
  ) {}

  /** Whether it is worth a look that a job has come to this state. Asked for every change of every job. */
  wantsToHear(state: JobState): boolean {
    return this.isWanted && newsOf(state) !== null;
  }

  /** @param told is called when there is something to deliver */
  async run(told: () => void): Promise<Next> {
    const page = await this.deps.news.alone((turn) => this.tellPage(turn));
    this.isWanted = page !== 'nobody';
    if (page === 'nobody') return { again: IDLE_MS };
    if (page === 'elsewhere') return { again: ELSEWHERE_MS };
    if (page.strange !== null) this.deps.signals.emit('news.begun_anew', { position: page.strange });
    for (const each of page.made) this.deps.signals.emit('news.told', each);
    if (page.made.length > 0) told();
    return { again: page.more ? 'now' : LOOK_EVERY_MS };
  }

  private async tellPage(turn: Turn) {
    const page = await this.deps.news.read(turn, this.page);
    const { lines, to } = deliveriesOf(page.news, page.endpoints);
    const { position, more } = page;
    const made = to.length > 0 ? await this.deps.news.note(turn, position, lines, to) : [];
    if (to.length === 0) await this.deps.news.moveOn(turn, page);
    return { made, more, strange: page.isAnew ? turn.place.position : null };
  }
}

/** Who is told of what. The ids ascend in the order of the lines. */
function deliveriesOf(news: readonly News[], endpoints: readonly Listening[]): { lines: ToldLine[]; to: ToldTo[] } {
  const lines: ToldLine[] = [];
  const to: ToldTo[] = [];
  for (const each of news) {
    const type = newsOf(each.line.to);
    if (type === null) continue;
    const listening = endpoints.filter((endpoint) => endpoint.events.includes(type) && hears(endpoint, each));
    if (listening.length === 0) continue;
    const { line, job } = each;
    const { id: historyId, at: happenedAt } = line;
    lines.push({ historyId, jobId: job.id, type, client: job.client, happenedAt, job: jobView(jobThen(each)) });
    to.push(...listening.map((endpoint) => ({ id: uuidv7(), endpointId: endpoint.id, historyId })));
  }
  return { lines, to };
}

function hears({ client, types, labels, since }: Listening, { job, tx }: News): boolean {
  return (
    job.client === client && // guard: own-jobs-only
    (types === null || types.includes(job.type)) &&
    Object.entries(labels).every(([key, value]) => job.labels[key] === value) &&
    !shows(since, tx) // guard: nothing-from-before
  );
}

/**
 * The job as the line left it: what is told must not say something else than its type because it is told late. What the line does not
 * know, such as a JobId that a person has taken off it since, is as it is by now.
 */
export function jobThen({ line, job }: Pick<News, 'line' | 'job'>): JobRow {
  if (job.version === line.version) return job;
  const { to: state, version, attempt, at } = line;
  return {
    ...job,
    state,
    version,
    attempt,
    dueAt: null,
    settledAt: isSettled(state) ? at : null,
    error: errorIn(line),
  };
}
