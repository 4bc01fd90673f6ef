import { jobStates, jobTypes } from '@app/domain';
import type { StatsAnswer } from '@app/contract';
import { Command } from 'commander';
import { styleOfState, type Screen } from './screen';
import { inSession } from './session';
import { counted, fromNow, printable } from './words';

export function statsCommand(): Command {
  return new Command('stats')
    .description('how many jobs are where, and what has waited longest')
    .addHelpText(
      'after',
      `
Through a pipe: state, type, count, separated by tabs.

Examples:
  vodai stats
  vodai stats --json | jq .jobs.byState.held`,
    )
    .action((_options: object, command: Command) =>
      inSession(command, async ({ api, screen }) => {
        const stats = await api.stats();
        if (screen.form === 'json') await screen.json(stats);
        else if (screen.form === 'lines') await countsAsLines(screen, stats);
        else await countsAsTable(screen, stats);
      }),
    );
}

async function countsAsLines(screen: Screen, { jobs }: StatsAnswer): Promise<void> {
  for (const state of jobStates) {
    for (const type of jobTypes) await screen.row([state, type, String(jobs.byType[type]?.[state] ?? 0)]);
  }
}

async function countsAsTable(screen: Screen, stats: StatsAnswer): Promise<void> {
  const { jobs, oldestDueAt, oldestUnmatchedEventAt, callbacksLost, circuits } = stats;
  const number = (count = 0) => count.toLocaleString('en-US');
  await screen.table([
    ['', 'jobs', ...jobTypes].map((head) => screen.paint('dim', head)),
    ...jobStates.map((state) => [
      screen.paint(styleOfState({ state }), state),
      number(jobs.byState[state]),
      ...jobTypes.map((type) => number(jobs.byType[type]?.[state])),
    ]),
    ['all', number(jobs.total)],
  ]);
  if (oldestDueAt) await screen.line(`\nThe oldest alarm rings ${fromNow(oldestDueAt, Date.now())}.`);
  if (oldestUnmatchedEventAt) {
    await screen.line(`The oldest event that fits no job came ${fromNow(oldestUnmatchedEventAt, Date.now())}.`);
  }
  if (callbacksLost > 0) await screen.line(`${counted(callbacksLost, 'job')} settled without an event.`);
  for (const { region, code, message, probeAt } of circuits) {
    const said = `The account cannot submit in ${region} (${code}: ${message}); next try ${fromNow(probeAt, Date.now())}.`;
    await screen.line(screen.paint('red', printable(said)));
  }
}
