import type { Call } from './call';
import type { Strike } from './fault-plan';
import { type AnswerFault, type ContentFault, isContentFault } from './faults';
import type { Job, JobBook } from './jobs';
import { split } from './json';
import type { Answer } from './rpc';
import { type Body, twistBody } from './twisted-answers';

/** What the emulator answers to a call, and what it did for it. */
export interface Served extends Answer {
  requestId: string;
  /** `instead`: admitted by the gateway, but something else was done than the operation. */
  outcome: 'done' | 'refused' | 'instead';
  submitted: readonly Job[];
}

/** What is done instead of the operation, once the gateway has admitted the call. */
export interface Instead {
  counts?: 'throttled' | 'refused';
  answer: (requestId: string) => Answer;
}

export interface AnswerService {
  serve: (instead?: Instead) => Served;
  error: (status: number, code: string, message: string, requestId: string) => Answer;
  requestId: () => string;
  jobs: JobBook;
  clock: () => number;
}

const HTML = 'text/html;charset=utf-8';
const NOTHING: Answer = { status: 200, body: '', way: 'drop' };

/** Answers a call at which a rule wants to strike. */
export function answerFaulty(
  strike: Strike<AnswerFault>,
  call: Call,
  service: AnswerService,
): Answer | Promise<Answer> {
  const { fault } = strike;
  if (isContentFault(fault)) return twisted(fault, strike, call, service);

  /** Whatever comes of the call, it happens before the gateway looks. */
  const before = (answer: Answer, requestId?: string): Answer => {
    strike.hit({ ...aboutCall(call), requestId });
    return answer;
  };
  /** A call that the gateway refuses by itself gets that refusal. */
  const instead = (replacement: Instead): Answer => {
    const served = service.serve(replacement);
    if (served.outcome === 'instead') strike.hit({ ...aboutCall(call), requestId: served.requestId });
    return served;
  };
  /** Whatever the answer is: a refusal can be lost on its way, too. */
  const after = (change: (served: Served) => Partial<Answer>): Answer => {
    const served = service.serve();
    strike.hit(aboutServed(call, served));
    return { ...served, ...change(served) };
  };

  switch (fault.fault) {
    case 'drop_before':
      return before(NOTHING);
    case 'http_5xx_before': {
      const requestId = service.requestId();
      return before(serverError(fault, requestId, service), requestId);
    }
    case 'html_before':
      return before(page(fault.status));
    case 'delay_before': {
      strike.hit(aboutCall(call));
      return sleep(fault.ms).then(() => service.serve());
    }

    case 'drop_before_work':
      return instead({ answer: () => NOTHING });
    case 'throttle': {
      const { code = 'Throttling.User' } = fault;
      const message = 'Request was denied due to user flow control.';
      return instead({ counts: 'throttled', answer: (requestId) => service.error(400, code, message, requestId) });
    }
    case 'error': {
      const { status, code, message = 'The request was refused.' } = fault;
      return instead({ counts: 'refused', answer: (requestId) => service.error(status, code, message, requestId) });
    }

    case 'drop_after':
      return after(() => ({ way: 'drop' }));
    case 'reset':
      return after(() => ({ way: 'reset' }));
    case 'truncated':
      return after(() => ({ way: 'half' }));
    case 'garbage':
      return after(({ body }) => ({ body: JSON.stringify(body).replaceAll('"', "'") }));
    case 'no_code_500':
      return after(({ requestId }) => ({ status: 500, body: { RequestId: requestId } }));
    case 'http_5xx_after':
      return after(({ requestId }) => serverError(fault, requestId, service));
    case 'html_after':
      return after(() => page(fault.status));
    case 'delay':
      return after(({ heldBy, whenSent }) => {
        // It is the way back that takes so long: for VOD the answer has left, and its jobs run.
        whenSent?.();
        return { heldBy: Promise.all([heldBy, sleep(fault.ms)]), whenSent: () => {} };
      });
  }
}

function twisted(
  fault: ContentFault,
  { concerns, hit }: Strike<AnswerFault>,
  call: Call,
  service: AnswerService,
): Answer {
  const served = service.serve();
  if (served.outcome !== 'done') return served;
  const { jobs, clock } = service;
  const twist = twistBody(fault, served.body as Body, { jobs, region: call.region, nowMs: clock(), concerns });
  // What changes nothing hasn't happened.
  if (!twist) return served;
  hit({ ...aboutCall(call), ...twist.struck, requestId: served.requestId });
  return { ...served, body: twist.body };
}

function aboutCall({ region, parameters }: Call) {
  const jobIds = split(parameters.get('JobIds'));
  return { region, mediaId: parameters.get('MediaId'), jobIds };
}

function aboutServed(call: Call, { requestId, submitted }: Served) {
  const about = { ...aboutCall(call), requestId };
  return submitted.length > 0 ? { ...about, jobIds: submitted.map(({ jobId }) => jobId) } : about;
}

function serverError(
  {
    status,
    code = status === 503 ? 'ServiceUnavailable' : 'InternalError',
  }: { status: number; code?: string | null | undefined },
  requestId: string,
  service: AnswerService,
): Answer {
  if (code === null) return { status, body: '' };
  return service.error(status, code, 'The request has failed due to some unknown error.', requestId);
}

function page(status: number): Answer {
  return { status, contentType: HTML, body: `<html><head><title>${status}</title></head><body></body></html>\n` };
}

/** Doesn't keep the process alive: whoever waits for the answer does. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
