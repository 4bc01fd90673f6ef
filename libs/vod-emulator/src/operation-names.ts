/**
 * The operations that are played here, with their documented calls a second, per region (docs/vod.md, "Quotas": ListAIJob's is
 * that of its class in 2021, as are those of the automated review but GetMediaAuditResult's; nothing newer is published).
 */
export const DOCUMENTED_QPS = {
  SubmitAIJob: 30,
  ListAIJob: 100,
  GetAIVideoTagResult: 10,
  GetMediaDNAResult: 20,
  ListJobInfo: 15,
  SubmitAIMediaAuditJob: 30,
  GetAIMediaAuditJob: 100,
  GetMediaAuditResult: 20,
  GetMediaAuditResultTimeline: 100,
};
export type Operation = keyof typeof DOCUMENTED_QPS;
export const OPERATIONS = Object.keys(DOCUMENTED_QPS) as Operation[];

/** For tests of everything but limits. */
export const unlimited = perOperation(() => 0);

export function perOperation<V>(valueOf: (operation: Operation) => V): Record<Operation, V> {
  return Object.fromEntries(OPERATIONS.map((operation) => [operation, valueOf(operation)])) as Record<Operation, V>;
}

export function operationOf(action: string | undefined): Operation | undefined {
  return OPERATIONS.find((operation) => operation === action);
}
