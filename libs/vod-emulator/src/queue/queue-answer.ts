import type { Answer } from '../rpc';
import type { QueueCall } from './queue-call';
import type { QueueRefusal } from './queue-refusals';
import { printElements, printXml } from './xml';

export const XML = 'text/xml;charset=utf-8';

/** What leaves, in the same ways as the answers to VOD's own calls, with headers besides. */
export interface QueueAnswer extends Answer {
  body: string;
  headers?: Record<string, string>;
}

export function refused(
  { status, code, message }: QueueRefusal,
  { endpoint }: QueueCall,
  requestId: string,
): QueueAnswer {
  const error = { Code: code, Message: message, RequestId: requestId, HostId: endpoint };
  return { status, body: printXml('Error', printElements(error)), contentType: XML };
}
