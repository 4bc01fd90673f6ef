import type { Payload, QueueKind } from '@app/queue';
import type { StepParts } from './parts';

/**
 * Has jobs worked whose alarms were set forward: here, as far as this process has room, and else by way of the queue of their step.
 * What that doesn't take is due again at once.
 */
export async function handOver<K extends QueueKind>(
  { alarms, queues, signals }: Pick<StepParts, 'alarms' | 'queues' | 'signals'>,
  kind: K,
  region: string,
  payloads: Payload<K>[],
): Promise<void> {
  const tell = (handed: number) => {
    if (handed > 0) signals.emit('dispatch.handed', { queue: kind, region, jobs: handed });
  };
  const rest = queues.startHere(kind, region, payloads);
  tell(count(payloads) - count(rest));
  try {
    await queues.add(kind, region, rest);
  } catch (error) {
    await alarms.giveBack(takenIn(rest));
    throw error;
  }
  tell(count(rest));
}

function takenIn(payloads: readonly Payload<QueueKind>[]) {
  return {
    jobIds: payloads.flatMap((payload) =>
      'jobIds' in payload ? payload.jobIds : 'jobId' in payload ? payload.jobId : [],
    ),
    requestIds: payloads.flatMap((payload) => ('requestId' in payload ? payload.requestId : [])),
  };
}

function count(payloads: readonly Payload<QueueKind>[]): number {
  const { jobIds, requestIds } = takenIn(payloads);
  return jobIds.length + requestIds.length;
}
