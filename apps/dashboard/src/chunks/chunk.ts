/** How soon a chunk is asked for again while the server is away. */
const AGAIN_MS = 2_000;

/** So that the first screen has the line for itself. */
const AHEAD_AFTER_MS = 2_000;

/** More than stand behind one balancer at a time. */
const BUILDS = 8;

/** `away`: the server doesn't answer, and it is tried again. `gone`: it answers, and has no such chunk, even after a reload. */
export type Trouble = 'away' | 'gone';

/** What the page is allowed to do to its window; a test has another one. */
export interface Around {
  /** The name of this page's build, as index.html says it. */
  build: string;
  /** index.html as the server has it now; null when it doesn't answer. */
  page: () => Promise<string | null>;
  reload: () => void;
  memory: Pick<Storage, 'getItem' | 'setItem'>;
  later: (again: () => void, ms: number) => void;
}

/**
 * A part of the program that is loaded when it is needed. The server may be away at that moment, or have been replaced by a newer
 * release whose files have other names: then this page is too old to go on, and is loaded anew once.
 */
export class Chunk<T> {
  private loaded: { value: T } | undefined;
  private trouble: Trouble | null = null;
  private underWay: Promise<void> | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly name: string,
    private readonly load: () => Promise<T>,
    private readonly around: () => Around = ofTheWindow,
  ) {}

  readonly value = (): T | undefined => this.loaded?.value;
  readonly whatIsWrong = (): Trouble | null => this.trouble;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Ahead of time: whoever comes to need it finds out by `want` that it could not be loaded. */
  readonly preload = async (): Promise<void> => {
    try {
      this.loaded ??= { value: await this.load() };
      this.tell(null);
    } catch {
      // Not needed yet.
    }
  };

  /** Ends when it is there, when the page is about to be loaded anew, or when neither can be. */
  readonly want = (): Promise<void> => (this.underWay ??= this.insist().finally(() => (this.underWay = undefined)));

  private async insist(): Promise<void> {
    const { build, page, later } = this.around();
    for (;;) {
      await this.preload();
      if (this.loaded) return;
      const now = await page();
      if (now === null) {
        this.tell('away');
        await new Promise<void>((again) => later(again, AGAIN_MS));
        continue;
      }
      // It may have come back between the two questions.
      if (now.includes(build)) await this.preload();
      if (!this.loaded) this.reloadOnce();
      return;
    }
  }

  /**
   * Once for each chunk of a build: should the new page lack it as well, loading it again and again would not help. During a deploy
   * a balancer may give the page of one build and the files of another in turn, so all builds are remembered.
   */
  private reloadOnce(): void {
    const { build, memory, reload } = this.around();
    const key = `vodai.reloaded-for.${this.name}`;
    const builds = memory.getItem(key)?.split('\n') ?? [];
    if (builds.includes(build)) return this.tell('gone');
    memory.setItem(key, [...builds, build].slice(-BUILDS).join('\n'));
    reload();
  }

  private tell(trouble: Trouble | null): void {
    this.trouble = trouble;
    for (const listener of this.listeners) listener();
  }
}

const ahead = new Set<Chunk<unknown>>();

/** A chunk that is also loaded while nothing else is to be done. */
export function chunk<T>(name: string, load: () => Promise<T>): Chunk<T> {
  const one = new Chunk(name, load);
  ahead.add(one);
  return one;
}

/** One after the other, once the first screen is there. Not for somebody who pays for each byte. */
export function loadAhead(): () => void {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (connection?.saveData) return () => undefined;
  const timer = setTimeout(() => {
    whenIdle(() => void loadAll());
  }, AHEAD_AFTER_MS);
  return () => clearTimeout(timer);
}

async function loadAll(): Promise<void> {
  for (const one of ahead) await one.preload();
}

function whenIdle(then: () => void): void {
  // Safari has none.
  if ('requestIdleCallback' in globalThis) requestIdleCallback(then);
  else then();
}

function ofTheWindow(): Around {
  return {
    build: document.querySelector('script[type="module"][src]')?.getAttribute('src') ?? '',
    page: async () => {
      try {
        const response = await fetch(document.baseURI, { cache: 'no-store' });
        return response.ok ? await response.text() : null;
      } catch {
        return null;
      }
    },
    reload: () => location.reload(),
    memory: sessionStorage,
    later: setTimeout,
  };
}
