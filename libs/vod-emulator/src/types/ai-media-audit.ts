import { type Chance, between, hash, pick, seededChance } from '../chance';
import { mediaLengthMs } from '../results';
import { inColonMilliseconds } from '../times';
import type { Asked, EmulatedType, ReviewScope } from './emulated-type';

export const aiMediaAudit: EmulatedType = {
  regions: ['cn-shanghai', 'cn-beijing', 'ap-southeast-1'],
  submittedBy: 'SubmitAIMediaAuditJob',
  readBy: 'GetAIMediaAuditJob',
  usageName: 'AIVideoCensor',
  resultOf: auditResult,
  dataIs: 'object',
  event: { time: inColonMilliseconds, hasCompleteTime: false, dataOfFailure: undefined },
};

type Suggestion = 'block' | 'review' | 'pass';
type SceneName = keyof typeof LABELS;

/** Some of the documented labels of each thing that is looked for, without `normal`. */
const LABELS = {
  Porn: ['porn', 'sexy'],
  Terrorism: ['bloody', 'weapon', 'crowd'],
  Ad: ['ad', 'qrcode'],
  Live: ['smoking', 'PIP'],
  Logo: ['TV', 'trademark'],
};
const SCENES = Object.keys(LABELS) as SceneName[];

interface Picture {
  Label: string;
  Score: string;
  Timestamp: string;
}

const NORMAL: Picture = { Label: 'normal', Score: '100.0000000000', Timestamp: '5' };

/** VOD names ten pictures of each scene at most in the result, and all that aren't normal in the timeline. */
const TOP = 10;

/** A media whose id starts with `block` or `pass` always gets that advice. */
function adviceFor(mediaId: string): Suggestion {
  const forced = (['block', 'pass'] as const).find((advice) => mediaId.startsWith(advice));
  return forced ?? pick(seededChance(hash(`${mediaId} advice`)), ['block', 'review', 'pass'] as const, 1)[0] ?? 'pass';
}

type Findings = Partial<Record<SceneName, Picture[]>>;

/** The scenes in which something was found, with every picture of it. */
function findings(mediaId: string, review?: ReviewScope): Findings {
  if (adviceFor(mediaId) === 'pass') return {};
  const chance = seededChance(hash(`${mediaId} audit`));
  const lengthMs = mediaLengthMs(mediaId);
  const found = pick(chance, SCENES, between(chance, 1, 2)).map(
    (scene) => [scene, pictures(chance, scene, lengthMs)] as const,
  );
  return Object.fromEntries(found.filter(([scene]) => !review || looksFor(review, scene)));
}

function looksFor(review: ReviewScope, scene: SceneName): boolean {
  return review.ranges.includes('video') && review.items.includes(scene.toLowerCase());
}

function pictures(chance: Chance, scene: SceneName, lengthMs: number): Picture[] {
  const label = pick(chance, LABELS[scene], 1)[0] ?? '';
  return Array.from({ length: between(chance, 1, 14) }, () => between(chance, 0, Math.floor(lengthMs / 1000)))
    .toSorted((a, b) => a - b)
    .filter((second, i, seconds) => second !== seconds[i - 1])
    .map((second) => ({ Label: label, Score: score(chance), Timestamp: String(second * 1000 + 5) }));
}

function auditResult(mediaId: string, { review }: Asked) {
  const found = findings(mediaId, review);
  const labels = Object.keys(found).map((scene) => scene.toLowerCase());
  const Label = labels.length > 0 ? labels.join(',') : 'normal';
  const advice = review && labels.length === 0 ? 'pass' : adviceFor(mediaId);
  const results = scenesLookedAt(found, review).map((scene) => [
    `${scene}Result`,
    sceneResult(mediaId, advice, found[scene] ?? []),
  ]);
  return {
    ...(labels.length > 0 && { AbnormalModules: 'video' }),
    Label,
    Suggestion: advice,
    ...(has(review, 'video') && {
      VideoResult: { Suggestion: advice, Label, ...(Object.fromEntries(results) as object) },
    }),
    ...(review?.ranges.includes('image-cover') && { ImageResult: [coverResult(mediaId, review)] }),
    ...(has(review, 'text-title') && {
      TextResult: [
        { Suggestion: 'pass', Type: 'title', Score: '99.91', Content: mediaId, Label: 'normal', Scene: 'antispam' },
      ],
    }),
    ...(review?.items.includes('audio') && {
      AudioResult: [{ Suggestion: 'pass', Label: 'normal', Score: '99.91', Scene: 'antispam' }],
    }),
  };
}

