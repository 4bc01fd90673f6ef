import { type Chance, between, hash, hexId, pick, seededChance } from '../chance';
import { mediaLengthMs, moments } from '../results';
import { inSeconds } from '../times';
import type { EmulatedType } from './emulated-type';

export const aiVideoTag: EmulatedType = {
  regions: ['cn-shanghai', 'cn-beijing'],
  submittedBy: 'SubmitAIJob',
  readBy: 'ListAIJob',
  usageName: 'AIVideoTag',
  resultOf: (mediaId, { withTranscript }) =>
    withTranscript ? { ...tagGroups(mediaId), OrigASRData: transcript(mediaId) } : tagGroups(mediaId),
  dataIs: 'text',
  event: { time: inSeconds, hasCompleteTime: false, dataOfFailure: undefined },
};

const CATEGORIES = ['Beauty', 'Sports', 'Food', 'Travel', 'News', '教育', '科技', '音乐'];
const KEYWORDS = [
  'Cushion',
  'Bicycle',
  'Harbour',
  'Kitchen',
  'Contract',
  'Rain',
  '篮球',
  '发布会',
  '火锅',
  '高铁',
  '护肤',
  '樱花',
];
const PERSONS = ['Sam Example', 'Alex Sample', '张三', '李四'];
const LOCATIONS = ['Asia', 'London', 'Shanghai', '杭州', '西湖'];
const TIMES_OF_DAY = ['Morning', 'Afternoon', '夜晚'];
const SENTENCES = [
  'Good afternoon — 你好。',
  'Welcome back to the programme.',
  'Let us have a look at the numbers.',
  '今天我们来聊一聊新产品。',
  '请大家看大屏幕。',
  'Thank you, and see you next week.',
];

interface Tag {
  Times?: string[];
  Tag: string;
  FaceUrl?: string;
}

type TagGroups = Partial<Record<'Category' | 'Keyword' | 'Person' | 'Location' | 'Time', Tag[]>>;

/** A media whose id starts with `speech` has nothing to see, and one that starts with `unsorted` fits no category. */
function tagGroups(mediaId: string): TagGroups {
  if (mediaId.startsWith('speech')) return {};
  const chance = seededChance(hash(`${mediaId} tags`));
  const lengthMs = mediaLengthMs(mediaId);
  const tag = (text: string): Tag => ({ Times: moments(chance, lengthMs), Tag: text });
  const face = (text: string): Tag => ({ ...tag(text), FaceUrl: faceUrl(chance) });

  const groups: TagGroups = {
    Category: pick(chance, CATEGORIES, between(chance, 1, 2)).map((text) => ({ Tag: text })),
    Keyword: pick(chance, KEYWORDS, between(chance, 2, 6)).map(tag),
    Person: pick(chance, PERSONS, between(chance, 0, 2)).map(face),
    Location: pick(chance, LOCATIONS, between(chance, 0, 2)).map(tag),
    Time: pick(chance, TIMES_OF_DAY, between(chance, 0, 1)).map(tag),
  };
  if (mediaId.startsWith('unsorted')) groups.Category = [];
  // Every group is optional: VOD leaves out the ones in which it found nothing.
  return Object.fromEntries(Object.entries(groups).filter(([, tags]) => tags.length > 0));
}

/** `Duration` is a string while the times are numbers: as in every sample (docs/vod.md, "Results"). */
function transcript(mediaId: string) {
  const chance = seededChance(hash(`${mediaId} transcript`));
  const lengthMs = mediaLengthMs(mediaId);
  const spoken = pick(chance, SENTENCES, between(chance, 2, 5));
  const slotMs = Math.floor(lengthMs / spoken.length);
  return {
    AsrTextList: spoken.map((text, i) => {
      const start = i * slotMs + between(chance, 0, Math.floor(slotMs / 4));
      const end = start + between(chance, Math.floor(slotMs / 4), Math.floor(slotMs / 2));
      const speechRate = Math.round((text.length * 60_000) / (end - start));
      return { EndTime: end, StartTime: start, Text: text, ChannelId: 0, SpeechRate: speechRate };
    }),
    Duration: String(lengthMs),
  };
}

function faceUrl(chance: Chance): string {
  return `http://test.example.com/aivideotag/${hexId(chance)}/Index_${String(between(chance, 1, 999)).padStart(5, '0')}.jpg`;
}
