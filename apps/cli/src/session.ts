import { createClient, type Client } from '@app/client';
import type { Command } from 'commander';
import { connectionOf, type Connection } from './connection';
import { failureOf, wrongUsage, type Failure } from './failure';
import { Pace } from './pace';
import { Screen } from './screen';

/** What every command works with. */
export interface Session {
  api: Client;
  screen: Screen;
  /** Where the api is, and the dashboard. */
  url: string;
  /** Whatever was thrown, in the terms of whoever called the program. */
  failureOf: (error: unknown) => Failure;
  /** How fast many calls follow each other, and how long the api is waited for. */
  paced: (onRest?: (error: Error) => void) => Pace;
}

interface GlobalOptions {
  json?: boolean;
  color: boolean;
  profile?: string;
  local?: boolean;
  /** Milliseconds. */
  patience?: number;
}

/**
 * Runs a command's work with the api it is to speak to and a screen to speak on. Whatever goes wrong in it ends as one
 * line and an exit code. `unread`: what happens when nobody reads its data any more.
 */
export async function inSession<T>(
  command: Command,
  work: (session: Session) => Promise<T>,
  unread: 'end' | 'go on' = 'end',
): Promise<T> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const screen = new Screen(process, { json: options.json ?? false, color: options.color, unread });
  const connection = connectionOf(options, process.env, process.cwd(), (text) => screen.note(text, 'yellow'));
  const paced = (onRest?: (error: Error) => void) => new Pace(onRest, undefined, options.patience);
  const inItsTerms = (error: unknown) => failureOf(error, connection.from);
  try {
    return await work({ api: clientOf(connection), screen, url: connection.url, failureOf: inItsTerms, paced });
  } catch (error) {
    throw inItsTerms(error);
  } finally {
    screen.endProgress();
  }
}

function clientOf({ url, key, from }: Connection): Client {
  try {
    return createClient({ baseUrl: url, key });
  } catch {
    throw wrongUsage(`expected a key of printable characters without blanks from ${from}`);
  }
}
