import { setImmediate } from 'node:timers/promises';
import { printable } from '@app/text';
import { CommanderError, type Command } from 'commander';
import { exitCodes, failureOf, type Failure } from './failure';
import { vodai } from './program';
import { say, unwritable } from './screen';

/**
 * Runs the program with these arguments, says in one line what went wrong, and answers the exit code: 0 also for what was
 * expected to go wrong.
 */
export async function run(args: string[], isExpected = (_failure: Failure) => false): Promise<number> {
  // A reader that left, a disk that is full: what that means for the work is for the screen to say. What isn't written by the
  // screen, a help for example, is told at the end.
  let unwritten: NodeJS.ErrnoException | undefined;
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') unwritten ??= error;
  });
  const program = vodai();
  everyCommand(program, (command) =>
    command
      .exitOverride()
      .configureOutput({ writeErr: say, outputError: (text, write) => write(text.replace(/^error: /, 'vodai: ')) })
      .showHelpAfterError(`see ${pathOf(command)} --help`),
  );
  try {
    await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
      // Commander has said it already.
      if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
    });
    await setImmediate();
    if (unwritten) throw unwritable(unwritten);
    return exitCodes.fine;
  } catch (error) {
    if (error instanceof CommanderError) return exitCodes.usage;
    const failure = failureOf(error);
    say(`vodai: ${printable(failure.message)}\n`);
    return isExpected(failure) ? exitCodes.fine : failure.exitCode;
  }
}

function everyCommand(command: Command, change: (command: Command) => void): void {
  change(command);
  for (const sub of command.commands) everyCommand(sub, change);
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
