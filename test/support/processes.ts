import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { isAlive } from '../../apps/local/src/is-alive';
import { eventually } from '@app/testing';
import { builtDist } from './build';

export type ProcessName = 'api' | 'worker' | 'webhook' | 'emulator' | 'local' | 'migrate' | 'retention';

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Characters of output that are kept, the newest: a process may talk for half an hour. */
const KEEP = 4_000_000;

/** One real process of the product, with the environment that it was given and nothing else. */
export class RealProcess {
  stdout = '';
  stderr = '';
  readonly exit: Promise<Exit>;
  private ended: Exit | null = null;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout = (this.stdout + text).slice(-KEEP)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr = (this.stderr + text).slice(-KEEP)));
    this.exit = new Promise((resolve) => {
      // `close` comes after the last of its output.
      child.once('close', (code, signal) => resolve((this.ended = { code, signal })));
    });
  }

  static async start(name: ProcessName, env: Record<string, string>, cwd?: string): Promise<RealProcess> {
    const dist = await builtDist();
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [join(dist, `apps/${name}/src/main.js`)], {
      cwd: cwd ?? join(dist, '..'),
      env: { PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a process group of its own: what is left of it when it is gone can be seen
    });
    return new RealProcess(child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get output(): string {
    return this.stdout + this.stderr;
  }

  /** The address it says that it listens on. */
  url(pattern = /"url":"(http:[^"]+)".*"msg":"listening"/): Promise<string> {
    return eventually(`process ${this.pid} listens`, () => {
      if (this.ended) throw new Error(`it ended with ${this.ended.code} instead: ${this.output}`);
      return pattern.exec(this.stdout)?.[1];
    });
  }

  /** How it ended, for one that must not start. */
  refusal(): Promise<Exit> {
    return eventually(`process ${this.pid} ends`, () => {
      if (this.ended === null && /"msg":"listening"|VOD emulator on/.test(this.stdout)) throw new Error('it started');
      return this.ended;
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.ended === null) process.kill(this.pid, signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.signal(signal);
    return this.exit;
  }

  get isRunning(): boolean {
    return this.ended === null;
  }

  /** Whether anything of its process group still runs. */
  leftSomething(): boolean {
    return isAlive(-this.pid);
  }
}
