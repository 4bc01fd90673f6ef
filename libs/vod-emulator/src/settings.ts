import { z } from 'zod';
import { type EventForms, type EventFormsPatch, OWN_FORMS, eventFormsPatch, patchForms } from './event-forms';
import { type FaultRule, faultRules } from './faults';
import { DOCUMENTED_QPS, OPERATIONS, type Operation, perOperation } from './operation-names';

interface JobTime {
  min: number;
  max: number;
}

/** `nodes`: so many gateway nodes that don't share their memory, and a call meets any of them. */
type NonceMemory = 'on' | 'off' | { nodes: number };

/** Without an endpoint a queue of this emulator. */
interface Queue {
  queue: string;
  endpoint?: string;
}

export interface Settings {
  callback: { url: string | undefined; key: string | undefined; queue: Queue | undefined; enabled: boolean };
  jobTimeMs: JobTime;
  qps: Record<Operation, number>;
  failShare: number;
  echoExtend: boolean;
  listingLagMs: number;
  listsAiJobs: boolean;
  eventNames: 'own' | 'VideoAIComplete';
  queueBody: 'raw' | 'base64';
  eventForms: EventForms;
  requestCallbacks: 'always' | 'when_selected' | 'ignored';
  signedUrl: 'request' | 'configured';
  uploadTimeMs: number | null;
  missingIds: 'array' | 'text' | 'text_in_array';
  submitEntries: 'ids' | 'of_2021';
  nonceMemory: NonceMemory;
  faults: FaultRule[];
  faultSeed: number;
}

/** What may be seen of the settings: that events are signed, not with what. */
export type PublicSettings = Omit<Settings, 'callback'> & {
  callback: { url: string | null; queue: Queue | null; enabled: boolean; signed: boolean };
};

export interface InitialSettings {
  /**
   * `{region}` in the URL is filled in. Without a key events are not signed. With an URL and a queue events go to both.
   * The times are VOD's: 5 s and 1 s.
   */
  callback?: {
    url?: string;
    key?: string;
    queue?: Queue;
    enabled?: boolean;
    timeoutMs?: number;
    retryGapMs?: number;
  };
  /** From submission to the end, default 2 to 6 s; 0: over at once, the event follows the answer. */
  jobTimeMs?: JobTime;
  /** Calls a second, per operation and region; 0 is no limit. Default: the documented figures. */
  qps?: Partial<Record<Operation, number>>;
  /** Share of the media whose jobs end in `fail`, chosen by media id. Default 0. */
  failShare?: number;
  /** Whether an event carries UserData.Extend. VOD's pages disagree on that, so by default it doesn't. */
  echoExtend?: boolean;
  /** A job appears in ListJobInfo and ListAIJob only so long after its submission. Default 0. */
  listingLagMs?: number;
  /** Whether ListJobInfo lists AI jobs at all, which nobody knows of the real one. Default true. */
  listsAiJobs?: boolean;
  /** Whether each type's event has a name of its own, the default, or all have the one that SubmitAIJob's page prints. */
  eventNames?: Settings['eventNames'];
  /** Whether an event is written into a queue as it is, or as base64: no page says. Default `raw`. */
  queueBody?: Settings['queueBody'];
  /** How events are printed where VOD's pages differ. Default: as the newest page of each prints it. */
  eventForms?: EventFormsPatch;
  /**
   * Whether UserData.MessageCallback counts. The pages want events to be on and of the selected types for that, and don't name
   * SubmitAIJob among those that heed it; by default it always counts.
   */
  requestCallbacks?: Settings['requestCallbacks'];
  /** Whose URL is signed when an event goes to the one of its request, which is in no page. Default the request's. */
  signedUrl?: Settings['signedUrl'];
  /** How long after CreateUploadVideo the file is there; null, the default: when the control call says so. */
  uploadTimeMs?: number | null;
  /** How ListAIJob prints the ids that it doesn't know: three pages, three forms. Default `array`. */
  missingIds?: Settings['missingIds'];
  /** Whether SubmitAIJob answers with ids alone, the default, or also with the empty fields of its page of 2021. */
  submitEntries?: Settings['submitEntries'];
  /** Whether the gateway's nodes share the nonces they have seen, which nobody knows either. Default `on`. */
  nonceMemory?: NonceMemory;
  /** What goes wrong, and when. Default nothing. */
  faults?: FaultRule[];
  /** Makes the plan of faults and the choice of gateway nodes repeatable. By default drawn, and shown in the settings. */
  faultSeed?: number;
}

export function initialSettings(given: InitialSettings, drawnSeed: number): Settings {
  return {
    callback: {
      url: given.callback?.url,
      key: given.callback?.key,
      queue: given.callback?.queue,
      enabled: given.callback?.enabled ?? true,
    },
    // The default of EMULATOR_JOB_TIME: long enough to see a job at work, short enough to wait for.
    jobTimeMs: given.jobTimeMs ?? { min: 2000, max: 6000 },
    qps: { ...DOCUMENTED_QPS, ...given.qps },
    failShare: given.failShare ?? 0,
    echoExtend: given.echoExtend ?? false,
    listingLagMs: given.listingLagMs ?? 0,
    listsAiJobs: given.listsAiJobs ?? true,
    eventNames: given.eventNames ?? 'own',
    queueBody: given.queueBody ?? 'raw',
    eventForms: patchForms(OWN_FORMS, given.eventForms),
    requestCallbacks: given.requestCallbacks ?? 'always',
    signedUrl: given.signedUrl ?? 'request',
    uploadTimeMs: given.uploadTimeMs ?? null,
    missingIds: given.missingIds ?? 'array',
    submitEntries: given.submitEntries ?? 'ids',
    nonceMemory: given.nonceMemory ?? 'on',
    faults: faultRules.parse(given.faults ?? []),
    faultSeed: given.faultSeed ?? drawnSeed,
  };
}

