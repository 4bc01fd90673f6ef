import { suggestions, type AuditCheck, type AuditedPart, type AuditMoment, type Suggestion } from '@app/domain';
import { type Fields, fieldsOf, idOf, listOf, numberOf, opened, textInOrder, textOf } from '../fields';
import { vodJob } from '../vod-job';
import type { AIJobTypeSpec, Normalization, ReadCall, SubmitCall } from './spec';

/** Its config is the call's own parameters; what isn't text there is JSON text. */
const submitAIMediaAuditJob: SubmitCall<'SubmitAIMediaAuditJob'> = {
  operation: 'SubmitAIMediaAuditJob',
  answersWith: 'JobId',
  params: ({ config }) => {
    const given = Object.entries(fieldsOf(config?.['AIMediaAudit']) ?? {});
    return Object.fromEntries(
      given.map(([key, value]) => [key, typeof value === 'string' ? value : textInOrder(value)]),
    );
  },
  accepted: (body, { mediaId }) => {
    const vodJobId = idOf(body['JobId']);
    if (vodJobId === null || (body['MediaId'] || mediaId) !== mediaId) return [];
    return [{ type: 'AIMediaAudit', vodJobId }];
  },
};

const getAIMediaAuditJob: ReadCall = {
  operation: 'GetAIMediaAuditJob',
  atOnce: 1,
  params: (jobIds) => ({ JobId: jobIds.join() }),
  jobs: (body, jobIds) => {
    const job = vodJob(fieldsOf(opened(body['MediaAuditJob'])) ?? {});
    if (job === null) return null;
    return { jobs: jobIds.includes(job.jobId) ? [job] : [], missing: [] };
  },
  // An inference: no page says how it answers for a JobId that it doesn't know (docs/vod.md, "Asking").
  saysMissing: /notfound$(?<=job\w*\.?notfound)|^nosuchresource/i,
};

/** Automated review: whether a media may be shown, and where in the video it may not. */
export const aiMediaAudit: AIJobTypeSpec<'AIMediaAudit'> = {
  regions: ['cn-shanghai', 'cn-beijing', 'ap-southeast-1'],
  submit: submitAIMediaAuditJob,
  read: getAIMediaAuditJob,
  fallback: { operation: 'GetMediaAuditResult', answersWith: 'MediaAuditResult' },
  details: {
    operation: 'GetMediaAuditResultTimeline',
    answersWith: 'MediaAuditResultTimeline',
    areMissing: ({ checks }) => checks.some(({ found, moments }) => found > moments.length),
    add: (result, timeline) => ({ ...result, checks: result.checks.map((check) => withMoments(check, timeline)) }),
  },
  completion: 'AIMediaAuditComplete',
  dataMembers: ['Suggestion'],
  config: {
    keys: {
      TemplateId: { is: 'id', what: 'the id of an AI template' },
      MediaAuditConfiguration: { is: 'members', of: { ResourceType: { is: 'word' } } },
    },
  },
  normalize: auditOf,
  priceUnit: 'minute',
};

/** Without a known advice there is no result: anything else would be taken for one. */
function auditOf(data: Fields): Normalization<'AIMediaAudit'> {
  const suggestion = suggestionOf(data['Suggestion']);
  if (suggestion === null) return { ok: false, reason: `Suggestion is none of ${suggestions.join(', ')}` };
  const checks = [
    ...checksOfVideo(fieldsOf(opened(data['VideoResult'])) ?? {}),
    ...listOf(data['ImageResult']).flatMap(checksOfCover),
    ...listOf(data['TextResult']).flatMap((entry) => checkOf('title', fieldsOf(entry) ?? {})),
    ...listOf(data['AudioResult']).flatMap((entry) => checkOf('audio', fieldsOf(entry) ?? {})),
  ];
  return { ok: true, normalized: { type: 'AIMediaAudit', suggestion, labels: labelsOf(data['Label']), checks } };
}

/** By the member of VideoResult, and of the timeline. */
const scenes = { Porn: 'porn', Terrorism: 'terrorism', Ad: 'ad', Live: 'live', Logo: 'logo' };

function checksOfVideo(video: Fields): AuditCheck[] {
  return Object.entries(scenes).flatMap(([member, scene]) => {
    const result = fieldsOf(opened(video[`${member}Result`])) ?? {};
    return checkOf('video', { ...result, Scene: scene, Score: result['MaxScore'] }).map((check) => ({
      ...check,
      found: countsOf(result['CounterList']),
      moments: momentsOf(result['TopList']),
    }));
  });
}

function checksOfCover(entry: unknown): AuditCheck[] {
  const cover = fieldsOf(entry) ?? {};
  const url = textOf(cover['Url']);
  return listOf(cover['Result']).flatMap((result) =>
    checkOf('cover', fieldsOf(result) ?? {}).map((check) => ({ ...check, ...(url === null ? {} : { url }) })),
  );
}

/** One that can't be read is left out: the advice for the whole stands, and the raw text is kept. */
function checkOf(part: AuditedPart, fields: Fields): AuditCheck[] {
  const suggestion = suggestionOf(fields['Suggestion']);
  const label = textOf(fields['Label']);
  const scene = textOf(fields['Scene']);
  const text = textOf(fields['Content']);
  if (suggestion === null || label === null || scene === null) return [];
  const score = numberOf(fields['Score']);
  return [{ part, scene, suggestion, label, score, found: 0, moments: [], ...(text === null ? {} : { text }) }];
}

function suggestionOf(value: unknown): Suggestion | null {
  const word = textOf(value)?.trim().toLowerCase();
  return suggestions.find((one) => one === word) ?? null;
}

function labelsOf(value: unknown): string[] {
  return (textOf(value) ?? '')
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '' && label !== NORMAL);
}

/** Nothing was found. */
const NORMAL = 'normal';

function countsOf(list: unknown): number {
  const counts = listOf(list).map(fieldsOf);
  return counts
    .filter((count) => textOf(count?.['Label']) !== NORMAL)
    .reduce((sum, count) => sum + (numberOf(count?.['Count']) ?? 0), 0);
}

function momentsOf(list: unknown): AuditMoment[] {
  const moments = listOf(list).flatMap((entry): AuditMoment[] => {
    const fields = fieldsOf(entry);
    const atMs = numberOf(fields?.['Timestamp']);
    const label = textOf(fields?.['Label']);
    const url = textOf(fields?.['Url']);
    if (atMs === null || label === null || label === NORMAL) return [];
    return [{ atMs, label, score: numberOf(fields?.['Score']), ...(url === null ? {} : { url }) }];
  });
  return moments.toSorted((a, b) => a.atMs - b.atMs);
}

/**
 * The job's own data names ten moments at most, the timeline all of them. But the timeline is the media's: one that names
 * more than this job has found is that of another job.
 */
function withMoments(check: AuditCheck, timeline: Fields): AuditCheck {
  const member = Object.keys(scenes).find((key) => scenes[key as keyof typeof scenes] === check.scene);
  if (check.part !== 'video' || member === undefined) return check;
  const own = check.moments;
  const others = momentsOf(timeline[member]).filter(({ atMs }) => !own.some((moment) => moment.atMs === atMs));
  if (own.length + others.length > check.found) return check;
  return { ...check, moments: [...own, ...others].toSorted((a, b) => a.atMs - b.atMs) };
}
