import type { Claim } from '@app/persistence';
import type { Payload } from '@app/queue';
import type { SubmitOutcome } from '@app/vod';
import type { Slot } from './pacer';
import type { StepParts } from './parts';
import { answerFor, eventFor, storeAnswer, toSubmission } from './submission';
import { callVod } from './call-vod';
import { settleAll } from './settle-all';

/**
 * Submits queued jobs, at most once for each claim: a call for each request and each operation that its types need, and each is
 * answered or lost by itself.
 */
export class Submit {
  constructor(
    private readonly deps: Pick<
      StepParts,
      'submissions' | 'jobs' | 'circuits' | 'vod' | 'pacer' | 'signals' | 'chance'
    >,
  ) {}

  /**
   * @param goOn called when several were claimed, long before their answers: more may be queued behind them. Behind a single one there
   *   rarely is, and a look for each job would cost as much as its claim; dispatch looks again soon anyway.
   */
  async submit(region: string, payload: Payload<'submit'>, goOn: () => void = () => undefined): Promise<void> {
    if ('requestId' in payload) return this.submitRequest(region, payload);
    const claims = await this.deps.submissions.claimNext(region);
    if (claims.length > 0) {
      const jobs = claims.flatMap(({ claim }) => claim.jobs).length;
      this.deps.signals.emit('dispatch.handed', { queue: 'submit', region, jobs });
    }
    if (claims.length > 1) goOn();
    // At the same time: a slow call takes nothing from the lease of the next, and the trouble of one holds up no other.
    await settleAll(
      claims.map(async ({ claim, startAt, gapMs }) => {
        const slot = await this.deps.pacer.until(region, claim.operation, { at: startAt, gapMs });
        await this.send(region, claim, slot);
      }),
    );
  }

  /** The one request that finds out whether the account works again, or one that an older process has put on the queue. */
  private async submitRequest(
    region: string,
    { requestId, probe = false }: { requestId: string; probe?: boolean | undefined },
  ) {
    const claims = await this.deps.submissions.claim(requestId, { probe });
    await settleAll(
      claims.map(async (claim) => {
        await this.send(region, claim, await this.deps.pacer.turn(region, claim.operation), probe);
      }),
    );
  }

  private async send(region: string, claim: Claim, slot: Slot, probe = false): Promise<void> {
    const signer = await this.deps.vod.signer(region);
    // The last look before money is spent: the claim is still ours, and there is time enough for the call. Nothing waits between
    // this and the call: a worker that dies there leaves an attempt of which nobody knows whether it was sent.
    if (!(await this.deps.submissions.markSent(claim, signer))) return; // guard: no-call-unmarked

    this.deps.pacer.leaves(region, claim.operation, slot);
    const call = { operation: claim.operation, region, jobs: claim.jobs.length };
    const outcome = await callVod(this.deps.signals, call, () => this.deps.vod.submit(region, toSubmission(claim)));
    await this.record(claim, outcome);
    await this.learn(region, claim, outcome, probe);
  }

  /** What one answer says about all the others that would follow. */
  private async learn(region: string, { operation }: Claim, outcome: SubmitOutcome, probe: boolean): Promise<void> {
    switch (outcome.outcome) {
      case 'busy':
        return this.deps.pacer.pause(
          'submit',
          region,
          operation,
          outcome.retryAfterMs * (1 + this.deps.chance()),
          outcome.code,
        );
      case 'blocked':
        // A key may lack the right to an operation that is used by one type alone: only its jobs wait then, each by itself.
        if (operation !== 'SubmitAIJob') return;
        if (await this.deps.circuits.open(region, outcome)) {
          const { code, message, requestId } = outcome;
          this.deps.signals.emit('circuit.opened', { region, code, message, requestId });
        }
        return;
      case 'accepted':
      case 'refused': {
        // VOD has judged the request itself, so the account is in order.
        const closed = probe ? await this.deps.circuits.close(region) : null;
        if (closed) this.deps.signals.emit('circuit.closed', { region, code: closed.code, openedAt: closed.openedAt });
        return;
      }
      case 'not_sent':
      case 'unknown':
        return;
    }
  }

  private async record(claim: Claim, outcome: SubmitOutcome): Promise<void> {
    const changes = claim.jobs.map(({ id, type }) => ({ jobId: id, event: eventFor(claim.number, type, outcome) }));
    await storeAnswer(this.deps.jobs, claim, changes, answerFor(claim, outcome));
  }
}
