import type { ProblemAnswer } from '@app/contract';
import { ApiError, Unreachable } from './errors';

export interface Connection {
  /** Where the API is, with the path prefix that it may have: `https://host/vodai/`. */
  baseUrl: string;
  /** The API key. It leaves in a header and nowhere else. */
  key: string;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

/** Parameters of a query; those that are undefined are left out. */
export type Query = { readonly [name: string]: string | number | readonly string[] | undefined };

export function urlOf(baseUrl: string, path: string, query: Query = {}): URL {
  const url = new URL(path, baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of typeof value === 'object' ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url;
}

export const authorization = (key: string) => ({ authorization: `Bearer ${key}` });

/** @throws Unreachable, or the error of `signal` */
export async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Unreachable(url.origin, { cause: error });
  }
}

/** @throws ApiError when the API said no, Unreachable when that was not the API */
export async function expectOk(response: Response): Promise<Response> {
  if (response.ok) return response;
  const type = response.headers.get('content-type') ?? '';
  if (!type.startsWith('application/problem+json')) throw new Unreachable(new URL(response.url).origin);
  throw new ApiError(response.status, (await response.json()) as ProblemAnswer);
}
