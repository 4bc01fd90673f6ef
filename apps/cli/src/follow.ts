import { isSilent, type JobState, type JobType } from '@app/domain';
import type { JobFilter } from '@app/client';
import type { JobAnswer, StreamedChange } from '@app/contract';
import { brokenOff, JobsFailed } from './failure';
import { jobColumns } from './job-columns';
import { styled, styleOfState, type Screen } from './screen';
import type { Session } from './session';
import { dateTime } from './times';
import { counted } from './words';

/**
 * Does the work while the changes are told. It begins when the stream is ready, so what the work reads and what the stream
 * tells leave nothing out between them. An api that goes away is waited for; one that isn't there at first is an error.
 */
export async function whileListening<T>(
  { api, screen }: Session,
  filter: JobFilter,
  onChange: (change: StreamedChange) => void,
  work: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  let connected = false;
  let away = false;
  let begin = () => {};
  const ready = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<never>((_, reject) => {
    const onTrouble = (error: Error) => {
      if (!connected) reject(error);
      else if (!away) screen.note(`the api went away (${error.message}); waiting for it`, 'yellow');
      away = true;
    };
    const onReady = () => {
      if (away) screen.note('the api is back; nothing was missed', 'green');
      [connected, away] = [true, false];
      begin();
    };
    api.stream(filter, { signal: stop.signal, onChange, onReady, onTrouble }).catch(reject);
  });
  try {
    return await Promise.race([ended, ready.then(() => work(stop.signal))]);
  } finally {
    stop.abort();
  }
}

/** As a request names its jobs. */
export interface Followed {
  id: string;
  mediaId: string;
  type: JobType;
  state: JobState;
}

/** More jobs than that and a terminal shows only those that end badly, above the bar. */
const MANY = 50;

/** Jobs that are waited for, until all of them are over or held for a person. */
export class Board {
  private readonly followed = new Map<string, Followed>();
  /** What the stream has said, also about jobs that are named only later. */
  private readonly latest = new Map<string, JobAnswer>();
  private readonly open = new Set<string>();
  private advance: (done: number) => void = () => {};
  private printed: Promise<unknown> = Promise.resolve();
  private whenOver: (() => void) | null = null;

  constructor(
    private readonly screen: Screen,
    /** Every change, or each job once, when it is over. On a terminal people see changes. */
    private readonly tells: 'changes' | 'ends',
  ) {}

  /** `job`: as it was read, where it was. What the stream has said is at least as new. */
  add(followed: Followed, job?: JobAnswer): void {
    const now = this.latest.get(followed.id) ?? job;
    this.followed.set(followed.id, now ?? followed);
    if (!isSilent(now?.state ?? followed.state)) this.open.add(followed.id);
    else if (now && this.endsOnly) this.print(() => this.screen.list([now], jobColumns));
  }

  changed(change: StreamedChange): void {
    const { job } = change;
    const before = this.latest.get(job.id);
    // The job of a change is as it is by now; a later change may have brought a later one before.
    if (!before || before.version <= job.version) this.latest.set(job.id, job);
    if (!this.followed.has(job.id)) return;
    if (!this.endsOnly) this.tell(change);
    if (!isSilent(job.state) || !this.open.delete(job.id)) return;
    this.followed.set(job.id, job);
    if (this.endsOnly) this.print(() => this.screen.list([job], jobColumns));
    this.move();
  }

  /** Waits for all that were added, then says how they ended. Whoever stops it stops the waiting alone. */
  async allOver(stop?: AbortSignal): Promise<void> {
    this.advance = this.screen.progress(this.followed.size, 'over');
    for (const id of this.latest.keys()) if (!this.followed.has(id)) this.latest.delete(id);
    await new Promise<void>((resolve) => {
      this.whenOver = resolve;
      stop?.addEventListener('abort', () => resolve(), { once: true });
      this.move();
    });
    await this.printed;
    this.screen.endProgress();
    if (this.open.size > 0 && stop?.aborted) {
      const over = this.followed.size - this.open.size;
      throw brokenOff(`${over} of ${counted(this.followed.size, 'job')} over`, stop.reason, 'the others go on');
    }
    this.sum();
  }

  private get endsOnly(): boolean {
    return this.tells === 'ends' && this.screen.form !== 'table';
  }

  private move(): void {
    this.advance(this.followed.size - this.open.size);
    if (this.open.size === 0) this.whenOver?.();
  }

  private tell(change: StreamedChange): void {
    if (this.screen.form === 'table' && this.followed.size > MANY && !endsBadly(change.change.to)) return;
    this.print(() => tellChange(this.screen, change));
  }

  /** One line after the other, however slow the reader is. */
  private print(line: () => Promise<void>): void {
    this.printed = this.printed.then(line);
  }

  private sum(): void {
    const all = [...this.followed.values()];
    const ends = new Map<string, number>();
    for (const { id, state } of all) {
      const end = this.latest.get(id)?.state ?? state;
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    const said = [...ends].map(([state, count]) => `${count} ${state}`).join(', ');
    if (ends.size === 1 && ends.has('succeeded')) this.screen.note(`${counted(all.length, 'job')}: ${said}`, 'green');
    else if (all.length > 0) throw new JobsFailed(`${counted(all.length, 'job')}: ${said}`);
  }
}

function endsBadly(state: JobState): boolean {
  return isSilent(state) && state !== 'succeeded';
}

/** A change as a line: in full for a pipe, with a colour for the eye. */
export async function tellChange(screen: Screen, told: StreamedChange): Promise<void> {
  const { change, job } = told;
  switch (screen.form) {
    case 'json':
      return screen.json(told);
    case 'lines':
      return screen.row([change.at, job.id, job.mediaId, job.type, change.to, change.text]);
    case 'table': {
      const time = styled('dim', dateTime(change.at, { ms: true }));
      const state = styled(styleOfState({ state: change.to }), change.to.padEnd('unconfirmed'.length));
      return screen.line(time, '  ', state, `  ${job.type.padEnd(10)}  ${job.mediaId}  ${change.text}`);
    }
  }
}
