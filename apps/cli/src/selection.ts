import { text } from 'node:stream/consumers';
import { statesFor, type JobEventType } from '@app/domain';
import type { JobAnswer } from '@app/contract';
import { wrongUsage } from './failure';
import { filterOf, jobId, tellWhen, type FilterOptions } from './options';
import { eachPage } from './pages';
import type { Session } from './session';

/** What is acted on: ids that somebody named, or jobs as a filter found them. */
export type Selection = { by: 'ids'; ids: string[] } | { by: 'filter'; jobs: JobAnswer[] };

export async function selectionOf(
  session: Session,
  named: string[],
  options: FilterOptions,
  event: JobEventType,
): Promise<Selection> {
  const isFiltered = Object.values(filterOf(options)).some((value) => value !== undefined);
  if (named.length > 0 && isFiltered) throw wrongUsage('expected ids or filters, got both');
  if (isFiltered) return { by: 'filter', jobs: await found(session, options, event) };
  if (named.length === 0) throw wrongUsage('expected ids of jobs, - for ids from stdin, or filters; got none');
  return { by: 'ids', ids: await idsOf(named) };
}

/** The jobs for which it works: of the others a filter says nothing. */
async function found({ api, screen }: Session, options: FilterOptions, event: JobEventType): Promise<JobAnswer[]> {
  const works = statesFor(event);
  const state = options.state?.filter((one) => works.includes(one)) ?? works;
  if (state.length === 0) throw wrongUsage(`this works in ${works.join(', ')}; got ${options.state?.join(', ')}`);
  tellWhen(screen, options);
  const filter = filterOf(options);
  const jobs: JobAnswer[] = [];
  await eachPage(
    { limit: Infinity },
    (page) => api.jobs({ ...filter, state, ...page }),
    async (items) => void jobs.push(...items),
  );
  return jobs;
}

/** `-` stands for what comes by stdin. */
export async function idsOf(named: string[], read: (text: string) => string = jobId): Promise<string[]> {
  const fromStdin = named.includes('-') ? idsIn(await text(process.stdin), read) : [];
  return [...new Set([...named.filter((id) => id !== '-').map(read), ...fromStdin])];
}

/** One a line: alone, as the first of several columns, or in JSON, as the lists print them. */
function idsIn(lines: string, read: (text: string) => string): string[] {
  return lines.split('\n').flatMap((line) => {
    const said = line.trim();
    if (said === '') return [];
    return read(said.startsWith('{') ? idInJson(said) : (said.split(/\s/, 1)[0] ?? ''));
  });
}

function idInJson(line: string): string {
  try {
    return String((JSON.parse(line) as { id?: unknown }).id);
  } catch {
    return line;
  }
}
