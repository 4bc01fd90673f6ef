import { split } from '../json';
import { refusals } from '../refusals';
import { inSeconds } from '../times';
import { TYPES } from '../types';
import type { LedgerEntry } from '../views';
import { type AdmittedCall, type OperationOutcome, type Service, done, refuse } from './service';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NAMES: readonly string[] = Object.values(TYPES).map(({ usageName }) => usageName);

/**
 * DescribeVodAIData: what was processed with success, from the ledger, by the hour up to seven days and by the day up to 31
 * (docs/vod.md, "Billing"). In which unit VOD counts is in no page: seconds of video here.
 */
export function describeUsage(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  // The page knows it in Shanghai only.
  if (region !== 'cn-shanghai') return refuse(refusals.unknownApi());
  const from = timeOf(parameters.get('StartTime'));
  if (from === undefined) return refuse(badTime('StartTime'));
  const to = timeOf(parameters.get('EndTime'));
  if (to === undefined) return refuse(badTime('EndTime'));
  if (to <= from) return refuse(refusals.invalidParameter('EndTime', 'It must be after StartTime.'));
  if (to - from > 31 * DAY_MS) return refuse(refusals.invalidParameter('EndTime', 'It must be within 31 days.'));
  const wanted = split(parameters.get('AIType'));
  const stranger = wanted.find((name) => !NAMES.includes(name));
  if (stranger !== undefined) {
    return refuse(refusals.invalidParameter('AIType', `It must be among ${NAMES.join(', ')}, got ${stranger}.`));
  }

  const regions = split(parameters.get('Region'));
  const slotMs = to - from <= 7 * DAY_MS ? HOUR_MS : DAY_MS;
  const slots = new Map<number, Map<string, number>>();
  for (const entry of service.billed()) {
    const { usageName } = TYPES[entry.type];
    const endedAt = successAt(service, entry);
    if (endedAt === undefined || endedAt < from || endedAt >= to) continue;
    if (wanted.length > 0 && !wanted.includes(usageName)) continue;
    if (regions.length > 0 && !regions.includes(entry.region)) continue;
    const slot = Math.floor(endedAt / slotMs) * slotMs;
    const sums = slots.get(slot) ?? new Map<string, number>();
    sums.set(usageName, (sums.get(usageName) ?? 0) + secondsOf(service, entry));
    slots.set(slot, sums);
  }
  const AIDataItem = [...slots]
    .toSorted(([a], [b]) => a - b)
    .map(([slot, sums]) => ({ TimeStamp: inSeconds(slot), Data: { DataItem: itemsOf(sums) } }));
  return done({ DataInterval: slotMs === HOUR_MS ? 'hour' : 'day', AIData: { AIDataItem } });
}

function itemsOf(sums: ReadonlyMap<string, number>): object[] {
  return NAMES.flatMap((Name) => {
    const seconds = sums.get(Name);
    return seconds === undefined ? [] : [{ Name, Value: String(Math.round(seconds)) }];
  });
}

/** Failed jobs are free. */
function successAt({ jobs }: Service, { jobId }: LedgerEntry): number | undefined {
  const end = jobs.find(jobId)?.end;
  return end?.state === 'success' ? end.at : undefined;
}

function secondsOf({ media }: Service, { region, mediaId }: LedgerEntry): number {
  const seen = media.see(region, mediaId, 0);
  return 'refusal' in seen ? 0 : seen.durationSeconds;
}

function timeOf(text: string | undefined): number | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text ?? '') ? Date.parse(text ?? '') : NaN;
  return Number.isNaN(at) ? undefined : at;
}

function badTime(name: string) {
  return refusals.invalidParameter(name, 'It must be a time such as 2026-01-02T03:04:05Z.');
}
