import type { JobType } from '@app/domain';

/**
 * What VOD offers where, from the operation pages of SubmitAIJob (docs/vod.md, "Regions"). Regions with a VOD host
 * but neither feature are listed too, so that "VOD is there, but not this" can be told from a misspelt region.
 */
export const regionFeatures: Record<string, readonly JobType[]> = {
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

export function offers(region: string, type: JobType): boolean {
  // hasOwn: "constructor" is no region.
  return Object.hasOwn(regionFeatures, region) && (regionFeatures[region] ?? []).includes(type);
}
