/** All regions in which VOD has a host, also those without any AI job (docs/vod.md, "Regions"). */
export const ALL_REGIONS: readonly string[] = [
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
];
