import { split } from './json';
import { DEFAULT_APP } from './media';
import { type Refusal, refusals } from './refusals';
import { callbackTypeOf, problemOfUrl } from './request-callback';

/** What `EventTypeList` may select, besides `ALL` (docs/vod.md, "Events"). */
const EVENT_TYPES = [
  'FileUploadComplete',
  'ImageUploadComplete',
  'AttachedMediaUploadComplete',
  'UploadByURLComplete',
  'VideoAnalysisComplete',
  'StreamTranscodeComplete',
  'TranscodeComplete',
  'SnapshotComplete',
  'DynamicImageComplete',
  'AIComplete',
  'CreateAuditComplete',
  'ProduceMediaComplete',
  'DeleteMediaComplete',
  'MediaBaseChangeComplete',
  'AddLiveRecordVideoComplete',
  'LiveRecordVideoComposeStart',
  'WorkflowTaskComplete',
  'UpdateMediaStorageClassComplete',
  'RestoreMediaComplete',
] as const;
/** All AI events are selected by one of them, `AIComplete`. */
export type Subscription = (typeof EVENT_TYPES)[number];

/** The setting of one region and application, as SetMessageCallback made it. */
export interface MessageCallback {
  type: 'http' | 'mns';
  url: string | undefined;
  eventTypeList: string;
  authSwitch: 'on' | 'off';
  authKey: string | undefined;
  mnsEndpoint: string | undefined;
  mnsQueueName: string | undefined;
}

type Parameters = ReadonlyMap<string, string>;

/** The callback settings of an account. */
export class MessageCallbacks {
  readonly #settings = new Map<string, MessageCallback>();

  find(region: string, appId = DEFAULT_APP): MessageCallback | undefined {
    return this.#settings.get(`${region} ${appId}`);
  }

  set(region: string, appId: string, setting: MessageCallback): void {
    this.#settings.set(`${region} ${appId}`, setting);
  }

  delete(region: string, appId: string): void {
    this.#settings.delete(`${region} ${appId}`);
  }
}

export function selects({ eventTypeList }: MessageCallback, subscription: Subscription): boolean {
  return eventTypeList === 'ALL' || split(eventTypeList).includes(subscription);
}

/**
 * Reads the parameters of SetMessageCallback. Each call sets all: whether VOD keeps what a later call leaves out is in no
 * page. Nor are the codes of its refusals.
 */
export function readSetting(parameters: Parameters): MessageCallback | { refusal: Refusal } {
  const type = callbackTypeOf(parameters.get('CallbackType') ?? 'HTTP');
  if (!type) return refuse('CallbackType', 'It must be HTTP or MNS.');
  const eventTypeList = (parameters.get('EventTypeList') ?? '').trim();
  const stranger = split(eventTypeList).find((name) => name !== 'ALL' && !isEventType(name));
  if (stranger !== undefined) {
    return refuse('EventTypeList', `${stranger} is no event type. All AI events together are AIComplete.`);
  }
  const setting: MessageCallback = {
    type,
    url: parameters.get('CallbackURL'),
    eventTypeList,
    authSwitch: parameters.get('AuthSwitch') === 'on' ? 'on' : 'off',
    authKey: parameters.get('AuthKey'),
    mnsEndpoint: parameters.get('MnsEndpoint'),
    mnsQueueName: parameters.get('MnsQueueName'),
  };
  return (type === 'http' ? problemOfHttp(setting, parameters) : problemOfMns(setting)) ?? setting;
}

/** As GetMessageCallback prints it. The fields of the other way may be there too (docs/vod.md, "Events"). */
export function printedSetting(setting: MessageCallback, appId: string): object {
  const { type, url, eventTypeList, authSwitch, authKey, mnsEndpoint, mnsQueueName } = setting;
  const http = { CallbackURL: url, AuthSwitch: authSwitch, AuthKey: authKey };
  return {
    CallbackType: type.toUpperCase(),
    ...(type === 'http' && http),
    EventTypeList: eventTypeList,
    AppId: appId,
    MnsEndpoint: mnsEndpoint,
    MnsQueueName: mnsQueueName,
  };
}

function problemOfHttp({ url, authKey, authSwitch }: MessageCallback, parameters: Parameters) {
  if (!url) return { refusal: refusals.missingParameter('CallbackURL') };
  const problem = problemOfUrl(url);
  if (problem !== undefined) return refuse('CallbackURL', `It ${problem}`);
  if (!['on', 'off'].includes(parameters.get('AuthSwitch') ?? 'off')) return refuse('AuthSwitch', 'It must be on or off.');
  if (authSwitch === 'on' && !authKey) return { refusal: refusals.missingParameter('AuthKey') };
  if (authKey !== undefined && !isGoodKey(authKey)) {
    return refuse('AuthKey', 'It has at most 32 characters: upper-case and lower-case letters and digits, some of each.');
  }
  return undefined;
}

function problemOfMns({ mnsEndpoint, mnsQueueName }: MessageCallback) {
  if (!mnsQueueName) return { refusal: refusals.missingParameter('MnsQueueName') };
  const problem = mnsEndpoint === undefined ? undefined : problemOfUrl(mnsEndpoint);
  return problem === undefined ? undefined : refuse('MnsEndpoint', `It ${problem}`);
}

function isGoodKey(key: string): boolean {
  return key.length <= 32 && /[A-Z]/.test(key) && /[a-z]/.test(key) && /\d/.test(key);
}

function isEventType(name: string): name is Subscription {
  return (EVENT_TYPES as readonly string[]).includes(name);
}

function refuse(parameter: string, why: string): { refusal: Refusal } {
  return { refusal: refusals.invalidParameter(parameter, why) };
}