// A day: a longer wait isn't a test any more, and setTimeout takes 24.8 days at most.
const jobTime = z.number().int().min(0).max(86_400_000);
const callsPerSecond = z.number().int().min(0).max(100_000).optional();

export const settingsPatch = z.strictObject({
  callback: z
    .strictObject({
      // VOD takes at most 256 bytes (docs/vod.md, "Events"); null switches the target or the signature off.
      url: z
        .url({ protocol: /^https?$/ })
        .max(256)
        .nullable()
        .optional(),
      key: z.string().min(1).nullable().optional(),
      queue: z
        .strictObject({ queue: z.string().min(1).max(256), endpoint: z.url({ protocol: /^https?$/ }).optional() })
        .nullable()
        .optional(),
      enabled: z.boolean().optional(),
    })
    .optional(),
  jobTimeMs: z
    .strictObject({ min: jobTime, max: jobTime })
    .refine(({ min, max }) => min <= max, 'min must not exceed max')
    .optional(),
  qps: z.strictObject(perOperation(() => callsPerSecond)).optional(),
  failShare: z.number().min(0).max(1).optional(),
  echoExtend: z.boolean().optional(),
  listingLagMs: jobTime.optional(),
  listsAiJobs: z.boolean().optional(),
  eventNames: z.enum(['own', 'VideoAIComplete']).optional(),
  queueBody: z.enum(['raw', 'base64']).optional(),
  eventForms: eventFormsPatch.optional(),
  requestCallbacks: z.enum(['always', 'when_selected', 'ignored']).optional(),
  signedUrl: z.enum(['request', 'configured']).optional(),
  uploadTimeMs: jobTime.nullable().optional(),
  missingIds: z.enum(['array', 'text', 'text_in_array']).optional(),
  submitEntries: z.enum(['ids', 'of_2021']).optional(),
  // Each node may remember 100 MB of nonces.
  nonceMemory: z.union([z.enum(['on', 'off']), z.strictObject({ nodes: z.number().int().min(1).max(16) })]).optional(),
  faults: faultRules.optional(),
  faultSeed: z.number().int().min(0).optional(),
});
export type SettingsPatch = z.infer<typeof settingsPatch>;

export function applyPatch(settings: Settings, patch: SettingsPatch): Settings {
  const { callback } = settings;
  return {
    callback: {
      url: patch.callback?.url === undefined ? callback.url : (patch.callback.url ?? undefined),
      key: patch.callback?.key === undefined ? callback.key : (patch.callback.key ?? undefined),
      queue: patch.callback?.queue === undefined ? callback.queue : queueOf(patch.callback.queue),
      enabled: patch.callback?.enabled ?? callback.enabled,
    },
    jobTimeMs: patch.jobTimeMs ?? settings.jobTimeMs,
    qps: patchQps(settings.qps, patch.qps ?? {}),
    failShare: patch.failShare ?? settings.failShare,
    echoExtend: patch.echoExtend ?? settings.echoExtend,
    listingLagMs: patch.listingLagMs ?? settings.listingLagMs,
    listsAiJobs: patch.listsAiJobs ?? settings.listsAiJobs,
    eventNames: patch.eventNames ?? settings.eventNames,
    queueBody: patch.queueBody ?? settings.queueBody,
    eventForms: patchForms(settings.eventForms, patch.eventForms),
    requestCallbacks: patch.requestCallbacks ?? settings.requestCallbacks,
    signedUrl: patch.signedUrl ?? settings.signedUrl,
    uploadTimeMs: patch.uploadTimeMs === undefined ? settings.uploadTimeMs : patch.uploadTimeMs,
    missingIds: patch.missingIds ?? settings.missingIds,
    submitEntries: patch.submitEntries ?? settings.submitEntries,
    nonceMemory: patch.nonceMemory ?? settings.nonceMemory,
    // Not every caller comes through the schema above.
    faults: patch.faults ? faultRules.parse(patch.faults) : settings.faults,
    faultSeed: patch.faultSeed ?? settings.faultSeed,
  };
}

export function publicSettings({ callback, ...rest }: Settings): PublicSettings {
  return {
    callback: {
      url: callback.url ?? null,
      queue: callback.queue ?? null,
      enabled: callback.enabled,
      signed: callback.key !== undefined,
    },
    ...rest,
  };
}

function queueOf(given: { queue: string; endpoint?: string | undefined } | null): Queue | undefined {
  return given === null
    ? undefined
    : { queue: given.queue, ...(given.endpoint !== undefined && { endpoint: given.endpoint }) };
}

function patchQps(qps: Record<Operation, number>, patch: NonNullable<SettingsPatch['qps']>): Record<Operation, number> {
  const patched = { ...qps };
  for (const operation of OPERATIONS) patched[operation] = patch[operation] ?? qps[operation];
  return patched;
}
