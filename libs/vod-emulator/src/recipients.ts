import { type MessageCallback, type MessageCallbacks, selects } from './message-callbacks';
import type { RequestCallback } from './request-callback';
import type { Settings } from './settings';
import type { Target } from './transport';
import type { Addressed } from './vod-event';

/**
 * Decides where an event goes: to the target of its request, else where SetMessageCallback has said for its region and
 * application, else, where nothing was set by a call, to what the emulator was told itself.
 */
export class Recipients {
  constructor(
    private readonly settings: () => Settings,
    private readonly messageCallbacks: MessageCallbacks,
  ) {}

  of({ region, appId, subscription, own }: Addressed): Target[] {
    const setting = this.messageCallbacks.find(region, appId);
    const selected = setting ? selects(setting, subscription) : true;
    const ofAccount = setting ? targetsOf(setting) : this.#configured(region);

    const { requestCallbacks, signedUrl } = this.settings();
    const isOn = selected && ofAccount.length > 0;
    if (own && (requestCallbacks === 'always' || (requestCallbacks === 'when_selected' && isOn))) {
      return [ownTarget(own, ofAccount, setting ? keyOf(setting) : this.settings().callback.key, signedUrl)];
    }
    return selected ? ofAccount : [];
  }

  #configured(region: string): Target[] {
    const { url, key, queue } = this.settings().callback;
    return [
      ...(url === undefined ? [] : [httpTarget(url.replaceAll('{region}', region), key)]),
      ...(queue === undefined ? [] : [{ type: 'mns', ...queue } as const]),
    ];
  }
}

function targetsOf(setting: MessageCallback): Target[] {
  const { type, url, mnsEndpoint, mnsQueueName } = setting;
  if (type === 'http') return url === undefined ? [] : [httpTarget(url, keyOf(setting))];
  if (mnsQueueName === undefined) return [];
  return [{ type: 'mns', queue: mnsQueueName, ...(mnsEndpoint !== undefined && { endpoint: mnsEndpoint }) }];
}

function keyOf({ authSwitch, authKey }: MessageCallback): string | undefined {
  return authSwitch === 'on' ? authKey : undefined;
}

/** A request brings no key of its own: its events are signed with the account's. */
function ownTarget(
  own: RequestCallback,
  ofAccount: Target[],
  key: string | undefined,
  signedUrl: Settings['signedUrl'],
): Target {
  if (own.type === 'mns') return own;
  const target = httpTarget(own.url, key);
  const configured = ofAccount.find((other) => other.type === 'http');
  return signedUrl === 'configured' && configured ? { ...target, signedUrl: configured.url } : target;
}

function httpTarget(url: string, key: string | undefined) {
  return { type: 'http' as const, url, ...(key !== undefined && { key }) };
}
