import { submitOperations } from '@app/domain';

interface Settings {
  submitQps: number;
  collectQps: number;
}

/**
 * Calls a second that VOD documents (docs/vod.md, "Limits"), of the operations that have no setting of their own. Nothing is
 * documented of those that are not here: they go by COLLECT_QPS, as ListAIJob does.
 */
const documented: Readonly<Record<string, number>> = {
  GetAIVideoTagResult: 10,
  GetMediaDNAResult: 20,
  GetMediaAuditResult: 20,
  ListJobInfo: 15,
};

/** Calls a second of an operation, per region. */
export function quotaOf(operation: string, settings: Settings): number {
  return configuredQuotas(settings)[operation] ?? documented[operation] ?? settings.collectQps;
}

/** Those that a setting says. */
export function configuredQuotas({ submitQps, collectQps }: Settings): Record<string, number> {
  return { ...Object.fromEntries(submitOperations.map((each) => [each, submitQps])), ListAIJob: collectQps };
}
