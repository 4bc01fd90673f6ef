import { type Chance, between, hash, hexId, seededChance } from '../chance';
import { mediaLengthMs } from '../results';
import { inColonMilliseconds } from '../times';
import type { EmulatedType } from './emulated-type';

export const aiMediaDNA: EmulatedType = {
  regions: ['cn-shanghai', 'cn-beijing', 'ap-southeast-1'],
  submittedBy: 'SubmitAIJob',
  readBy: 'ListAIJob',
  usageName: 'AIVideoFPShot',
  resultOf: dnaMatches,
  dataIs: 'text',
  event: { time: inColonMilliseconds, hasCompleteTime: true, dataOfFailure: '' },
};

function dnaMatches(mediaId: string) {
  const chance = seededChance(hash(`${mediaId} dna`));
  const lengthSeconds = mediaLengthMs(mediaId) / 1000;
  const matches = Array.from({ length: between(chance, 0, 3) }, () => ({
    Similarity: similarity(chance),
    PrimaryKey: hexId(chance),
    Detail: Array.from({ length: between(chance, 1, 2) }, () => segment(chance, lengthSeconds)),
  }));
  return { VideoDNA: matches };
}

/** "1" is 100 % (docs/vod.md, "Results"). */
function similarity(chance: Chance): string {
  const percent = between(chance, 60, 100);
  return percent === 100 ? '1' : (percent / 100).toFixed(2);
}

function segment(chance: Chance, lengthSeconds: number) {
  const start = chance() * (lengthSeconds / 2);
  const duration = 2 + chance() * (lengthSeconds / 3);
  const span = (shift: number) => ({ Start: (start + shift).toFixed(1), Duration: duration.toFixed(1) });
  return { Input: span(0), Duplication: span(chance()) };
}
