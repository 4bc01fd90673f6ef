import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure, wrongUsage } from './failure';

/** Counts where nothing else says where the api is. */
export const DEFAULT_PROFILE = 'default';

type Profiles = Record<string, { url?: unknown; key?: unknown } | undefined>;

export function profilesFile(env: Record<string, string | undefined>): string {
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'vodai', 'profiles.json');
}

/** Null where there is no file. */
export function profilesIn(file: string): Profiles | null {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw wrongUsage(`cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    const profiles: unknown = JSON.parse(content);
    if (typeof profiles === 'object' && profiles !== null && !Array.isArray(profiles)) return profiles as Profiles;
  } catch {
    // The parser's message may repeat a key.
  }
  throw wrongUsage(`${file} is not JSON of the form {"NAME": {"url": "https://…", "key": "…"}}`);
}

/** Windows has no such bits. */
export function othersCanRead(file: string): boolean {
  return process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0;
}

/** Beside those that are there. The file is whole at any moment, and nobody else's to read. */
export function storeProfile(file: string, name: string, profile: { url: string; key: string }): void {
  const profiles = { ...profilesIn(file), [name]: profile };
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Failure(`cannot write ${file}: ${(error as Error).message}`);
  }
}
