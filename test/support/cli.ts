import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { eventually } from '@app/testing';
import { builtDist } from './build';

export interface CliOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** On a terminal: both streams in one, as a person sees them, and whatever is typed is heard. */
  terminal?: boolean;
  /** Where stdout goes, although there is a terminal. */
  to?: string;
  /** All that comes by stdin. */
  input?: string;
  /** Which program: `vodai`, or the commands that are about an account at VOD. */
  program?: 'cli' | 'vod';
}

/** util-linux' `script` makes the terminal; that of other systems takes other options. */
const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;
export const describeWithTerminal: typeof describe = hasScript ? describe : describe.skip;

/** All that every run has printed: no secret may be in it. */
export const everythingPrinted: string[] = [];

/** A built command line, with the environment that it was given and nothing else. */
export class Cli {
  stdout = '';
  stderr = '';
  readonly code: Promise<number | null>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.code = new Promise((resolve) => {
      child.once('close', (code) => {
        everythingPrinted.push(this.stdout, this.stderr);
        resolve(code);
      });
    });
  }

  static async start(
    args: string[],
    { env = {}, cwd = '/', terminal = false, to, input, program: name = 'cli' }: CliOptions = {},
  ): Promise<Cli> {
    const program = [process.execPath, join(await builtDist(), `apps/${name}/src/main.js`), ...args];
    const line = `${program.map(quoted).join(' ')}${to === undefined ? '' : ` > ${quoted(to)}`}`;
    const command = terminal ? ['script', '-qec', line, '/dev/null'] : program;
    const { PATH = '' } = process.env;
    const surroundings = { PATH, HOME: '/nonexistent', TERM: 'xterm-256color', ...env };
    const child = spawn(command[0] ?? '', command.slice(1), { cwd, env: surroundings });
    if (input !== undefined) child.stdin.end(input);
    return new Cli(child);
  }

  /** Runs it to its end. */
  static async run(
    args: string[],
    options: CliOptions = {},
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const cli = await Cli.start(args, options);
    const code = await cli.code;
    return { code, stdout: cli.stdout, stderr: cli.stderr };
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.child.kill(signal);
  }

  until(what: string, look: (cli: this) => unknown): Promise<unknown> {
    return eventually(what, () => look(this) || (this.child.exitCode === null ? false : this.fail(what)));
  }

  private fail(what: string): never {
    throw new Error(`it ended before ${what}: ${this.stdout}${this.stderr}`);
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What a person reads: without colours, movements of the cursor and carriage returns. */
export function read(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r', '');
}
