import { eventually } from '@app/testing';

/** What a process says of itself on /readyz and /metrics: its status, its checks, and the stores that its metrics call down. */
export async function readiness(
  url: string,
): Promise<{ status: number; checks: Record<string, string>; down: string[] }> {
  const response = await ask(`${url}/readyz`);
  const { checks } = (await response.json()) as { checks: Record<string, string> };
  const metrics = await (await ask(`${url}/metrics`)).text();
  const down = [...metrics.matchAll(/^vodai_store_up\{store="(\w+)"\} 0$/gm)].map(([, store = '']) => store);
  return { status: response.status, checks, down };
}

/** Once more when a connection that was kept open turns out to be closed: that is no word about readiness. */
async function ask(url: string): Promise<Response> {
  return fetch(url).catch(() => fetch(url));
}

/** As long as a fault is to last: no condition, because the fault is the time. */
export function lasts(ms: number): Promise<unknown> {
  const until = performance.now() + ms;
  return eventually('the fault has lasted', () => performance.now() >= until, ms + 1_000);
}
