/** Where VOD has a host (docs/vod.md, "Regions"), so that "VOD is there, but not this" can be told from a misspelt region. */
export const vodRegions = [
  'cn-shanghai',
  'cn-beijing',
  'ap-southeast-1',
  'cn-shenzhen',
  'cn-hongkong',
  'ap-southeast-5',
  'ap-northeast-1',
  'eu-central-1',
  'us-west-1',
  'me-central-1',
  'cn-north-2-gov-1',
] as const;
export type VodRegion = (typeof vodRegions)[number];
