import type { Resolution } from '@app/contract';
import { Command, Option } from 'commander';
import { actOn, agreed, type Action } from './act';
import { wrongUsage } from './failure';
import { jobIds, withFilters, type FilterOptions } from './options';
import { idsOf, selectionOf } from './selection';
import { inSession, type Session } from './session';

interface ActOptions {
  reason?: string;
  yes?: boolean;
}

/** What several jobs are acted on with. */
function action(name: string, description: string, help: string): Command {
  return new Command(name)
    .description(description)
    .argument('[job...]', 'ids; - takes them from stdin, where they are the first in their line', jobIds)
    .option('--reason <why>', 'goes into the history, with your name')
    .option('--yes', 'without being asked')
    .addHelpText('after', help);
}

/** By ids, or by the filters of the list. */
function selecting(name: string, description: string, examples: string, act: Omit<Action, 'do'> & Doing): Command {
  const command = withFilters(
    action(
      name,
      description,
      `
With filters it works for all jobs that match and are in a state for it, however many: it says how many and asks first.
Nothing to do is success.

Examples:
${examples}`,
    ),
  );
  return command.action((named: string[], options: ActOptions & FilterOptions, self: Command) =>
    acting(self, async (session) => {
      const { doing, ...how } = act;
      const selection = await selectionOf(session, named, options, act.event);
      const call: Action = { ...how, do: (id, version) => doing(session, id, { reason: options.reason, version }) };
      const jobs = await agreed(session, selection, call, options.yes);
      await actOn(session, jobs, call);
    }),
  );
}

interface Doing {
  doing: (
    session: Session,
    id: string,
    body: { reason: string | undefined; version: number | undefined },
  ) => ReturnType<Action['do']>;
}

/** It is done for every job, heard or not. */
const acting = (command: Command, work: (session: Session) => Promise<void>) => inSession(command, work, 'go on');

export const cancel = () =>
  selecting(
    'cancel',
    'take jobs back that are not sent yet; nothing is paid',
    `  vodai jobs cancel 01a2032f-e07b-7439-9f71-b8fc9c427ca2 --reason 'wrong media'
  vodai jobs cancel --label batch:2026-11`,
    { event: 'canceled', verb: 'cancel', costs: false, doing: ({ api }, id, body) => api.cancel(id, body) },
  );

export const retry = () =>
  selecting(
    'retry',
    'new attempts for jobs that are over without success: VOD bills those that succeed',
    `  vodai jobs retry 01a2032f-e07b-7439-9f71-b8fc9c427ca2
  vodai jobs retry --state expired --from 2h --yes --reason 'VOD was down'
  vodai jobs list --state failed --all | grep InternalError | vodai jobs retry - --yes`,
    { event: 'retried', verb: 'retry', costs: true, doing: ({ api }, id, body) => api.retry(id, body) },
  );

export const refetch = () =>
  selecting(
    'refetch',
    'read results again; nothing is paid',
    `  vodai jobs refetch 01a2032f-e07b-7439-9f71-b8fc9c427ca2
  vodai jobs refetch --state failed --error-code ResultUnreadable --yes`,
    { event: 'refetched', verb: 'refetch', costs: false, doing: ({ api }, id, body) => api.refetch(id, body) },
  );

interface ResolveOptions extends ActOptions {
  adopt?: string;
  resubmit?: boolean;
  fail?: boolean;
}

export function resolve(): Command {
  return action(
    'resolve',
    'decide what becomes of held jobs',
    `
Examples:
  vodai jobs list --state held
  vodai jobs show 01a2032f-e07b-7439-9f71-b8fc9c427ca2        # the evidence
  vodai jobs resolve 01a2032f-e07b-7439-9f71-b8fc9c427ca2 --adopt 9e82640c85114bf5af23edfaf0a1b2c3
  vodai jobs resolve 01a2032f-e07b-7439-9f71-b8fc9c427ca2 --fail --reason 'not worth it'`,
  )
    .addOption(new Option('--adopt <vodJobId>', 'VOD has it, under this JobId').conflicts(['resubmit', 'fail']))
    .addOption(
      new Option('--resubmit', 'VOD never had it: send it again; if it had it, VOD bills both').conflicts('fail'),
    )
    .option('--fail', 'give it up')
    .action((named: string[], options: ResolveOptions, command: Command) =>
      acting(command, async (session) => {
        const resolution = resolutionOf(options);
        if (named.length === 0) throw wrongUsage('expected ids of jobs, or - for ids from stdin; got none');
        const ids = await idsOf(named);
        if (resolution.action === 'adopt' && ids.length > 1) throw wrongUsage('expected one job for one JobId of VOD');
        const costs = resolution.action === 'resubmit';
        const call: Action = {
          event: 'resubmitted',
          verb: costs ? 'send again' : 'resolve',
          costs,
          do: (id, version) => session.api.resolve(id, { ...resolution, version }),
        };
        await actOn(session, await agreed(session, { by: 'ids', ids }, call, options.yes), call);
      }),
    );
}

function resolutionOf({ adopt, resubmit, fail, reason }: ResolveOptions): Resolution {
  if (adopt !== undefined) return { action: 'adopt', vodJobId: adopt, reason };
  if (resubmit) return { action: 'resubmit', reason };
  if (fail) return { action: 'fail', reason };
  throw wrongUsage('expected --adopt JOBID, --resubmit or --fail');
}
