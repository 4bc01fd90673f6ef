// A signed request is valid from 15 minutes before to 15 minutes after its timestamp, so a nonce has to be known for
// longer than 15 minutes. Two generations of 16 give 16 to 32 without looking at single entries.
const GENERATION_MS = 16 * 60_000;

// About 100 bytes an entry: 50 MB a generation. 500,000 in 16 minutes are 520 calls a second; beyond that the oldest
// are forgotten early.
const GENERATION_SIZE = 500_000;

/** The nonces that the gateway has seen, per access key. */
export class Nonces {
  #older = new Set<string>();
  #newer = new Set<string>();
  #newerSince = -Infinity;

  /** False when the nonce was used before. */
  use(accessKeyId: string, nonce: string, nowMs: number): boolean {
    if (nowMs - this.#newerSince >= GENERATION_MS || this.#newer.size >= GENERATION_SIZE) {
      this.#older = this.#newer;
      this.#newer = new Set();
      this.#newerSince = nowMs;
    }
    const entry = `${accessKeyId} ${nonce}`;
    if (this.#newer.has(entry) || this.#older.has(entry)) return false;
    this.#newer.add(entry);
    return true;
  }
}
