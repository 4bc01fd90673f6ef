/** What a queue can be told, by the names that SMQ prints: seconds, but bytes for the size. */
export const ATTRIBUTES = {
  DelaySeconds: { least: 0, most: 604_800, usual: 0 },
  MaximumMessageSize: { least: 1024, most: 65_536, usual: 65_536 },
  // Four days. Older pages say three.
  MessageRetentionPeriod: { least: 60, most: 604_800, usual: 345_600 },
  PollingWaitSeconds: { least: 0, most: 30, usual: 0 },
  VisibilityTimeout: { least: 1, most: 43_200, usual: 30 },
} as const;

export type AttributeName = keyof typeof ATTRIBUTES;
export type QueueAttributes = Record<AttributeName, number>;

export const ATTRIBUTE_NAMES = Object.keys(ATTRIBUTES) as AttributeName[];

/** Undefined for anything but a whole number from `least` to `most`. */
export function wholeNumber(text: string, least: number, most: number): number | undefined {
  const value = /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}

/** These attributes, and the usual ones for the rest. */
export function attributes(given: Partial<QueueAttributes> = {}): QueueAttributes {
  const all = ATTRIBUTE_NAMES.map((name) => [name, given[name] ?? ATTRIBUTES[name].usual] as const);
  return Object.fromEntries(all) as QueueAttributes;
}

/** Of up to 256 characters, as the table of errors says; one page says 120. */
export function isQueueName(name: string): boolean {
  return name.length <= 256 && /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(name);
}
