import { existsSync } from 'node:fs';
import { chromium, type Browser, type LaunchOptions } from 'playwright-core';

/** Debian's; CHROMIUM names another one. Nothing is ever downloaded. */
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** A page that looks outside, or for updates, waits for what is not there. */
const ALONE = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function hasBrowser(): boolean {
  return existsSync(executablePath);
}

export function launch(options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({ ...options, executablePath, args: [...ALONE, ...(options.args ?? [])] });
}
