import { eventually } from '@app/testing';

/** What a process says of itself on /readyz and /metrics: its status, its checks, and the stores that its metrics call down. */
export async function readiness(
  url: string,
): Promise<{ status: number; checks: Record<string, string>; down: string[] }> {
  const response = await fetch(`${url}/readyz`);
  const { checks } = (await response.json()) as { checks: Record<string, string> };
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const down = [...metrics.matchAll(/^vodai_store_up\{store="(\w+)"\} 0$/gm)].map(([, store = '']) => store);
  return { status: response.status, checks, down };
}

/** As long as a fault is to last: no condition, because the fault is the time. */
export function lasts(ms: number): Promise<unknown> {
  const until = performance.now() + ms;
  return eventually('the fault has lasted', () => performance.now() >= until, ms + 1_000);
}
