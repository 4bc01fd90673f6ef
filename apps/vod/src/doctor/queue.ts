import type { ConfigFor } from '@app/config';
import { EventQueue, remedies } from '@app/vod';
import { queueOf } from '../target';
import { bad, ok, skipped, type Finding } from './finding';

/** No queue has handed it out. */
const NO_RECEIPT = 'vodai-doctor';

/**
 * Whether the queue of events is there for this key, by deleting a message that doesn't exist. None is received for it, as that
 * would hide it from the worker for a while.
 */
export async function checkQueue(config: ConfigFor<'vod'>, region: string): Promise<Finding> {
  const about = { check: 'queue', region };
  const address = queueOf(config, region);
  if (address === undefined) return skipped(about, 'VOD_MNS_QUEUE is not set here');
  const { credentials, proxy, timeoutMs } = config.vod;
  const queue = new EventQueue({ ...address, credentials, timeoutMs, proxies: proxy });
  try {
    const outcome = await queue.delete([NO_RECEIPT]);
    if (outcome.outcome === 'deleted') return ok(about, `${address.queue} is there, and lets this key delete`);
    const { code, message, trouble } = outcome;
    // The queue has looked at the receipt, which is all that can be wrong with it.
    if (code === 'InvalidArgument') return ok(about, `${address.queue} is there, and lets this key delete`);
    const reachable = 'can this machine reach VOD_MNS_ENDPOINT? Run it again';
    return bad(about, `${address.queue}: ${code}: ${message}`, remedies[trouble] ?? reachable);
  } finally {
    queue.close();
  }
}
