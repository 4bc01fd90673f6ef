import type { OutlookAnswer, StatsAnswer } from '@app/contract';
import { counted, fromNow, number } from './words';

/** Why a job waits, as a sentence; null where its state says it all. */
export function tellOutlook(outlook: OutlookAnswer, region: string, nowMs: number): string | null {
  const { reason, ahead, aheadIsAtLeast, perSecond, expectedAt, circuit, closedQueue, cap } = outlook;
  const when = expectedAt && fromNow(expectedAt, nowMs);
  switch (reason) {
    case 'no_worker':
      return `no worker serves ${region}`;
    case 'circuit':
      return `the account cannot submit in ${region}${circuit ? ` (${circuit.code}: ${circuit.message})` : ''}`;
    case 'throttled':
      return `VOD has asked for fewer calls${closedQueue ? `; the queue goes on ${fromNow(closedQueue.until, nowMs)}` : ''}`;
    case 'cap':
      return `as many jobs of its type as allowed are at VOD${cap ? ` (${number(cap.jobs)} of ${number(cap.most)})` : ''}`;
    case 'backs_off':
      return `its last try did not go through; next try ${when}`;
    case 'in_line': {
      if (ahead === null) return `other reads are before it${when ? `; it is read ${when}` : ''}`;
      const before = `${aheadIsAtLeast ? 'more than ' : ''}${number(ahead)} ${ahead === 1 ? 'is' : 'are'} before it`;
      if (perSecond === null || when === null) return `${before}; none was sent within the last minute`;
      return `${before}; at ${rate(perSecond)} it is sent ${when === 'now' ? 'in a moment' : when.replace('in ', 'in about ')}`;
    }
    case 'stalled':
      return `late: a worker of ${region} should have taken it; look at its log and its /readyz`;
    case 'over':
    case 'held':
    case 'scheduled':
    case 'next':
      return null;
  }
}

/** `29 a second`; slowly, so many a minute. */
export function rate(perSecond: number): string {
  if (perSecond >= 1) return `${number(Math.round(perSecond))} a second`;
  const perMinute = perSecond * 60;
  return `${perMinute >= 10 ? Math.round(perMinute) : Number(perMinute.toPrecision(2))} a minute`;
}

/** How far a batch is and when it is done, in lines. */
export function tellProgress(progress: NonNullable<StatsAnswer['progress']>, nowMs: number): string[] {
  const { total, succeeded, failed, held, open, perSecond, expectedAt, basis } = progress;
  if (total === 0) return ['no jobs'];
  const over = succeeded + failed;
  const parts = [
    `${number(succeeded)} succeeded`,
    `${number(failed)} failed or otherwise over`,
    ...(held > 0 ? [`${number(held)} held for a person`] : []),
    `${number(open)} open`,
  ];
  return [`${bar(over / total)} ${percent(over, total)} of ${counted(total, 'job')}: ${parts.join(', ')}.`, estimate()];

  function estimate(): string {
    if (open === 0) return held > 0 ? 'Done but for those that wait for a person.' : 'Done.';
    const when = expectedAt && fromNow(expectedAt, nowMs).replace('in ', 'in about ');
    if (basis === 'settling' && perSecond !== null) return `Done ${when}: ${rate(perSecond)} end.`;
    if (basis === 'queue') return `None has ended of late; the last of them is sent ${when}.`;
    return 'When it is done is unknown: nothing moves.';
  }
}

function bar(share: number): string {
  const full = Math.floor(share * 24);
  return '█'.repeat(full) + '░'.repeat(24 - full);
}

/** 100 % only when it is all of them. */
function percent(part: number, of: number): string {
  return `${Math.floor((part / of) * 1000) / 10} %`;
}
