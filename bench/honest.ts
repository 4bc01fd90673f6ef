import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { apiSecret } from './http';

/** What honest clients meet while they work: milliseconds, of each try. */
export type Took = Record<'enqueue' | 'list' | 'stream' | 'event → succeeded', number[]>;

/** Each enqueues a job, and each asks for a page of the list. */
const PER_SECOND = 25;
/** Longer than anybody waits for a page. What is refused or never comes counts as this long: leaving it out would look like speed. */
const GIVEN_UP_MS = 10_000;

/** Clients who leave the product as it is: a few jobs a second, pages of the list, and somebody who listens. */
export class Honest {
  private readonly agent = new http.Agent({ keepAlive: true });
  private readonly ears: http.ClientRequest;
  private streamed: number[] = [];
  private asked = 0;

  constructor(
    private readonly apiUrl: string,
    private readonly sql: Client,
  ) {
    this.ears = this.listen();
  }

  stop(): void {
    this.ears.destroy();
    this.agent.destroy();
  }

  /** An open loop: they ask by the clock, whether they have been answered or not. */
  async work(seconds: number): Promise<Took> {
    const took: Took = { enqueue: [], list: [], stream: (this.streamed = []), 'event → succeeded': [] };
    const underWay: Promise<void>[] = [];
    const from = new Date();
    const started = performance.now();
    for (let nth = 0; nth < seconds * PER_SECOND; nth += 1) {
      const waitMs = started + (nth * 1000) / PER_SECOND - performance.now();
      if (waitMs > 0) await pause(waitMs);
      const body = JSON.stringify({
        mediaId: `edge${String((this.asked += 1)).padStart(10, '0')}`,
        types: ['AIVideoTag'],
      });
      underWay.push(
        this.time(took.enqueue, 'POST', '/v1/jobs', body),
        this.time(took.list, 'GET', '/v1/jobs?limit=50'),
      );
    }
    await Promise.all(underWay);
    took['event → succeeded'] = await this.settled(from);
    return took;
  }

  private time(into: number[], method: string, path: string, body?: string): Promise<void> {
    const started = performance.now();
    return new Promise((resolve) => {
      const over = (ms: number) => {
        into.push(ms);
        resolve();
      };
      const headers = {
        authorization: `Bearer ${apiSecret}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      };
      const options = { method, headers, agent: this.agent, timeout: GIVEN_UP_MS };
      const asking = http.request(`${this.apiUrl}${path}`, options, (response) => {
        const { statusCode = 0 } = response;
        response.on('error', () => over(GIVEN_UP_MS));
        response.on('end', () => over(statusCode < 300 ? performance.now() - started : GIVEN_UP_MS)).resume();
      });
      asking.on('timeout', () => asking.destroy()).on('error', () => over(GIVEN_UP_MS));
      asking.end(body);
    });
  }

  /** From the decision to what is heard of it. */
  private listen(): http.ClientRequest {
    const headers = { authorization: `Bearer ${apiSecret}` };
    let text = '';
    const asking = http.get(`${this.apiUrl}/v1/stream`, { headers, agent: false }, (response) => {
      response.on('error', () => {}); // they stop listening
      response.setEncoding('utf8').on('data', (part: string) => {
        const blocks = (text + part).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const at = block.startsWith('event: job\n') ? /"at":"([^"]+)"/.exec(block)?.[1] : undefined;
          if (at !== undefined) this.streamed.push(Math.max(0, Date.now() - Date.parse(at)));
        }
      });
    });
    return asking.on('error', () => {});
  }

  private async settled(since: Date): Promise<number[]> {
    const { rows } = await this.sql.query<{ ms: number }>(
      `select extract(epoch from settled_at - received_at)::float8 * 1000 as ms
         from job
         join lateral (select received_at from event where event.job_id = job.id order by id limit 1) as event on true
        where job.created_at >= $1 and settled_at is not null`,
      [since],
    );
    return rows.map(({ ms }) => ms);
  }
}
