import type { ResultAnswer } from '@app/contract';
import type { AuditCheck, AuditResult, FingerprintResult, Span, Suggestion, TagResult } from '@app/domain';
import { styled, type Screen } from './screen';
import { dateTime } from './times';

/** The result as a person wants to read it, or its lines for a pipe. */
export async function showResult(screen: Screen, { normalized, source, readAt }: ResultAnswer): Promise<void> {
  switch (normalized?.type) {
    case undefined:
      // VOD's data could not be read in its documented form; it was kept.
      screen.note('VOD said that it succeeded, but its data is not in the form that is known: see --raw', 'yellow');
      return;
    case 'AIVideoTag':
      await showTags(screen, normalized);
      break;
    case 'AIMediaDNA':
      await showMatches(screen, normalized);
      break;
    case 'AIMediaAudit':
      await showAudit(screen, normalized);
  }
  if (screen.form === 'table') screen.note(`from ${source}, read at ${dateTime(readAt)}`);
}

async function showTags(screen: Screen, { tags, transcript }: TagResult): Promise<void> {
  const sentences = transcript?.sentences ?? [];
  if (screen.form === 'lines') {
    for (const { group, tag, timesMs } of tags) await screen.row([group, tag, timesMs.map(clock).join(' ')]);
    for (const { startMs, endMs, text } of sentences) {
      await screen.row(['Transcript', text, `${clock(startMs)} ${clock(endMs)}`]);
    }
    return;
  }
  for (const group of new Set(tags.map((tag) => tag.group))) {
    await screen.line(styled('bold', group));
    const rows = tags.filter((tag) => tag.group === group);
    await screen.table(rows.map(({ tag, timesMs }) => [`  ${tag}`, timesMs.map(clock).join(' ')]));
  }
  if (tags.length === 0) await screen.line('no tags');
  if (sentences.length > 0) await screen.line(styled('bold', 'Transcript'));
  for (const { startMs, text } of sentences) await screen.line(`  ${clock(startMs)}  ${text}`);
}

async function showMatches(screen: Screen, { matches }: FingerprintResult): Promise<void> {
  const rows = matches.flatMap(({ mediaId, similarity, segments }) =>
    segments.map(({ input, duplication }) => [
      mediaId,
      `${Math.round(similarity * 100)}%`,
      `${range(input)} is ${range(duplication)} there`,
    ]),
  );
  if (screen.form === 'lines') for (const row of rows) await screen.row(row);
  else if (rows.length > 0) await screen.table(rows);
  else await screen.line('nothing alike was found');
}

const colors = { block: 'red', review: 'yellow', pass: 'green' } as const satisfies Record<Suggestion, string>;

async function showAudit(screen: Screen, { suggestion, labels, checks }: AuditResult): Promise<void> {
  const rows = checks.map((check) => [check.part, check.scene, check.suggestion, foundIn(check), placesOf(check)]);
  if (screen.form === 'lines') {
    await screen.row(['all', '', suggestion, labels.join(' ')]);
    for (const row of rows) await screen.row(row);
    return;
  }
  const what = labels.length > 0 ? labels.join(', ') : 'nothing was found';
  await screen.line(styled(['bold', colors[suggestion]], suggestion), `: ${what}`);
  if (rows.length > 0) await screen.table(rows);
}

function foundIn({ label, score }: AuditCheck): string {
  return score === null ? label : `${label} ${Math.round(score)}`;
}

function placesOf({ moments, found }: AuditCheck): string {
  const more = found - moments.length;
  return [...moments.map(({ atMs }) => clock(atMs)), ...(more > 0 ? [`and ${more} more`] : [])].join(' ');
}

/** `1:05`, `1:02:03`. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (part: number) => String(part).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function range({ startSec, durationSec }: Span): string {
  return `${clock(startSec * 1_000)}–${clock((startSec + durationSec) * 1_000)}`;
}
