import { Command } from 'commander';
import { completionCommand } from './completion';
import { deliveriesCommand } from './deliveries';
import { endpointsCommand } from './endpoints';
import { eventsCommand } from './events';
import { jobsCommand } from './jobs';
import { loginCommand } from './login';
import { openCommand } from './open';
import { seconds } from './options';
import { statsCommand } from './stats';
import { submitCommand } from './submit';
import { useUtc } from './times';
import { workersCommand } from './workers';

/** That of package.json, which is not beside the built files everywhere; a test compares the two. */
const VERSION = '0.1.0';

/** The whole tree of commands. */
export function vodai(): Command {
  const program = new Command('vodai')
    .version(VERSION, '--version', 'the version of this program')
    .on('option:utc', useUtc)
    .description('Speaks to the HTTP API of the VOD AI orchestrator.')
    .option('--json', 'JSON: one object, or one a line where there may be many')
    .option('--no-color', 'without colours (as with NO_COLOR)')
    .option('--profile <name>', 'the api and key of this name in the file of profiles')
    .option('--utc', 'times in UTC rather than in the zone of this machine (or of TZ)')
    .option('--local', 'the instance that `npm start` runs in this folder, whatever the environment says')
    .option('--patience <seconds>', 'how long to wait for an api that is away or busy (60; 0: not at all)', seconds)
    .addHelpText(
      'after',
      `
Where the api is, and the key for it, comes from the first of these:
  --local or --profile
  VODAI_URL and VODAI_KEY
  VODAI_PROFILE, a name in ~/.config/vodai/profiles.json: {"prod": {"url": "https://vodai.example/", "key": "…"}}
  .data/ in the working directory, which \`npm start\` writes
  the profile default
\`vodai login\` checks a key and writes it into the file of profiles.

A terminal gets tables and colours, a pipe lines with tabs. Data goes to stdout, everything else to stderr.

Exit codes:
  0  fine
  1  a job did not succeed, or the api said no
  2  wrong usage
  3  the api cannot be reached, or does not know the key
  130  stopped by Ctrl-C

Examples:
  vodai submit 3d3d12340d92c641401fab46a0b847f1 --types tag,dna --wait
  vodai jobs list --state failed,held
  vodai jobs show 01a2032f-e07b-7439-9f71-b8fc9c427ca2
  vodai stats`,
    );
  return program
    .addCommand(submitCommand())
    .addCommand(jobsCommand())
    .addCommand(eventsCommand())
    .addCommand(endpointsCommand())
    .addCommand(deliveriesCommand())
    .addCommand(statsCommand())
    .addCommand(workersCommand())
    .addCommand(loginCommand())
    .addCommand(openCommand())
    .addCommand(completionCommand(program));
}
