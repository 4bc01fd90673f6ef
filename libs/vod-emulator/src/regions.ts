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

const HOST_OF_VOD = /^vod(?:-vpc)?\.([a-z0-9-]{1,40})\.(?:aliyuncs\.com|localhost)(?::\d{1,5})?$/i;

/**
 * The region in the name of one of VOD's hosts, also as `vod.{region}.localhost`, which leads to this machine by itself.
 * Undefined for every other host.
 */
export function regionOfHost(host: string | undefined): string | undefined {
  return HOST_OF_VOD.exec(host ?? '')?.[1]?.toLowerCase();
}