/** Without a template the picture and the title are looked at, and no cover. */
function has(review: ReviewScope | undefined, range: string): boolean {
  return !review || review.ranges.includes(range);
}

function scenesLookedAt(found: Findings, review: ReviewScope | undefined): SceneName[] {
  if (review) return SCENES.filter((scene) => looksFor(review, scene));
  return [...new Set<SceneName>(['Porn', 'Terrorism', ...(Object.keys(found) as SceneName[])])];
}

function coverResult(mediaId: string, { items }: ReviewScope) {
  const Result = SCENES.filter((scene) => items.includes(scene.toLowerCase())).map((scene) => ({
    Suggestion: 'pass',
    Score: '100.0',
    Label: 'normal',
    Scene: scene.toLowerCase(),
  }));
  const Url = `http://test.example.com/cover/${mediaId}.jpg`;
  return { Suggestion: 'pass', Type: 'cover', Label: 'normal', Url, Result };
}

function sceneResult(mediaId: string, advice: Suggestion, found: Picture[]) {
  const highest = found.toSorted((a, b) => Number(b.Score) - Number(a.Score));
  const label = found[0]?.Label ?? NORMAL.Label;
  return {
    Suggestion: found.length > 0 ? advice : 'pass',
    Label: label,
    MaxScore: highest[0]?.Score ?? NORMAL.Score,
    AverageScore: highest.at(-1)?.Score ?? NORMAL.Score,
    CounterList: [
      ...(found.length > 0 ? [{ Label: label, Count: found.length }] : []),
      { Label: 'normal', Count: Math.ceil(mediaLengthMs(mediaId) / 1000) - found.length },
    ],
    TopList: (found.length > 0 ? highest.slice(0, TOP) : [NORMAL]).map((picture) => ({
      ...picture,
      Url: pictureUrl(mediaId, picture.Timestamp),
    })),
  };
}

function pictureUrl(mediaId: string, moment: string): string {
  return `http://test.example.com/aivideocensor/${mediaId}/${moment}-0.jpg`;
}

export function timelineOf(mediaId: string, { review }: Asked) {
  const found = findings(mediaId, review);
  return Object.fromEntries(SCENES.map((scene) => [scene, found[scene] ?? []]));
}

/** Every picture in which something was found, with what each scene has to say of it. */
export function picturesOf(mediaId: string, { review }: Asked): object[] {
  const found = findings(mediaId, review);
  const moments = new Set(Object.values(found).flatMap((pictures) => pictures.map(({ Timestamp }) => Timestamp)));
  return [...moments].map((moment) => ({
    Timestamp: moment,
    Url: pictureUrl(mediaId, moment),
    ...Object.fromEntries(SCENES.flatMap((scene) => labelled(scene, found, moment))),
  }));
}

function labelled(scene: SceneName, found: Findings, moment: string): [string, string][] {
  const { Label, Score } = found[scene]?.find(({ Timestamp }) => Timestamp === moment) ?? NORMAL;
  return [
    [`${scene}Label`, Label],
    [`${scene}Score`, Score],
  ];
}

/** What was said, of reviews that listen. */
export function speechOf(mediaId: string, { review }: Asked): object[] {
  if (!review?.items.includes('audio')) return [];
  return [{ StartTime: 0, EndTime: Math.floor(mediaLengthMs(mediaId) / 1000), Label: 'normal', Text: mediaId }];
}

function score(chance: Chance): string {
  return (60 + chance() * 40).toFixed(10);
}
