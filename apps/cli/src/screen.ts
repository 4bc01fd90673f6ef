import { styleText } from 'node:util';
import type { JobState } from '@app/domain';
import { printable, printableJson, printableLines } from '@app/text';
import { MultiBar } from 'cli-progress';
import Table from 'cli-table3';
import { exitCodes, Failure } from './failure';

type Style = Parameters<typeof styleText>[0];

/** What a line or a cell is made of: text from wherever, and the style that a terminal shows it in. */
export type Piece = string | { text: string; style: Style };

export function styled(style: Style, text: string): Piece {
  return { text, style };
}

export interface Column<T> {
  head: string;
  /** In full, for a pipe. */
  of: (item: T) => string;
  /** For a person at a terminal, where it differs. */
  shown?: (item: T) => string;
  style?: (item: T) => Style;
}

interface Streams {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
}

const stateStyles: Record<JobState, Style> = {
  queued: 'dim',
  submitting: 'cyan',
  unconfirmed: 'yellow',
  processing: 'cyan',
  finished: 'cyan',
  held: 'magenta',
  succeeded: 'green',
  failed: 'red',
  canceled: 'dim',
  expired: 'red',
};

export function styleOfState({ state }: { state: JobState }): Style {
  return stateStyles[state];
}

/**
 * Data goes to stdout, everything that is said about it to stderr, so that a pipe gets data alone. Whatever is printed goes
 * through `shown` or `jsonText`: there texts from outside lose what a terminal would obey, and nobody else has to think of it.
 */
export class Screen {
  /** JSON when asked for; else tables for a person and tab-separated lines for a pipe. */
  readonly form: 'json' | 'table' | 'lines';
  /** Somebody is there who sees a question and can answer it. */
  readonly canAsk: boolean;
  private readonly colours: { stdout: boolean; stderr: boolean };
  private readonly unread: 'end' | 'go on';
  private isUnread = false;
  private bar: MultiBar | null = null;

  constructor(
    private readonly streams: Streams,
    { json, color, unread }: { json: boolean; color: boolean; unread: 'end' | 'go on' },
  ) {
    this.unread = unread;
    const { stdout, stderr, stdin } = streams;
    this.form = json ? 'json' : stdout.isTTY ? 'table' : 'lines';
    this.canAsk = stdin.isTTY && stderr.isTTY;
    const hasColours = (stream: NodeJS.WriteStream) => color && stream.isTTY && stream.hasColors();
    this.colours = { stdout: hasColours(stdout), stderr: hasColours(stderr) };
  }

  /**
   * One line of data. Waits while whoever reads it is slow. When nobody reads any more, as after `… | head`, a command that
   * just reads has done its work; one that does something goes on without being heard.
   */
  async line(...pieces: Piece[]): Promise<void> {
    await this.write(pieces.map((piece) => this.shown(piece)).join(''));
  }

  json(value: unknown): Promise<void> {
    return this.jsonText(JSON.stringify(value));
  }

  /** JSON as it came, byte for byte where it goes into a file or a pipe; for a terminal the same value with escapes. */
  jsonText(text: string): Promise<void> {
    return this.write(this.streams.stdout.isTTY ? printableJson(text) : text);
  }

  row(cells: string[]): Promise<void> {
    return this.write(cells.map(printable).join('\t'));
  }

  private async write(text: string): Promise<void> {
    this.clearBar();
    const error = await written(this.streams.stdout, `${text}\n`);
    if (error === null) return;
    // After the first one the stream is closed, and says only that.
    if (this.isUnread || error.code === 'EPIPE') {
      if (this.unread === 'end') process.exit(exitCodes.fine);
      this.isUnread = true;
      return;
    }
    throw unwritable(error);
  }

  async list<T>(items: readonly T[], columns: readonly Column<T>[]): Promise<void> {
    switch (this.form) {
      case 'json':
        for (const item of items) await this.json(item);
        return;
      case 'lines':
        for (const item of items) await this.row(columns.map(({ of }) => of(item)));
        return;
      case 'table': {
        const head = columns.map((column) => styled('dim', column.head));
        const rows = items.map((item) => columns.map((column) => cellOf(item, column)));
        if (rows.length > 0) await this.table([head, ...rows]);
      }
    }
  }

  /** Names and values, one a line; nothing about what isn't there. */
  async fields(fields: Record<string, string | null>): Promise<void> {
    const rows = Object.entries(fields).filter((row): row is [string, string] => row[1] !== null && row[1] !== '');
    if (this.form === 'lines') for (const row of rows) await this.row(row);
    else await this.table(rows.map(([name, value]) => [styled('dim', name), value]));
  }

  /** In columns without borders. */
  async table(rows: Piece[][]): Promise<void> {
    const table = new Table({
      chars: borderless,
      style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [] },
    });
    table.push(...rows.map((row) => row.map((piece) => this.shown(piece))));
    const lines = table.toString().split('\n');
    await this.write(lines.map((line) => line.trimEnd()).join('\n'));
  }

  /** One line to stderr, for people. */
  note(text: string, style: Style = 'dim'): void {
    this.clearBar();
    void written(this.streams.stderr, `${inStyle({ text, style }, this.colours.stderr)}\n`);
  }

  /** A bar below what is printed, where somebody sees it. Answers how to move it on. */
  progress(total: number, what: string): (done: number) => void {
    if (!this.streams.stderr.isTTY) return () => {};
    // A MultiBar of one: when a SingleBar ends it moves the cursor back to where it began, above the lines printed since.
    this.bar = new MultiBar({
      stream: this.streams.stderr,
      format: `{bar} {value}/{total} ${what} {duration_formatted}`,
      barsize: 24,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      // Lines are printed over it; a Ctrl-C is to end the program and not only the bar; the terminal stays as it was.
      forceRedraw: true,
      gracefulExit: false,
      linewrap: true,
      clearOnComplete: true,
    });
    const bar = this.bar.create(total, 0);
    return (done) => bar.update(done);
  }

  endProgress(): void {
    this.bar?.stop();
    this.bar = null;
  }

  private shown(piece: Piece): string {
    return inStyle(piece, this.colours.stdout);
  }

  private clearBar(): void {
    if (this.bar) this.streams.stderr.write('\r\x1b[K');
  }
}

function inStyle(piece: Piece, hasColours: boolean): string {
  const { text, style } = typeof piece === 'string' ? { text: piece } : piece;
  const said = printable(text);
  return style && said && hasColours ? styleText(style, said, { validateStream: false }) : said;
}

function cellOf<T>(item: T, { of, shown = of, style }: Column<T>): Piece {
  return style ? styled(style(item), shown(item)) : shown(item);
}

const borderless = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

export function unwritable({ code, message }: NodeJS.ErrnoException): Failure {
  return new Failure(`cannot write to stdout: ${code === 'ENOSPC' ? 'the disk is full' : message}`);
}

/** What went wrong with it, thrown or told. */
function written(stream: NodeJS.WriteStream, text: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    try {
      stream.write(text, (error) => resolve(error ?? null));
    } catch (error) {
      resolve(error as NodeJS.ErrnoException);
    }
  });
}

/** For people. Where it cannot be said, as on a full disk, the exit code says it. */
export function say(text: string): void {
  void written(process.stderr, printableLines(text));
}
