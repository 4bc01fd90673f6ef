import { tagGroups, type Sentence, type Tag, type Transcript } from '@app/domain';
import { type Fields, fieldsOf, listOf, numberOf, textOf } from '../fields';
import type { AIJobTypeSpec } from './spec';
import { listAIJob, submitAIJob } from './submit-ai-job';

/** Smart tagging: what is seen and said in a video. */
export const aiVideoTag: AIJobTypeSpec<'AIVideoTag'> = {
  regions: ['cn-shanghai', 'cn-beijing'],
  submit: submitAIJob,
  read: listAIJob,
  fallback: { operation: 'GetAIVideoTagResult', answersWith: 'VideoTagResult' },
  completion: 'AIVideoTagComplete',
  dataMembers: [...tagGroups, 'OrigASRData'],
  /**
   * From the pages of SubmitAIJob and of the video AI parameters (docs/vod.md, "Submitting"). Of AnalyseTypes today's page
   * has the first two; the others are those of 2021, which examples print until 2025.
   */
  config: {
    keys: {
      AnalyseTypes: { is: 'list', of: ['ASR', 'OCR', 'Face', 'Category', 'Annotation'] },
      OrigASRData: { is: 'flag' },
    },
    objection: transcriptWithoutSpeech,
  },
  /** A tag, time or sentence that can't be read is left out, as the raw text is kept anyway. */
  normalize: (data) => ({
    ok: true,
    normalized: { type: 'AIVideoTag', tags: tagsOf(data), transcript: transcriptOf(data) },
  }),
  priceUnit: 'minute',
};

/** The transcript is documented only together with ASR: without it the job is paid, and the transcript isn't there. */
function transcriptWithoutSpeech({ OrigASRData, AnalyseTypes }: Readonly<Record<string, unknown>>) {
  const words = typeof AnalyseTypes === 'string' ? AnalyseTypes.split(',') : [];
  if (OrigASRData !== true || words.includes('ASR')) return null;
  const message = 'expected ASR among the AnalyseTypes beside it: VOD gives a transcript only then';
  return { key: 'OrigASRData', message };
}

function tagsOf(result: Fields): Tag[] {
  return tagGroups.flatMap((group) =>
    listOf(result[group]).flatMap((entry) => {
      const fields = fieldsOf(entry);
      const tag = textOf(fields?.['Tag']);
      const faceUrl = textOf(fields?.['FaceUrl']);
      if (tag === null) return [];
      return [{ group, tag, timesMs: timesOf(fields?.['Times']), ...(faceUrl === null ? {} : { faceUrl }) }];
    }),
  );
}

function timesOf(times: unknown): number[] {
  return listOf(times)
    .map(numberOf)
    .filter((time) => time !== null);
}

/** The table types OrigASRData as an array, all samples show one object. */
function transcriptOf(result: Fields): Transcript | null {
  const parts = listOf(result['OrigASRData']).map(fieldsOf);
  if (parts.length === 0) return null;
  const durations = parts.map((part) => numberOf(part?.['Duration'])).filter((duration) => duration !== null);
  return {
    durationMs: durations.length === 0 ? null : Math.max(...durations),
    sentences: parts.flatMap((part) => listOf(part?.['AsrTextList']).flatMap(sentenceOf)),
  };
}

function sentenceOf(entry: unknown): Sentence[] {
  const fields = fieldsOf(entry);
  const startMs = numberOf(fields?.['StartTime']);
  const endMs = numberOf(fields?.['EndTime']);
  const text = textOf(fields?.['Text']);
  if (startMs === null || endMs === null || text === null) return [];
  return [
    { startMs, endMs, text, channel: numberOf(fields?.['ChannelId']), speechRate: numberOf(fields?.['SpeechRate']) },
  ];
}
