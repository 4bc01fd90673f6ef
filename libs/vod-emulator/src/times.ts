/** `yyyy-MM-ddTHH:mm:ssZ`: most of VOD's times (docs/vod.md, "Events"). */
export function inSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** `yyyy-MM-ddTHH:mm:ss:SSSZ`: the colon form of the newer DNA events, which `new Date` can't read (docs/vod.md, "Events"). */
export function inColonMilliseconds(ms: number): string {
  return new Date(ms).toISOString().replace('.', ':');
}
