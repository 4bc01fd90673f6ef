import type { ServerResponse } from 'node:http';

/** Says when there is nobody left to answer: they have hung up, or have their answer. */
export function whenGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.destroyed) gone.abort();
  else response.once('close', () => gone.abort());
  return gone.signal;
}
