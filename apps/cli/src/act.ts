import { billSoFar, statesFor, type JobEventType } from '@app/domain';
import { ApiError } from '@app/client';
import type { JobAnswer } from '@app/contract';
import { confirm } from './confirm';
import { brokenOff, Failure, inDoubt, mayHaveBeenDone } from './failure';
import { stoppable } from './interrupt';
import { jobColumns } from './job-columns';
import { inLanes } from './lanes';
import type { Selection } from './selection';
import type { Session } from './session';
import { counted, number } from './words';

/** Fewer jobs than that are done before a bar could be seen. */
const FEW = 16;

/** More jobs than that and a terminal shows the sum alone. */
const MANY = 50;

export interface Action {
  event: JobEventType;
  verb: string;
  /** Whether VOD may bill it. */
  costs: boolean;
  do: (id: string, version: number | undefined) => Promise<JobAnswer>;
}

interface Chosen {
  id: string;
  /** Of the job as it was seen: another person's click must not be paid a second time. */
  version?: number;
}

/** The jobs that it is to be done for, after somebody agreed to how many they are and what they cost. */
export async function agreed(
  session: Session,
  selection: Selection,
  { event, verb, costs }: Action,
  yes: boolean | undefined,
): Promise<Chosen[]> {
  const question = `${verb[0]?.toUpperCase()}${verb.slice(1)}?`;
  if (selection.by === 'filter') {
    const { jobs } = selection;
    const cost = costs ? costOf(jobs) : `${counted(jobs.length, 'job')} to ${verb}; nothing is paid`;
    if (jobs.length > 0) await confirm(session.screen, { yes, cost, question });
    return jobs;
  }
  // Of several also for their versions: with them what is not answered can be asked for again.
  if (!costs && selection.ids.length === 1) return selection.ids.map((id) => ({ id }));
  const seen = await looked(session, selection.ids);
  const anew = [...seen.values()].filter(({ state }) => statesFor(event).includes(state));
  if (costs && anew.length > 0) await confirm(session.screen, { yes, cost: costOf(anew), question });
  // In the order that was asked for; those in another state are refused by the api, with the reason.
  return selection.ids.map((id) => seen.get(id) ?? { id });
}

/** One that isn't there is refused when it is acted on. */
async function looked({ api, screen, paced }: Session, ids: string[]): Promise<Map<string, JobAnswer>> {
  const seen = new Map<string, JobAnswer>();
  const pace = paced();
  const advance = ids.length > FEW ? screen.progress(ids.length, 'jobs looked at') : () => {};
  await inLanes(ids, pace.lanes, async (id) => {
    const job = await pace
      .untilTaken(() => api.job(id))
      .catch((error: unknown) => {
        if (isAboutOneJob(error)) return null;
        throw error;
      });
    if (job) seen.set(id, job);
    advance(seen.size);
  });
  screen.endProgress();
  return seen;
}

/** What new attempts of these cost: VOD bills what succeeds, and may have billed what came before. */
function costOf(jobs: JobAnswer[]): string {
  const [one, they] = [counted(jobs.length, 'job'), jobs.length === 1 ? 'it succeeds' : 'they succeed'];
  const twice = jobs.filter((job) => billSoFar(job) === 'maybe').length;
  if (twice === 0) return `VOD bills ${one} if ${they}, and nothing for the last attempt`;
  const both = twice === jobs.length ? '' : ` of ${counted(twice, 'of them', 'of them')}`;
  return `VOD bills ${one} if ${they}, and may bill the last attempt${both} too`;
}

/** Goes on over failures, prints what became of the jobs, and fails in the end when one of them did. */
export async function actOn(session: Session, jobs: Chosen[], action: Action): Promise<void> {
  const { screen, failureOf, paced } = session;
  if (jobs.length === 0) return screen.note(`no jobs to ${action.verb}`);
  const done = new Map<string, JobAnswer>();
  let failures = 0;
  let doubtful = 0;
  const pace = paced((error) => screen.note(`waiting for the api: ${error.message}`, 'yellow'));
  const advance = jobs.length > FEW ? screen.progress(jobs.length, 'jobs') : () => {};
  const act = async ({ id, version }: Chosen, stop: AbortSignal) => {
    try {
      const call = () => action.do(id, version);
      // With the version it is done once however often it arrives.
      done.set(id, await (version === undefined ? call() : pace.untilTaken(call, stop)));
    } catch (error) {
      if (!isAboutOneJob(error)) {
        if (mayHaveBeenDone(error)) doubtful += 1;
        throw error;
      }
      failures += 1;
      screen.note(`${id}: ${failureOf(error).message}`, 'red');
    }
    advance(done.size + failures);
  };
  const sum = () => `${number(done.size)} of ${counted(jobs.length, 'job')} done`;
  try {
    await stoppable(screen, (stop) => inLanes(jobs, pace.lanes, (job) => act(job, stop), stop));
  } catch (error) {
    if (jobs.length === 1 && doubtful === 0) throw error;
    throw brokenOff(sum(), failureOf(error), inDoubt(doubtful));
  } finally {
    screen.endProgress();
    if (screen.form !== 'table' || done.size <= MANY) {
      await screen.list(
        jobs.flatMap(({ id }) => done.get(id) ?? []),
        jobColumns,
      );
    } else screen.note(sum());
  }
  if (failures > 0) throw new Failure(`${counted(failures, 'job')} of ${number(jobs.length)} refused`);
}

/** The api says no to this one. Whatever else goes wrong would go wrong with all of them. */
function isAboutOneJob(error: unknown): boolean {
  return error instanceof ApiError && [404, 409].includes(error.status);
}
