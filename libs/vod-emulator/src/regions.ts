export const JOB_TYPES = ['AIVideoTag', 'AIMediaDNA'] as const;
export type JobType = (typeof JOB_TYPES)[number];

/** VOD's regions and what each of them offers, from the feature columns of the operation pages (docs/vod.md, "Regions"). */
const OFFERED: Readonly<Record<string, readonly JobType[]>> = {
  'cn-shanghai': ['AIVideoTag', 'AIMediaDNA'],
  'cn-beijing': ['AIVideoTag', 'AIMediaDNA'],
  'ap-southeast-1': ['AIMediaDNA'],
  'cn-shenzhen': [],
  'cn-hongkong': [],
  'ap-southeast-5': [],
  'ap-northeast-1': [],
  'eu-central-1': [],
  'us-west-1': [],
  'me-central-1': [],
  'cn-north-2-gov-1': [],
};

export const ALL_REGIONS: readonly string[] = Object.keys(OFFERED);

export function offers(region: string, type: JobType): boolean {
  return OFFERED[region]?.includes(type) ?? false;
}
