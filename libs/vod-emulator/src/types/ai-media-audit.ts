import { type Chance, between, hash, pick, seededChance } from '../chance';
import { mediaLengthMs } from '../results';
import { inColonMilliseconds } from '../times';
import type { EmulatedType } from './emulated-type';

export const aiMediaAudit: EmulatedType = {
  regions: ['cn-shanghai', 'cn-beijing', 'ap-southeast-1'],
  submittedBy: 'SubmitAIMediaAuditJob',
  readBy: 'GetAIMediaAuditJob',
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

/** VOD names ten pictures of each scene at most in the result, and all that aren't normal in the timeline. */
const TOP = 10;

/** A media whose id starts with `block` or `pass` always gets that advice. */
function adviceFor(mediaId: string): Suggestion {
  const forced = (['block', 'pass'] as const).find((advice) => mediaId.startsWith(advice));
  return forced ?? pick(seededChance(hash(`${mediaId} advice`)), ['block', 'review', 'pass'] as const, 1)[0] ?? 'pass';
}

/** The scenes in which something was found, with every picture of it. */
function findings(mediaId: string): Partial<Record<SceneName, Picture[]>> {
  if (adviceFor(mediaId) === 'pass') return {};
  const chance = seededChance(hash(`${mediaId} audit`));
  const lengthMs = mediaLengthMs(mediaId);
  const found = pick(chance, SCENES, between(chance, 1, 2)).map((scene) => [scene, pictures(chance, scene, lengthMs)]);
  return Object.fromEntries(found) as Partial<Record<SceneName, Picture[]>>;
}

function pictures(chance: Chance, scene: SceneName, lengthMs: number): Picture[] {
  const label = pick(chance, LABELS[scene], 1)[0] ?? '';
  return Array.from({ length: between(chance, 1, 14) }, () => between(chance, 0, Math.floor(lengthMs / 1000)))
    .toSorted((a, b) => a - b)
    .filter((second, i, seconds) => second !== seconds[i - 1])
    .map((second) => ({ Label: label, Score: score(chance), Timestamp: String(second * 1000 + 5) }));
}

function auditResult(mediaId: string) {
  const advice = adviceFor(mediaId);
  const found = findings(mediaId);
  const looked = new Set<SceneName>(['Porn', 'Terrorism', ...(Object.keys(found) as SceneName[])]);
  const results = [...looked].map((scene) => [`${scene}Result`, sceneResult(mediaId, advice, found[scene] ?? [])]);
  const labels = Object.keys(found).map((scene) => scene.toLowerCase());
  const Label = labels.length > 0 ? labels.join(',') : 'normal';
  return {
    ...(labels.length > 0 && { AbnormalModules: 'video' }),
    Label,
    Suggestion: advice,
    VideoResult: { Suggestion: advice, Label, ...(Object.fromEntries(results) as object) },
    TextResult: [
      { Suggestion: 'pass', Type: 'title', Score: '99.91', Content: mediaId, Label: 'normal', Scene: 'antispam' },
    ],
  };
}

function sceneResult(mediaId: string, advice: Suggestion, found: Picture[]) {
  const highest = found.toSorted((a, b) => Number(b.Score) - Number(a.Score));
  const normal = { Label: 'normal', Score: '100.0000000000', Timestamp: '5' };
  const label = found[0]?.Label ?? normal.Label;
  return {
    Suggestion: found.length > 0 ? advice : 'pass',
    Label: label,
    MaxScore: highest[0]?.Score ?? normal.Score,
    AverageScore: highest.at(-1)?.Score ?? normal.Score,
    CounterList: [
      ...(found.length > 0 ? [{ Label: label, Count: found.length }] : []),
      { Label: 'normal', Count: Math.ceil(mediaLengthMs(mediaId) / 1000) - found.length },
    ],
    TopList: (found.length > 0 ? highest.slice(0, TOP) : [normal]).map((picture) => ({
      ...picture,
      Url: `http://test.example.com/aivideocensor/${mediaId}/${picture.Timestamp}-0.jpg`,
    })),
  };
}

export function timelineOf(mediaId: string) {
  const found = findings(mediaId);
  return Object.fromEntries(SCENES.map((scene) => [scene, found[scene] ?? []]));
}

function score(chance: Chance): string {
  return (60 + chance() * 40).toFixed(10);
}
