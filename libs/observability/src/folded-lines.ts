import type { Logger } from 'pino';
import type { Line } from './row';

/** Lines alike are said once in so long. */
const WINDOW_MS = 60_000;

/** Kinds of lines that are told apart within it: a stranger has as many addresses as they like. */
const KINDS = 100;

interface Kind {
  line: Line;
  /** Lines like the first that weren't said. */
  more: number;
}

/**
 * Lines of one signal that strangers can bring about at will. The first of its kind is said at once; how many more like it came
 * within the minute is said at its end, with the latest of them.
 */
export class FoldedLines {
  private readonly kinds = new Map<string, Kind>();
  /** What came when there were too many kinds. */
  private readonly others: { line: Line | null; more: number } = { line: null, more: 0 };
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly logger: Logger,
    private readonly name: string,
    private readonly windowMs = WINDOW_MS,
  ) {}

  say(kind: string, line: Line): void {
    const known = this.kinds.get(kind) ?? (this.kinds.size < KINDS ? undefined : this.others);
    if (known) {
      known.line = line;
      known.more += 1;
      return;
    }
    this.kinds.set(kind, { line, more: 0 });
    this.logger[line.level](line.fields, this.name);
    this.timer ??= setTimeout(() => this.flush(), this.windowMs).unref();
  }

  /** Says what was kept back, and begins anew. */
  flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    for (const { line, more } of this.kinds.values()) {
      if (more > 0) this.logger[line.level]({ ...line.fields, more }, this.name);
    }
    const { line, more } = this.others;
    if (line) this.logger[line.level]({ ...line.fields, more, of: 'any kind' }, this.name);
    this.kinds.clear();
    Object.assign(this.others, { line: null, more: 0 });
  }
}
