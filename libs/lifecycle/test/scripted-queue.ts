import { serveHttp, type Loopback } from '../../vod/test/loopback';

interface Answer {
  status: number;
  text: string;
}

type Step<Asked> = (asked: Asked) => Answer | Promise<Answer>;

/** A queue of SMQ as a script: what a poll is answered, and what the deletion of these receipts is. */
export function scriptedQueue({
  poll,
  remove = () => deleted,
}: {
  poll: Step<void>;
  remove?: Step<string[]>;
}): Promise<Loopback> {
  return serveHttp(async (response, { method, body }) => {
    const receipts = [...body.matchAll(/<ReceiptHandle>([^<]*)</g)].map(([, receipt = '']) => receipt);
    const { status, text } = await (method === 'DELETE' ? remove(receipts) : poll());
    if (!response.destroyed) response.writeHead(status).end(text);
  });
}

/** The receipts that were deleted, call by call. */
export function deletedFrom(queue: Loopback): string[][] {
  return queue.received
    .filter(({ method }) => method === 'DELETE')
    .map(({ body }) => [...body.matchAll(/<ReceiptHandle>([^<]*)</g)].map(([, receipt = '']) => receipt));
}

export const deleted: Answer = { status: 204, text: '' };

export const refusal = (code: string, status: number): Answer => ({
  status,
  text: `<Error><Code>${code}</Code><Message>m</Message><RequestId>R</RequestId></Error>`,
});

export const nothing = refusal('MessageNotExist', 404);

/** Messages with these bodies, whose receipts are r1, r2 and so on. */
export function messages(bodies: readonly string[], enqueuedAt?: Date): Answer {
  const time = enqueuedAt ? `<EnqueueTime>${enqueuedAt.getTime()}</EnqueueTime>` : '';
  const each = bodies.map(
    (body, i) =>
      `<Message><ReceiptHandle>r${i + 1}</ReceiptHandle><MessageBody><![CDATA[${body}]]></MessageBody>${time}</Message>`,
  );
  return { status: 200, text: `<Messages>${each.join('')}</Messages>` };
}
