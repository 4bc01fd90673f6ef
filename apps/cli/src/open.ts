import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { inSession } from './session';

/** A program that opens an address ends soon, or becomes the browser. */
const OPENED_AFTER_MS = 2_000;

export function openCommand(): Command {
  return new Command('open')
    .description('open the dashboard in a browser; prints its address where there is none')
    .addHelpText('after', `\nExamples:\n  vodai open\n  vodai open --profile prod`)
    .action((_options: object, command: Command) =>
      inSession(command, async ({ screen, url }) => {
        const opener = openerOf(process.platform, process.env);
        if (opener && (await opens(opener, url))) screen.note(`opened ${url}`);
        else await screen.line(url);
      }),
    );
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
