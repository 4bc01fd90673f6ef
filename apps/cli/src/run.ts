import { CommanderError, type Command } from 'commander';
import { exitCodes, failureOf, type Failure } from './failure';
import { vodai } from './program';
import { printable } from './words';

/**
 * Runs the program with these arguments, says in one line what went wrong, and answers the exit code: 0 also for what was
 * expected to go wrong.
 */
export async function run(args: string[], isExpected = (_failure: Failure) => false): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', unlessNobodyReads);
  const program = vodai();
  everyCommand(program, (command) =>
    command
      .exitOverride()
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'vodai: ')) })
      .showHelpAfterError(`see ${pathOf(command)} --help`),
  );
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCodes.fine;
  } catch (error) {
    // Commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage;
    const failure = failureOf(error);
    process.stderr.write(`vodai: ${printable(failure.message)}\n`);
    return isExpected(failure) ? exitCodes.fine : failure.exitCode;
  }
}

/** `… | head`: what that means for the work is for the screen to say. */
function unlessNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function everyCommand(command: Command, change: (command: Command) => void): void {
  change(command);
  for (const sub of command.commands) everyCommand(sub, change);
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
