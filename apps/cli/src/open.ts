import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ApiError, type Client } from '@app/client';
import { Command } from 'commander';
import { inSession } from './session';

/** A program that opens an address ends soon, or becomes the browser. */
const OPENED_AFTER_MS = 2_000;

/** Answers of an api that signs in with keys only. */
const NO_LINKS = [403, 404, 405];

export function openCommand(): Command {
  return new Command('open')
    .description('open the dashboard in a browser; prints its address where there is none')
    .option('--print', 'print the address, and open nothing')
    .addHelpText(
      'after',
      `
A local instance (npm start) is opened by a link that signs the browser in. It works once, within 15 minutes.

Examples:
  vodai open
  vodai open --print
  vodai open --profile prod`,
    )
    .action(({ print = false }: { print?: boolean }, command: Command) =>
      inSession(command, async ({ api, screen, url, failureOf }) => {
        const link = await linkOf(api).catch((error: unknown) => {
          screen.note(`no link that signs in: ${failureOf(error).message}`, 'yellow');
          return null;
        });
        const opener = print ? null : openerOf(process.platform, process.env);
        const opened = opener && (await opens(opener, link === null ? url : pageThatLeadsTo(link)));
        if (opened) screen.note(`opened ${url}`);
        else await screen.line(link ?? url);
      }),
    );
}

async function linkOf(api: Client): Promise<string | null> {
  try {
    return await api.signInLink();
  } catch (error) {
    if (error instanceof ApiError && NO_LINKS.includes(error.status)) return null;
    throw error;
  }
}

/**
 * Everybody on this machine can read with what a program was started, so the link goes by a file that nobody else can read. It
 * lies in the folder of the local instance: browsers that come as a snap don't see /tmp.
 */
function pageThatLeadsTo(link: string): string {
  const own = join(process.cwd(), '.data');
  const page = join(existsSync(own) ? own : mkdtempSync(join(tmpdir(), 'vodai-')), 'open.html');
  const address = link.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const head = `<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url=${address}">`;
  rmSync(page, { force: true });
  writeFileSync(page, `<!doctype html>${head}\n`, { mode: 0o600, flag: 'wx' });
  return pathToFileURL(page).href;
}

function openerOf(platform: NodeJS.Platform, env: Record<string, string | undefined>): string[] | null {
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  // Without a screen xdg-open would start a browser in the terminal.
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open'] : null;
}

function opens([program = '', ...args]: string[], url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const opener = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
    const timer = setTimeout(() => resolve(true), OPENED_AFTER_MS);
    const end = (opened: boolean) => {
      clearTimeout(timer);
      resolve(opened);
    };
    opener.once('error', () => end(false));
    opener.once('exit', (code) => end(code === 0));
    opener.unref();
  });
}
