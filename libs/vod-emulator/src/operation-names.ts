export const OPERATIONS = [
  'SubmitAIJob',
  'ListAIJob',
  'GetAIVideoTagResult',
  'GetMediaDNAResult',
  'ListJobInfo',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export function operationOf(action: string | undefined): Operation | undefined {
  return OPERATIONS.find((operation) => operation === action);
}
