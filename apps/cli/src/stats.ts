import { jobStates, jobTypes } from '@app/domain';
import type { StatsAnswer } from '@app/contract';
import { Command } from 'commander';
import { filterOf, tellWhen, withFilters, type FilterOptions } from './options';
import { tellProgress } from './outlook';
import { styled, styleOfState, type Screen } from './screen';
import { inSession } from './session';
import { counted, fromNow, number } from './words';

export function statsCommand(): Command {
  return withFilters(new Command('stats').description('how many jobs are where, how far they are, and what is late'))
    .addHelpText(
      'after',
      `
Through a pipe: state, type, count, separated by tabs; then what a terminal is told in sentences: what, region or basis, and
how many or when. With a filter also how far these jobs are, and when they are done.

Examples:
  vodai stats
  vodai stats --label batch:2026-11
  vodai stats --label batch:2026-11 --json | jq .progress
  vodai stats --json | jq .jobs.byState.held`,
    )
    .action((options: FilterOptions, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        tellWhen(screen, options);
        const stats = await api.stats(filterOf(options));
        if (screen.form === 'json') await screen.json(stats);
        else if (screen.form === 'lines') await countsAsLines(screen, stats);
        else await countsAsTable(screen, stats);
      }),
    );
}

/** All that a terminal is told. */
async function countsAsLines(screen: Screen, stats: StatsAnswer): Promise<void> {
  const { jobs, progress, late, unserved, oldestUnmatchedEventAt, callbacksLost, circuits } = stats;
  for (const state of jobStates) {
    for (const type of jobTypes) await screen.row([state, type, String(jobs.byType[type]?.[state] ?? 0)]);
  }
  await screen.row(['all', '', String(jobs.total)]);
  if (progress) {
    const { total, open, perSecond, expectedAt, basis } = progress;
    await screen.row(['total', '', String(total)]);
    await screen.row(['open', '', String(open)]);
    await screen.row(['per second', '', perSecond === null ? '' : String(perSecond)]);
    await screen.row(['expected', basis ?? '', expectedAt ?? '']);
  }
  for (const { region } of unserved) await screen.row(['unserved', region, '']);
  for (const { region, dueAt } of late) await screen.row(['late', region, dueAt]);
  if (oldestUnmatchedEventAt) await screen.row(['oldest unmatched event', '', oldestUnmatchedEventAt]);
  if (callbacksLost > 0) await screen.row(['callbacks lost', '', String(callbacksLost)]);
  for (const { region, code, message, probeAt } of circuits) {
    await screen.row(['circuit', region, probeAt, code, message]);
  }
}

async function countsAsTable(screen: Screen, stats: StatsAnswer): Promise<void> {
  const { jobs, progress, late, unserved, oldestUnmatchedEventAt, callbacksLost, circuits } = stats;
  await screen.table([
    ['', 'jobs', ...jobTypes].map((head) => styled('dim', head)),
    ...jobStates.map((state) => [
      styled(styleOfState({ state }), state),
      number(jobs.byState[state]),
      ...jobTypes.map((type) => number(jobs.byType[type]?.[state])),
    ]),
    ['all', number(jobs.total)],
  ]);
  for (const line of progress ? ['', ...tellProgress(progress, Date.now())] : []) await screen.line(line);
  for (const { region } of unserved) {
    await screen.line(styled('red', `No worker serves ${region}: its jobs wait.`));
  }
  for (const { region, dueAt } of late) {
    const said = `Late in ${region}: a worker should have taken a job that was due ${fromNow(dueAt, Date.now())}.`;
    await screen.line(styled('red', said));
  }
  if (oldestUnmatchedEventAt) {
    await screen.line(`The oldest event that fits no job came ${fromNow(oldestUnmatchedEventAt, Date.now())}.`);
  }
  if (callbacksLost > 0) await screen.line(`${counted(callbacksLost, 'job')} settled without an event.`);
  for (const { region, code, message, probeAt } of circuits) {
    const said = `The account cannot submit in ${region} (${code}: ${message}); next try ${fromNow(probeAt, Date.now())}.`;
    await screen.line(styled('red', said));
  }
}
