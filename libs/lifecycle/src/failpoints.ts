import { appendFileSync } from 'node:fs';

/**
 * Every await of the worker's steps, by step: the collaborator and the method. The fault tests end the process before and
 * after each of them.
 */
const awaits = {
  dispatch: [
    'alarms.look',
    'alarms.takeProbe',
    'alarms.takeReads',
    'alarms.takeIn',
    'alarms.giveBack',
    'circuits.takeProbe',
    'queues.load',
    'queues.add',
    'jobs.apply',
  ],
  submit: [
    'submissions.claimNext',
    'submissions.claim',
    'pacer.until',
    'pacer.turn',
    'vod.signer',
    'submissions.markSent',
    'vod.submit',
    'jobs.applyTogether',
    'pacer.pause',
    'circuits.open',
    'circuits.close',
  ],
  consume: ['queue.receive', 'receive.keep', 'queue.delete'],
  match: ['events.match', 'events.tellForeignApart'],
  collect: ['reads.jobsToRead', 'pacer.turn', 'vod.readJobs', 'vod.readMedia', 'jobs.applyTogether', 'pacer.pause'],
  recover: [
    'cases.open',
    'cases.eventsFor',
    'cases.knownAmong',
    'cases.rivals',
    'cases.controls',
    'pacer.turn',
    'vod.readJobs',
    'vod.listJobInfo',
    'vod.signer',
    'submissions.claimResend',
    'vod.submit',
    'jobs.applyTogether',
    'pacer.pause',
  ],
  // To read and to note are one transaction: alone begins and commits it.
  tell: ['news.alone', 'news.read', 'news.note', 'news.moveOn'],
  deliver: ['deliveries.claim', 'reads.resultWithin', 'outbound.post', 'attempts.note'],
} as const;

type Step = keyof typeof awaits;

/** `<step>.<collaborator>.<method>.before` and `.after`. */
export const failpointNames: readonly string[] = Object.entries(awaits).flatMap(([step, calls]) =>
  calls.flatMap((call) => [`${step}.${call}.before`, `${step}.${call}.after`]),
);

type Arm = <Parts extends object>(step: Step, parts: Parts) => Parts;

/**
 * Makes what a step uses die where the tests want it. Without a setting, which is always so in production, a step gets its
 * parts as they are.
 *
 * @param setting `<file>`: writes the name of each failpoint into the file when it is passed for the first time;
 *   `<file>;<name>=<n>`: ends the process, as kill -9 does, when `name` is passed for the nth time
 */
export function failpoints(setting: string | undefined): Arm {
  if (setting === undefined) return (_step, parts) => parts;
  const pass = passing(setting);
  return (step, parts) => {
    const calls: readonly string[] = awaits[step];
    const armed = Object.entries(parts).map(([name, part]: [string, object]) => {
      const isUsed = calls.some((call) => call.startsWith(`${name}.`));
      return [name, isUsed ? watch(part, { step, name, calls, pass }) : part];
    });
    return Object.fromEntries(armed) as typeof parts;
  };
}

/** A step's collaborator that passes a failpoint before and after each of the awaited calls. */
function watch(
  collaborator: object,
  { step, name, calls, pass }: { step: Step; name: string; calls: readonly string[]; pass: (name: string) => void },
): object {
  return new Proxy(collaborator, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      const call = `${name}.${String(key)}`;
      if (typeof value !== 'function' || !calls.includes(call)) return value;
      return async (...args: unknown[]): Promise<unknown> => {
        pass(`${step}.${call}.before`);
        try {
          return await (value.apply(target, args) as Promise<unknown>);
        } finally {
          pass(`${step}.${call}.after`);
        }
      };
    },
  });
}

function passing(setting: string): (name: string) => void {
  const [file = '', fatal = ''] = setting.split(';');
  const [fatalName = '', nth = '1'] = fatal.split('=');
  if (fatal !== '' && !failpointNames.includes(fatalName)) throw new Error(`there is no failpoint "${fatalName}"`);
  const passed = new Map<string, number>();
  return (name) => {
    const times = (passed.get(name) ?? 0) + 1;
    passed.set(name, times);
    if (times === 1) appendFileSync(file, `${name}\n`);
    if (name === fatalName && times === Number(nth)) {
      appendFileSync(file, `killed ${name}\n`);
      process.kill(process.pid, 'SIGKILL');
    }
  };
}
