import { randomUUID } from 'node:crypto';
import { submitOperationOf, type JobType } from '@app/domain';
import { Emulator, faultRule, unlimited } from '@app/vod-emulator';
import type { StepSettings } from '../src';
import { accessKey, REGION, rules, World } from './world';

/** The same media with another config is another job. */
export const another = { AIVideoTag: { AnalyseTypes: 'OCR' } };
export const GRACE_MS = 130_000;

export type Settings = Parameters<Emulator['configure']>[0];
export type AnswerFault = 'drop_after' | 'drop_before' | 'drop_before_work';

export interface Lost {
  requestId: string;
  mediaId: string;
  jobIds: string[];
  jobId: string;
}

/**
 * The recovery ladder, rung by rung, on a VOD that forgets to answer. Time is the test's, and passes fast: a grace period
 * of minutes, so that VOD's own clock, which is real, still takes our signatures.
 */
export class Ladder {
  private constructor(
    readonly world: World,
    readonly emulator: Emulator,
    readonly url: string,
  ) {}

  static async open(): Promise<Ladder> {
    const world = await World.open();
    const jobTimeMs = { min: 3_600_000, max: 3_600_000 };
    const emulator = new Emulator({ accessKeys: [accessKey], jobTimeMs, qps: unlimited });
    const { url } = await emulator.listen({ host: '127.0.0.1', port: 0 });
    return new Ladder(world, emulator, url);
  }

  async close(): Promise<void> {
    await this.emulator.close();
    await this.world.close();
  }

  /** A request whose answer never came: after the work (billed), or before it. */
  async lose(fault: AnswerFault, types: JobType[] = ['AIVideoTag'], settings: Settings = {}): Promise<Lost> {
    const { world, emulator, url } = this;
    const accepted = await world.accept(types);
    emulator.configure({ ...settings, faults: [faultRule('SubmitAIJob', { fault }, { nth: 1 })] });
    await world.submit(world.vod(url)).submit(REGION, { requestId: accepted.requestId });
    const [jobId = ''] = accepted.jobIds;
    const { state, vodJobId } = await world.job(jobId);
    if (state !== 'unconfirmed' || vodJobId !== null) throw new Error(`the answer was not lost: ${state}`);
    return { ...accepted, jobId };
  }

  /** A job that VOD surely has: without one, its list proves nothing. */
  async control(): Promise<void> {
    const { requestId } = await this.world.accept();
    await this.world.submit(this.world.vod(this.url)).submit(REGION, { requestId });
  }

  /** Somebody else, with the same access key, at the same time. */
  async atConsole(mediaId: string, type: JobType): Promise<void> {
    await this.world.vod(this.url).submit(REGION, {
      operation: submitOperationOf(type),
      mediaId,
      types: [type],
      config: null,
      extend: 'a person at the console',
      nonce: randomUUID(),
      signedAt: new Date(),
    });
  }

  /** A job of the call is found, and so the call had arrived. */
  async learnSibling(jobId: string | undefined): Promise<void> {
    const found = { attempt: 1, vodJobId: 'the-sibling', rung: 'listing', evidence: 'e' } as const;
    await this.world.jobs.apply(jobId ?? '', { type: 'found', ...found });
  }

  look(jobId: string, options: Partial<StepSettings> = {}): Promise<void> {
    return this.world.recover(this.world.vod(this.url), options).recover(REGION, { jobId });
  }

  /** Lets the grace period go by, and looks then. */
  async decide(jobId: string, options: Partial<StepSettings> = {}): Promise<void> {
    this.world.pass(GRACE_MS);
    await this.look(jobId, { resendPinned: false, rules: { ...rules, recoverGraceMs: GRACE_MS }, ...options });
  }

  onlyJob(): string {
    return this.emulator.jobs()[0]?.jobId ?? '';
  }

  calls(operation: string): number {
    return this.emulator.ledger().calls[operation]?.ok ?? 0;
  }
}
