import { resolve } from 'node:path';
import { readAddress, type LocalAddress } from './settings';

/** Enqueues a handful of jobs at a running `npm start` and shows them until all are over. */

interface DemoJob {
  id: string;
  mediaId: string;
  type: string;
  state: string;
}

const media = ['sunset-over-west-lake', 'cooking-show-12', 'product-launch', 'night-market', 'fail-broken-file'];
const over = ['succeeded', 'failed', 'canceled', 'expired', 'held'];
const GIVE_UP_MS = 120_000;

async function main(): Promise<void> {
  const address = readAddress(resolve(process.cwd(), '.data'));
  if (!address) throw new Error('nothing runs here yet: start it with `npm start` in another terminal');
  const call = client(address);

  const jobs: DemoJob[] = [];
  for (const mediaId of media) {
    const body = { mediaId: `${mediaId}-${Date.now().toString(36)}`, types: ['AIVideoTag', 'AIMediaDNA'] };
    const request = await call('POST', '/v1/jobs', body);
    jobs.push(...request.jobs.map((job) => ({ ...job, mediaId })));
  }
  process.stdout.write(`${jobs.length} jobs enqueued at ${address.api}\n\n`);

  const show = process.stdout.isTTY ? redraw() : appendChanges();
  const end = Date.now() + GIVE_UP_MS;
  for (;;) {
    await Promise.all(
      jobs
        .filter((job) => !over.includes(job.state))
        .map(async (job) => {
          job.state = (await call('GET', `/v1/jobs/${job.id}`)).state;
        }),
    );
    show(jobs);
    if (jobs.every((job) => over.includes(job.state))) break;
    if (Date.now() > end) throw new Error(`not over after ${GIVE_UP_MS / 1000} s; look at ${address.api}/v1/jobs`);
    await new Promise((next) => {
      setTimeout(next, 250);
    });
  }
  const succeeded = jobs.filter((job) => job.state === 'succeeded').length;
  process.stdout.write(`\n${succeeded} of ${jobs.length} succeeded; the media "fail-…" fails on purpose\n`);
}

interface Answer {
  state: string;
  jobs: { id: string; type: string; state: string }[];
  detail?: string;
}

function client({ api, apiKey }: LocalAddress) {
  return async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(() => {
      throw new Error(`${api} does not answer: is \`npm start\` still running?`);
    });
    const answer = (await response.json()) as Answer;
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.detail ?? ''}`);
    return answer;
  };
}

const marks: Record<string, string> = {
  queued: '·',
  submitting: '»',
  processing: '…',
  finished: '↓',
  succeeded: '✔',
  failed: '✘',
};

function line({ mediaId, type, state }: DemoJob): string {
  return `  ${marks[state] ?? '?'} ${mediaId.padEnd(24)} ${type.padEnd(11)} ${state}`;
}

/** On a terminal the same lines change in place. */
function redraw(): (jobs: DemoJob[]) => void {
  let drawn = 0;
  return (jobs) => {
    if (drawn > 0) process.stdout.write(`\x1b[${drawn}A`);
    process.stdout.write(jobs.map((job) => `\x1b[2K${line(job)}\n`).join(''));
    drawn = jobs.length;
  };
}

/** In a pipe, one line for every change. */
function appendChanges(): (jobs: DemoJob[]) => void {
  const seen = new Map<string, string>();
  return (jobs) => {
    for (const job of jobs) {
      if (seen.get(job.id) !== job.state) process.stdout.write(`${line(job)}\n`);
      seen.set(job.id, job.state);
    }
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
