import type { Strike, Struck } from '../fault-plan';
import type { QueueCallFault } from '../faults';
import type { Twist } from './message-actions';
import { type QueueAnswer, XML, refused } from './queue-answer';
import type { QueueCall } from './queue-call';

/** How a call is served: as it should be, with something gone wrong, or refused in place of what was asked. */
export type Serve = (otherwise?: { twist?: Twist; refuse?: () => QueueAnswer }) => Promise<QueueAnswer>;

const NOTHING: QueueAnswer = { status: 200, body: '', way: 'drop' };

/** Answers a call at which a rule wants to strike; `answer-faults.ts` does the same for VOD's own calls. */
export async function answerStruck(
  { fault, hit }: Strike<QueueCallFault>,
  struck: Struck & { requestId: string },
  call: QueueCall,
  serve: Serve,
): Promise<QueueAnswer> {
  /** Whatever comes of the call, it happens before anybody looks. */
  const before = (answer: QueueAnswer): QueueAnswer => {
    hit(struck);
    return answer;
  };
  /** Whatever the answer is: a refusal can be lost on its way, too. */
  const after = async (change: (answer: QueueAnswer) => Partial<QueueAnswer>): Promise<QueueAnswer> => {
    const answer = await serve();
    hit(struck);
    return { ...answer, ...change(answer) };
  };
  const error = (status: number, code: string, message: string) =>
    refused({ status, code, message }, call, struck.requestId);
  const broken = (status: number, code: string | null = 'InternalError'): QueueAnswer =>
    code === null ? { status, body: '' } : error(status, code, 'Internal error.');

  switch (fault.fault) {
    case 'drop_before':
      return before(NOTHING);
    case 'http_5xx_before':
      return before(broken(fault.status, fault.code));
    case 'html_before':
      return before(page(fault.status));
    case 'delay_before':
      hit(struck);
      await sleep(fault.ms);
      return serve();
    case 'hang':
      hit(struck);
      return new Promise<QueueAnswer>(() => {});

    // A call that is refused anyway gets that refusal.
    case 'error': {
      const { status, code, message = 'The request was refused.' } = fault;
      return serve({ refuse: () => before(error(status, code, message)) });
    }

    case 'drop_after':
      return after(() => ({ way: 'drop' }));
    case 'reset':
      return after(() => ({ way: 'reset' }));
    case 'truncated':
      return after(() => ({ way: 'half' }));
    case 'garbage':
      return after(({ body }) => ({ body: body.replaceAll('<', '[') }));
    case 'http_5xx_after':
      return after(() => broken(fault.status, fault.code));
    case 'html_after':
      return after(() => page(fault.status));
    case 'delay': {
      const answer = await after(() => ({}));
      await sleep(fault.ms);
      return answer;
    }

    case 'redeliver':
    case 'lost_delete':
      return serve({ twist: { fault: fault.fault, happened: () => hit(struck) } });
    default:
      // The others strike at VOD's own calls.
      return serve();
  }
}

function page(status: number): QueueAnswer {
  const body = `<html><head><title>${status}</title></head><body></body></html>\n`;
  return { status, contentType: 'text/html;charset=utf-8', body };
}

/** Doesn't keep the process alive: whoever waits for the answer does. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
