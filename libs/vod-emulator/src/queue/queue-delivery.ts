import type { Settings } from '../settings';
import type { Deliver, MnsTarget } from '../transport';
import { regionOfEndpoint } from './hosts';
import type { Queues } from './queues';

/**
 * Writes VOD's events into queues; what is written is delivered (docs/vod.md, "SMQ"). Without an endpoint it is the queue of
 * the event's own region. VOD's own writing meets none of the faults of SendMessage.
 */
export function queueDelivery(queues: Queues, settings: () => Pick<Settings, 'queueBody'>): Deliver<MnsTarget> {
  return async ({ region, body }, { endpoint, queue: name }) => {
    const inRegion = (text: string) => text.replaceAll('{region}', region);
    const place = endpoint === undefined ? region : regionOfEndpoint(inRegion(endpoint));
    if (place === undefined) return { delivered: false, error: 'unknown_endpoint' };
    const queue = queues.find(place, inRegion(name));
    if (!queue) return { delivered: false, error: 'QueueNotExist' };
    const text = body.toString(settings().queueBody === 'base64' ? 'base64' : 'utf8');
    // What SMQ answers to a message that is too long.
    if (Buffer.byteLength(text) > queue.attributes.MaximumMessageSize) return { delivered: false, error: 'InvalidArgument' };
    queue.put(text);
    return { delivered: true, status: 201 };
  };
}
