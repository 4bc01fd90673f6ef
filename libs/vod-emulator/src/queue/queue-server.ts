import { randomBytes } from 'node:crypto';
import type { FaultPlan } from '../fault-plan';
import type { AccessKey } from '../gateway';
import { execute } from './actions';
import { refusalOf } from './authorization';
import { type QueueAnswer, refused } from './queue-answer';
import { type QueueCall, type QueueQuestion, questionOf } from './queue-call';
import { type QueueRefusal, isRefusal, queueRefusals } from './queue-refusals';
import { Queues } from './queues';
import { type Serve, answerStruck } from './struck-answers';

export interface QueueServerOptions {
  accessKeys: readonly AccessKey[];
  regions: readonly string[];
  /** Queues that every region has from the start. `{region}` in a name is filled in. */
  names: readonly string[];
  /** Milliseconds since 1970. */
  clock: () => number;
  plan: FaultPlan;
}

/** A small SMQ (formerly MNS): the HTTP API of 2015-06-06 for queues, without topics. All of it in memory. */
export class QueueServer {
  readonly queues: Queues;
  readonly #keys: ReadonlyMap<string, AccessKey>;

  constructor(private readonly options: QueueServerOptions) {
    this.queues = new Queues(options);
    this.#keys = new Map(options.accessKeys.map((key) => [key.id, key]));
  }

  answer(call: QueueCall): Promise<QueueAnswer> {
    const requestId = newRequestId();
    const question = questionOf(call);
    const serve: Serve = (otherwise) => this.#serve(call, question, requestId, otherwise);
    if (isRefusal(question)) return serve();
    const strike = this.options.plan.onQueue(question.action);
    const about = { region: call.region, queue: question.queue, requestId };
    return strike ? answerStruck(strike, about, call, serve) : serve();
  }

  /** Who isn't known learns nothing, not even that the question is malformed. */
  async #serve(
    call: QueueCall,
    question: QueueQuestion | QueueRefusal,
    requestId: string,
    { twist, refuse }: Parameters<Serve>[0] = {},
  ): Promise<QueueAnswer> {
    const outcome =
      this.#refusalOf(call) ??
      (isRefusal(question) ? question : (refuse?.() ?? (await execute(this.queues, question, call, twist))));
    const answer = isRefusal(outcome) ? refused(outcome, call, requestId) : outcome;
    return { ...answer, headers: { 'x-mns-request-id': requestId, ...answer.headers } };
  }

  #refusalOf({ method, region, headers, body, resource, wholeResource }: QueueCall): QueueRefusal | undefined {
    const { regions, clock } = this.options;
    if (!regions.includes(region)) return queueRefusals.unknownUrl(`one of the regions ${regions.join(', ')}`);
    return refusalOf({ method, headers, body, resources: [resource, wholeResource] }, this.#keys, clock());
  }
}

/** In the form of those in SMQ's samples. */
function newRequestId(): string {
  return randomBytes(12).toString('hex').toUpperCase();
}
