import type { Collect, Recover, Submit } from '@app/lifecycle';
import type { Processor } from '@app/queue';

/** Which step works which queue. The process refuses to start when a queue of the catalogue is missing or doubled here. */
export function processors(
  steps: { submit: Submit; collect: Collect; recover: Recover },
  after: { claim: () => void; read: () => void },
): Processor[] {
  return [
    { queue: 'submit', process: (region, payload) => steps.submit.submit(region, payload, after.claim) },
    { queue: 'collect', process: (region, payload) => steps.collect.collect(region, payload).finally(after.read) },
    { queue: 'recover', process: (region, payload) => steps.recover.recover(region, payload) },
  ];
}
