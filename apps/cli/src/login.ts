import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createClient } from '@app/client';
import { Command } from 'commander';
import { addressOf } from './connection';
import { exitCodes, Failure, failureOf, wrongUsage } from './failure';
import { DEFAULT_PROFILE, profilesFile, storeProfile } from './profiles';
import { Screen } from './screen';

export function loginCommand(): Command {
  return new Command('login')
    .description('store where an api is and a key for it, as a profile')
    .argument('<url>', 'where the api is, with its path prefix if it has one')
    .addHelpText(
      'after',
      `
The key is asked for, or read from stdin, and checked before it is stored: arguments would end up in the history of the shell
and in lists of processes. --profile names the profile; without it, it is the one that counts where nothing else is said.

Examples:
  vodai login https://vodai.example/
  vodai login https://vodai.example/ --profile prod < key.txt`,
    )
    .action(async (url: string, _options: object, command: Command) => {
      const { profile = DEFAULT_PROFILE, color } = command.optsWithGlobals<{ profile?: string; color: boolean }>();
      const screen = new Screen(process, { json: false, color, unread: 'go on' });
      const address = addressOf(url, 'the argument');
      const key = (screen.canAsk ? await asked('API key: ') : await text(process.stdin)).trim();
      if (!/^[\x21-\x7e]+$/.test(key)) throw wrongUsage('expected a key of printable characters without blanks');
      const { name, role } = await whoIs(address, key);
      const file = profilesFile(process.env);
      storeProfile(file, profile, { url: address, key });
      screen.note(`${address} knows the key as ${name}, ${role}; stored as profile ${profile} in ${file}`, 'green');
    });
}

async function whoIs(url: string, key: string): Promise<{ name: string; role: string }> {
  try {
    return await createClient({ baseUrl: url, key }).me();
  } catch (error) {
    throw failureOf(error, 'you; nothing was stored');
  }
}

/** Without showing what is typed. */
async function asked(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, written) => written() });
  const asking = createInterface({ input: process.stdin, output: silent, terminal: true });
  const stop = new AbortController();
  asking.once('SIGINT', () => stop.abort());
  // Now nothing is echoed any more.
  process.stderr.write(question);
  try {
    return await asking.question('', { signal: stop.signal });
  } catch {
    throw new Failure('nothing was stored', exitCodes.stopped);
  } finally {
    asking.close();
    process.stderr.write('\n');
  }
}
