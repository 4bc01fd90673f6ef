import type { Signals } from '@app/observability';
import type { QueueKind } from '@app/queue';
import type { ReadOutcome, SubmitOutcome } from '@app/vod';
import type { StepParts } from './parts';

interface Call {
  operation: string;
  region: string;
  jobs: number;
}

/** Makes one call to VOD, which is reserved, and tells how it went and how long it took. */
export async function callVod<T extends SubmitOutcome | ReadOutcome<unknown>>(
  signals: Signals,
  call: Call,
  send: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const answer = await send();
  signals.emit('vod.called', {
    ...call,
    outcome: answer.outcome,
    ms: performance.now() - started,
    requestId: 'requestId' in answer ? answer.requestId : null,
    code: 'code' in answer ? answer.code : undefined,
  });
  return answer;
}

/** Makes a call that reads, when VOD's limit has room for it. */
export async function readVod<T>(
  { pacer, signals }: Pick<StepParts, 'pacer' | 'signals'>,
  kind: QueueKind,
  call: Call,
  send: () => Promise<ReadOutcome<T>>,
): Promise<ReadOutcome<T>> {
  const { region, operation } = call;
  pacer.leaves(region, operation, await pacer.turn(region, operation));
  const answer = await callVod(signals, call, send);
  if (answer.outcome === 'busy') await pacer.pause(kind, region, operation, answer.retryAfterMs, answer.code);
  return answer;
}
