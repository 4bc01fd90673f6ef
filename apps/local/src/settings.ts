import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a laptop needs instead of an account: made once, kept in the data folder, the same at every start. */
export interface LocalSecrets {
  apiKey: string;
  accessKeyId: string;
  accessKeySecret: string;
  callbackKey: string;
}

export function localSecrets(dataDir: string): LocalSecrets {
  const file = join(dataDir, 'secrets.json');
  try {
    chmodSync(file, 0o600); // a copy of the folder may have opened it
    return JSON.parse(readFileSync(file, 'utf8')) as LocalSecrets;
  } catch {
    const secrets: LocalSecrets = {
      apiKey: `local-${randomBytes(12).toString('hex')}`,
      accessKeyId: `LTAI${randomBytes(8).toString('hex')}`,
      accessKeySecret: randomBytes(15).toString('hex'),
      // VOD asks for at most 32 characters with upper case, lower case and digits.
      callbackKey: `Aa1${randomBytes(12).toString('hex')}`,
    };
    mkdirSync(dataDir, { recursive: true });
    writeForOwner(file, JSON.stringify(secrets, null, 2));
    return secrets;
  }
}

/** For scripts and for the command line: where the running instance is, and the key to speak to it. */
export interface LocalAddress {
  api: string;
  apiKey: string;
}

export function writeAddress(dataDir: string, { api, apiKey }: LocalAddress): void {
  writeFileSync(join(dataDir, 'api-url'), api);
  writeForOwner(join(dataDir, 'api-key'), apiKey);
}

/** A new file: the mode of one that is there already would stay as it is, and whoever has it open would go on reading. */
function writeForOwner(file: string, text: string): void {
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
}
