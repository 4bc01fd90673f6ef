import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { exitCodes, Failure, wrongUsage } from './failure';

/** Where the api is and the key for it, and who said so: messages name the place, never the key. */
export interface Connection {
  url: string;
  key: string;
  from: string;
}

export interface Choice {
  profile?: string | undefined;
  local?: boolean | undefined;
}

type Env = Record<string, string | undefined>;

/** An option counts before the environment, and the environment before the local instance of this folder. */
export function connectionOf(choice: Choice, env: Env, cwd: string, warn: (text: string) => void): Connection {
  const { VODAI_URL: url, VODAI_KEY: key, VODAI_PROFILE: fromEnv } = env;
  if (choice.profile && choice.local) throw wrongUsage('expected --profile or --local, got both');
  if (choice.local) return localInstance(cwd) ?? notSignedIn('nothing has run here: start it with `npm start`');
  if (choice.profile) return profile(choice.profile, env, warn);
  if (url && key) return { url: addressOf(url, 'VODAI_URL'), key, from: 'VODAI_URL and VODAI_KEY' };
  if (url || key) return notSignedIn(`expected VODAI_URL and VODAI_KEY, got only ${url ? 'VODAI_URL' : 'VODAI_KEY'}`);
  if (fromEnv) return profile(fromEnv, env, warn);
  return (
    localInstance(cwd) ??
    notSignedIn('nothing says where the api is: set VODAI_URL and VODAI_KEY, or name a profile with --profile')
  );
}

/** What `npm start` leaves for scripts in its folder. */
function localInstance(cwd: string): Connection | null {
  try {
    const [url, key] = ['api-url', 'api-key'].map((name) => readFileSync(join(cwd, '.data', name), 'utf8').trim());
    return url && key ? { url, key, from: '.data/' } : null;
  } catch {
    return null;
  }
}

function profile(name: string, env: Env, warn: (text: string) => void): Connection {
  const file = join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'vodai', 'profiles.json');
  const profiles = profilesIn(file);
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (!found) {
    throw wrongUsage(`there is no profile ${name} in ${file}; it has ${Object.keys(profiles).join(', ') || 'none'}`);
  }
  if (typeof found.url !== 'string' || typeof found.key !== 'string') {
    throw wrongUsage(`expected {"url": "…", "key": "…"} for ${name} in ${file}`);
  }
  // Windows has no such bits.
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    warn(`others can read the keys in ${file}: chmod 600 it`);
  }
  return { url: addressOf(found.url, `profile ${name}`), key: found.key, from: `profile ${name}` };
}

function profilesIn(file: string): Record<string, { url?: unknown; key?: unknown } | undefined> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return notSignedIn(`cannot read ${file}: expected {"NAME": {"url": "https://…", "key": "…"}}`);
  }
  try {
    const profiles: unknown = JSON.parse(text);
    if (typeof profiles === 'object' && profiles !== null) return profiles as Record<string, { url?: unknown }>;
  } catch {
    // The parser's message may repeat a key.
  }
  throw wrongUsage(`${file} is not JSON of the form {"NAME": {"url": "https://…", "key": "…"}}`);
}

function addressOf(url: string, from: string): string {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (!address || !/^https?:$/.test(address.protocol) || address.username || address.password) {
    throw wrongUsage(`expected an address like https://vodai.example/ in ${from}, without a name or a password`);
  }
  return url;
}

function notSignedIn(message: string): never {
  throw new Failure(message, exitCodes.unreachable);
}
