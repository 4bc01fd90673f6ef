import { parseArgs } from 'node:util';
import { loadConfig } from '@app/config';
import { complain } from '@app/observability';
import { runRetention } from './retention';

const USAGE = `npm run retention               drops now what has been kept for as long as the settings say
npm run retention -- --dry-run  says what that would be, and changes nothing
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'dry-run': { type: 'boolean', default: false }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const config = loadConfig(process.env, 'retention');
  const lines = await runRetention(config, { dryRun: values['dry-run'] });
  process.stdout.write(`${lines.join('\n')}\n`);
}

main().catch((error: unknown) => {
  complain(error instanceof Error ? error.message : String(error));
  process.exit(1); // whatever connection is still open
});
