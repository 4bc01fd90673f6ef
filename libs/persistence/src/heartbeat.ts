import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { version } from '@app/config';
import { v7 as uuidv7 } from 'uuid';
import type { Process, ProcessStore } from './process.store';

/** Six of them to the minute after which a process counts as gone. */
const BEAT_EVERY_MS = 10_000;

/** How long a process that stops waits for its row to go. */
const FAREWELL_MS = 1_000;

/** Lets the others know that this process runs, from its start to a clean stop. One that is killed is missed within a minute. */
export class Heartbeat {
  private readonly process: Process;
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | null = null;

  constructor(
    private readonly processes: ProcessStore,
    about: Pick<Process, 'role' | 'regions' | 'limits'>,
    private readonly onTrouble: (error: Error) => void,
  ) {
    this.process = { id: uuidv7(), host: hostname(), version, ...about };
  }

  /** Resolves when the process is known. A store that takes nothing is no reason not to start: the next beat tries again. */
  async start(): Promise<void> {
    this.timer = setInterval(() => this.beat(), BEAT_EVERY_MS);
    this.beat();
    await this.beating;
  }

  /** A row that stays, because the store takes too long, is out of date within a minute. */
  async stop(): Promise<void> {
    if (!this.timer) return;
    clearInterval(this.timer);
    await Promise.race([this.leave(), pause(FAREWELL_MS, undefined, { ref: false })]);
  }

  /** A beat that is under way must not bring the row back. */
  private async leave(): Promise<void> {
    await this.beating;
    await this.processes.remove(this.process).catch(this.trouble);
  }

  /** One at a time: a store that hangs must not collect them. */
  private beat(): void {
    this.beating ??= this.processes
      .beat(this.process)
      .catch(this.trouble)
      .finally(() => (this.beating = null));
  }

  private readonly trouble = (error: unknown) => {
    this.onTrouble(error instanceof Error ? error : new Error(String(error)));
  };
}
