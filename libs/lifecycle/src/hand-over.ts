import type { AlarmStore } from '@app/persistence';
import type { Payload, QueueKind } from '@app/queue';
import type { StepParts } from './parts';

/** Puts jobs whose alarms were set forward on the queue of their step. What it doesn't take is due again at once. */
export async function handOver<K extends QueueKind>(
  { alarms, queues, signals }: Pick<StepParts, 'alarms' | 'queues' | 'signals'>,
  kind: K,
  region: string,
  payloads: Payload<K>[],
  taken: Parameters<AlarmStore['giveBack']>[0],
): Promise<void> {
  if (payloads.length === 0) return;
  try {
    await queues.add(kind, region, payloads);
  } catch (error) {
    await alarms.giveBack(taken);
    throw error;
  }
  signals.emit('dispatch.handed', { queue: kind, region, jobs: payloads.length });
}
