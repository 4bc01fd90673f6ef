import { randomUUID } from 'node:crypto';
import { type Instead, type Served, answerFaulty } from './answer-faults';
import type { Call } from './call';
import type { Chance } from './chance';
import type { Job } from './jobs';
import { split } from './json';
import type { Memory } from './memory';
import { type Operation, operationOf } from './operation-names';
import { type AdmittedCall, type OperationOutcome, operations } from './operations';
import { type Answer, refusal } from './rpc';
import type { Settings } from './settings';
import { printed } from './twisted-answers';
import { type CallCounts, ledgerEntry } from './views';

export interface FrontDeskOptions {
  /** A reset brings another one. */
  memory: () => Memory;
  settings: () => Settings;
  clock: () => number;
  chance: Chance;
}

/** Answers calls: past the gateway to their operation, unless a fault wants something else. */
export class FrontDesk {
  constructor(private readonly options: FrontDeskOptions) {}

  async answer(call: Call): Promise<Answer> {
    return printed(await this.#answer(call), this.options.settings());
  }

  #answer(call: Call): Answer | Promise<Answer> {
    const { faults, jobs } = this.options.memory();
    const operation = operationOf(call.parameters.get('Action'));
    const strike = operation && faults.onCall(operation, () => this.#mediaOf(call));
    if (!strike) return this.#serve(call);
    return answerFaulty(strike, call, {
      serve: (instead) => this.#serve(call, instead),
      error: (status, code, message, requestId) => refusal({ status, code, message }, requestId, call.region),
      requestId: newRequestId,
      jobs,
      clock: this.options.clock,
    });
  }

  /** The media that a call names, or whose jobs it names. */
  #mediaOf({ parameters }: Call): string[] {
    const mediaId = parameters.get('MediaId') ?? parameters.get('VideoId');
    if (mediaId !== undefined) return [mediaId];
    return split(parameters.get('JobIds') ?? parameters.get('JobId')).flatMap((id) => this.options.memory().jobs.find(id)?.mediaId ?? []);
  }

  #serve(call: Call, instead?: Instead): Served {
    const requestId = newRequestId();
    const nothing = { requestId, submitted: [] };
    const admission = this.options.memory().gateway.admit(call, this.options.settings(), this.options.clock());
    if (admission.outcome !== 'admitted') {
      this.#count(admission.operation, admission.outcome);
      return { ...refusal(admission.refusal, requestId, call.region), ...nothing, outcome: 'refused' };
    }

    const { operation, nonce } = admission;
    if (instead) {
      if (instead.counts) this.#count(operation, instead.counts);
      return { ...instead.answer(requestId), ...nothing, outcome: 'instead' };
    }
    const result = this.#execute(operation, { ...call, requestId, nonce });
    switch (result.outcome) {
      case 'refused':
        this.#count(operation, 'refused');
        return { ...refusal(result.refusal, requestId, call.region), ...nothing, outcome: 'refused' };
      case 'done': {
        this.#count(operation, 'ok');
        const { body, submitted = [], whenSent } = result;
        return {
          status: 200,
          body: { RequestId: requestId, ...body },
          ...(whenSent && { whenSent }),
          ...(submitted.length > 0 && this.#whatFollows(submitted)),
          requestId,
          submitted,
          outcome: 'done',
        };
      }
    }
  }

  /** Jobs start when the answer to their submission has left: no event of theirs goes out before, unless by a fault. */
  #whatFollows(submitted: Job[]): Pick<Answer, 'whenSent' | 'heldBy'> {
    const { jobs, eventFaults } = this.options.memory();
    const heldBy = eventFaults.submitted(submitted, jobs);
    const whenSent = () => {
      for (const job of submitted) {
        eventFaults.started(job);
        jobs.start(job);
      }
    };
    return { whenSent, ...(heldBy && { heldBy }) };
  }

  #execute(operation: Operation, call: AdmittedCall): OperationOutcome {
    const { jobs, media, images, templates, messageCallbacks, ledger, uploads, announce } = this.options.memory();
    const settings = this.options.settings();
    return operations[operation](
      {
        jobs,
        media,
        images,
        templates,
        messageCallbacks,
        settings,
        billed: () => ledger.newestFirst(),
        bill: (job) => ledger.push(ledgerEntry(job, call.nonce)),
        announce: (type, about, occasion) => void announce(type, about, occasion),
        expectUpload: (awaited) => {
          if (settings.uploadTimeMs !== null) uploads.expect(awaited, settings.uploadTimeMs);
        },
        clock: this.options.clock,
        chance: this.options.chance,
      },
      call,
    );
  }

  #count(operation: Operation | undefined, outcome: keyof CallCounts): void {
    const { calls } = this.options.memory();
    const key = operation ?? 'unknown';
    const counts = calls.get(key) ?? { ok: 0, throttled: 0, refused: 0 };
    counts[outcome]++;
    calls.set(key, counts);
  }
}

/** VOD writes its request ids in capitals. */
export function newRequestId(): string {
  return randomUUID().toUpperCase();
}
