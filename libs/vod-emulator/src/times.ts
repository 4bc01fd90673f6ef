/** `yyyy-MM-ddTHH:mm:ssZ`: most of VOD's times (facts 5.6). */
export function inSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** `yyyy-MM-ddTHH:mm:ss:SSSZ`: the colon form of the newer DNA events, which `new Date` can't read (facts 5.6). */
export function inColonMilliseconds(ms: number): string {
  return new Date(ms).toISOString().replace('.', ':');
}
