import type { Signals } from '@app/observability';
import type { ReadOutcome, SubmitOutcome } from '@app/vod';

/** Makes one call to VOD, and tells how it went and how long it took. */
export async function callVod<T extends SubmitOutcome | ReadOutcome<unknown>>(
  signals: Signals,
  call: { operation: string; region: string; jobs: number },
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
