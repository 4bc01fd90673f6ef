#!/usr/bin/env node
import { exitCodes } from './failure';
import { run } from './run';

// Whoever reads has seen enough: `vodai jobs list --all | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.fine);
  throw error;
});

void run(process.argv.slice(2)).then((code) => (process.exitCode = code));
