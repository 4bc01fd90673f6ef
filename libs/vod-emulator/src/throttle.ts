const WINDOW_MS = 1000;

/** A sliding second: at most `qps` admitted calls in any second, refused ones don't count (docs/vod.md, "Quotas"). */
export class Throttle {
  readonly #windows = new Map<string, { admittedAt: Float64Array; next: number }>();

  /** False when one more would be too many. 0 admits everything. */
  admit(key: string, qps: number, nowMs: number): boolean {
    if (qps === 0) return true;
    const window = this.#window(key, qps);
    // The slot about to be overwritten holds the call `qps` admissions ago.
    if (nowMs - (window.admittedAt[window.next] ?? 0) < WINDOW_MS) return false;
    window.admittedAt[window.next] = nowMs;
    window.next = (window.next + 1) % qps;
    return true;
  }

  #window(key: string, qps: number) {
    const known = this.#windows.get(key);
    if (known?.admittedAt.length === qps) return known;
    const fresh = { admittedAt: new Float64Array(qps).fill(-Infinity), next: 0 };
    this.#windows.set(key, fresh);
    return fresh;
  }
}
