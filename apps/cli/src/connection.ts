import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes, Failure, wrongUsage } from './failure';
import { DEFAULT_PROFILE, othersCanRead, profilesFile, profilesIn } from './profiles';

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
    defaultProfile(env, warn) ??
    notSignedIn('nothing says where the api is: set VODAI_URL and VODAI_KEY, or store them with vodai login')
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
  const file = profilesFile(env);
  const profiles = profilesIn(file);
  if (!profiles) return notSignedIn(`there is no ${file}: vodai login writes it`);
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (!found) {
    throw wrongUsage(`there is no profile ${name} in ${file}; it has ${Object.keys(profiles).join(', ') || 'none'}`);
  }
  if (typeof found.url !== 'string' || typeof found.key !== 'string') {
    throw wrongUsage(`expected {"url": "…", "key": "…"} for ${name} in ${file}`);
  }
  if (othersCanRead(file)) warn(`others can read the keys in ${file}: chmod 600 it`);
  return { url: addressOf(found.url, `profile ${name}`), key: found.key, from: `profile ${name}` };
}

/** What `vodai login` leaves when it is told no name. */
function defaultProfile(env: Env, warn: (text: string) => void): Connection | null {
  const isThere = Object.hasOwn(profilesIn(profilesFile(env)) ?? {}, DEFAULT_PROFILE);
  return isThere ? profile(DEFAULT_PROFILE, env, warn) : null;
}

export function addressOf(url: string, from: string): string {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (!address || !/^https?:$/.test(address.protocol) || address.username || address.password) {
    throw wrongUsage(`expected an address like https://vodai.example/ in ${from}, without a name or a password`);
  }
  return url;
}

function notSignedIn(message: string): never {
  throw new Failure(message, exitCodes.unreachable);
}
