/* oxlint-disable jest/no-standalone-expect -- the model's methods are what its test expects, command by command */
import { isSettled, isSilent, submitOperationOf, type JobState, type JobType } from '@app/domain';
import { Operate, type OperateOutcome } from '@app/lifecycle';
import type { Claim, Draft } from '@app/persistence';
import { v7 as uuidv7 } from 'uuid';
import { REGION, rules, type World } from '../../../libs/lifecycle/test/world';
import { ScriptedVod, WorkerDied, type ListWay, type ReadWay, type SubmitWay, type Taken } from './scripted-vod';

/** World's stores give one call that submits this long. */
const CALL_MS = 20_000;
const CLOCKS_MS = 5_000;

/** What we believe about one job. */
interface Believed {
  id: string;
  requestId: string;
  mediaId: string;
  type: JobType;
  state: JobState;
  attempt: number;
  vodJobId: string | null;
  sentAt: number | null;
  leaseEnds: number;
  misses: number;
  /** When the attempt was sent whose answer got lost and was not found since. */
  lostSince: number | null;
  /** Times that it may be paid for: once, and once more for every decision of a person. */
  mayCost: number;
  /** A person has said which of VOD's jobs it is, and people err. */
  named: boolean;
}

interface Order {
  id: string;
  body: string;
  numbers: number;
  jobs: Believed[];
}

interface Heard {
  vodJobId: string;
  status: 'success' | 'fail';
  mediaId: string;
  type: JobType;
  extend: string | null;
  at: number;
  verdict: 'received' | 'matched' | 'unmatched';
  jobId: string | null;
}

/** A worker with a claim in its hands. */
interface Holding {
  claim: Claim;
  sent: boolean;
  answer: { type: JobType; vodJobId: string }[];
}

/** One life: the model, and the product beside it. */
export class Life {
  readonly vod = new ScriptedVod(() => this.world.now());
  readonly orders: Order[] = [];
  readonly keys = new Map<string, Order>();
  readonly heard = new Map<string, Heard>();
  readonly holding: Holding[] = [];
  circuitOpen = false;
  /** VOD's JobIds that some row has or had. */
  private readonly everKnown = new Set<string>();
  private readonly operate: Operate;

  private constructor(private readonly world: World) {
    this.operate = new Operate(world.jobs, world.reads);
  }

  static async begin(world: World): Promise<Life> {
    await world.db.query(
      'truncate circuit, event, history, job_label, result, submission, job, request; delete from bullmq.job',
    );
    return new Life(world);
  }

  get jobs(): Believed[] {
    return this.orders.flatMap((order) => order.jobs);
  }

  in(...states: JobState[]): Believed[] {
    return this.jobs.filter((job) => states.includes(job.state));
  }

  get now(): number {
    return this.world.now().getTime();
  }

  // What the commands do, each in both worlds.

  async accept(media: number, types: JobType[], key: string | null, force: boolean): Promise<void> {
    const mediaId = `media-${media}`;
    const draft: Draft = {
      id: uuidv7(),
      client: 'test',
      idempotencyKey: key,
      mediaId,
      region: REGION,
      types: types.map((type) => ({ type, jobId: uuidv7() })),
      config: {},
      priority: 'normal',
      labels: {},
      extend: null,
      force,
      now: this.world.now(),
    };
    const body = JSON.stringify([mediaId, types, force]);
    const earlier = key === null ? undefined : this.keys.get(key);
    const isOpen = (type: JobType) =>
      this.jobs.find((job) => job.mediaId === mediaId && job.type === type && !isSettled(job.state));
    const shared = key === null && !force ? types.flatMap((type) => isOpen(type) ?? []) : [];

    const answer = await this.world.requests.accept(draft);
    if (earlier) {
      expect(answer.outcome).toBe(earlier.body === body ? 'replayed' : 'mismatch');
      if (answer.outcome === 'replayed') expect(answer.request.id).toBe(earlier.id);
      return;
    }
    expect(answer.outcome).toBe(shared.length === types.length ? 'deduplicated' : 'created');
    if (answer.outcome === 'mismatch' || answer.outcome === 'dropped') return;
    const served = answer.request.jobs.map((job) => job.id);
    expect(served).toEqual(expect.arrayContaining(shared.map((job) => job.id)));
    // The open request is answered as it is, also when it asks for more than this one does.
    if (answer.outcome === 'deduplicated') return;
    expect(served).toHaveLength(types.length);
    const jobs = draft.types
      .filter(({ type }) => !shared.some((job) => job.type === type))
      .map(({ type, jobId }) => believed(jobId, draft.id, mediaId, type));
    const order = { id: draft.id, body, numbers: 0, jobs };
    this.orders.push(order);
    if (key !== null) this.keys.set(key, order);
  }

  async submit(order: Order, way: SubmitWay, probe: boolean): Promise<void> {
    const before = this.vod.calls;
    const claims = this.claimed(order, probe);
    this.vod.submitWay = way;
    const submit = this.world.submit(this.vod.client);
    await submit.submit(REGION, { requestId: order.id, ...(probe ? { probe } : {}) }).catch(unlessDied);
    expect(this.vod.calls - before).toBe(claims.length);
    for (const claim of claims) this.sent(claim, way, probe);
  }

  private sent(claimed: Believed[], way: SubmitWay, probe: boolean): void {
    for (const job of claimed) job.sentAt = this.now;
    if (probe && ['accepted', 'partial', 'refused'].includes(way)) this.circuitOpen = false;
    const isOfAccount = claimed.some(({ type }) => submitOperationOf(type) === 'SubmitAIJob');
    if (way === 'blocked' && isOfAccount) this.circuitOpen = true;
    const listed = claimed.toSorted((a, b) => (a.type < b.type ? -1 : 1));
    for (const [i, job] of listed.entries()) {
      switch (way) {
        case 'accepted':
          this.learn(job, this.takenFor(job)?.vodJobId ?? '');
          break;
        case 'partial':
          if (i === 0) this.learn(job, this.takenFor(job)?.vodJobId ?? '');
          else this.lose(job);
          break;
        case 'refused':
          job.state = 'failed';
          break;
        case 'busy':
        case 'blocked':
        case 'not_sent':
          Object.assign(job, { state: 'queued', sentAt: null });
          break;
        case 'lost_after':
        case 'lost_before':
          this.lose(job);
          break;
        case 'dies_after':
        case 'dies_before':
          break; // still submitting, until its lease is over
      }
    }
  }

  async claim(order: Order): Promise<void> {
    const claimed = this.claimed(order, false);
    const claims = await this.world.submissions.claim(order.id);
    expect(claims.map(({ jobs }) => jobs.map(({ id }) => id))).toEqual(claimed.map((jobs) => jobs.map(({ id }) => id)));
    for (const claim of claims) this.holding.push({ claim, sent: false, answer: [] });
  }

  /** A worker that was frozen after its claim goes on, however late. */
  async wake(holding: Holding): Promise<void> {
    const { claim } = holding;
    const own = this.jobs.filter((job) => claim.jobs.some(({ id }) => id === job.id));
    const mayGo = own.every(
      (job) =>
        job.state === 'submitting' &&
        job.attempt === claim.number &&
        job.sentAt === null &&
        job.leaseEnds > this.now + CALL_MS,
    );
    expect(await this.world.submissions.markSent(claim, 'key')).toBe(mayGo);
    if (!mayGo) return;
    for (const job of own) job.sentAt = this.now;
    this.vod.submitWay = 'accepted';
    const { operation, nonce, signedAt, mediaId, requestId, number } = claim;
    const types = claim.jobs.map(({ type }) => type).toSorted();
    const submission = { operation, mediaId, types, config: null, extend: `${requestId}.${number}`, nonce, signedAt };
    const outcome = await this.vod.client.submit(REGION, submission);
    Object.assign(holding, { sent: true, answer: outcome.outcome === 'accepted' ? outcome.jobs : [] });
  }

  /** The answer reaches us, also long after everybody gave it up. */
  async answer({ claim, answer }: Holding): Promise<void> {
    for (const { type, vodJobId } of answer) {
      const job = this.jobs.find((each) => each.requestId === claim.requestId && each.type === type);
      if (!job) continue;
      const isTaken = this.jobs.some((other) => other !== job && other.vodJobId === vodJobId);
      const fits = job.attempt === claim.number && ['submitting', 'unconfirmed'].includes(job.state);
      const event = { type: 'accepted' as const, attempt: claim.number, vodJobId, vodRequestId: null };
      const applied = this.world.jobs.apply(job.id, event);
      if (fits && isTaken) {
        await expect(applied).rejects.toMatchObject({ constraint: 'job_vod_job_id' });
        continue;
      }
      expect((await applied).outcome).toBe(fits ? 'moved' : 'ignored');
      if (fits) this.learn(job, vodJobId);
      else this.overtaken(vodJobId);
    }
  }

  async dispatch(): Promise<void> {
    await this.world.dispatch().run();
    // What was handed out is lost at once: Redis was flushed. Those jobs are due again.
    await this.world.forgetQueues();
    for (const job of this.in('submitting')) {
      if (job.leaseEnds > this.now) continue;
      if (job.sentAt === null) job.state = 'queued';
      else this.lose(job);
    }
  }

  async hear(
    taken: Pick<Taken, 'vodJobId' | 'mediaId' | 'type' | 'extend'>,
    status: 'success' | 'fail',
    echoes: boolean,
  ) {
    const { vodJobId, mediaId, type } = taken;
    const extend = echoes ? taken.extend : null;
    await this.world.hear(vodJobId, status, `${type}Complete`, { mediaId, extend });
    const key = `${vodJobId} ${status} ${type}`;
    const copy = this.heard.get(key);
    if (!copy) {
      const news = { vodJobId, status, mediaId, type, extend, at: this.now, verdict: 'received' as const, jobId: null };
      this.heard.set(key, news);
      return;
    }
    const job = this.jobs.find(({ id }) => id === copy.jobId);
    if (copy.verdict === 'matched' && job && ['processing', 'expired'].includes(job.state)) copy.verdict = 'received';
  }

  async match(): Promise<void> {
    await this.world.match().run({ rematch: true });
    const news = [...this.heard.values()].filter((event) => event.verdict === 'received');
    for (const event of news) {
      const job = this.jobs.find(({ vodJobId }) => vodJobId === event.vodJobId);
      if (job) this.rouse(event, job);
      else event.verdict = 'unmatched';
    }
    // One of those that found no job may be the answer that a submission has lost.
    for (const event of news.filter(({ verdict }) => verdict === 'unmatched')) {
      for (const job of this.in('queued', 'held')) {
        const concerns = job.mediaId === event.mediaId || event.extend?.startsWith(job.requestId) === true;
        const waits = job.lostSince !== null && job.lostSince <= event.at + CLOCKS_MS && job.vodJobId === null;
        if (concerns && waits && job.type === event.type) job.state = 'unconfirmed';
      }
    }
    for (const event of this.heard.values()) {
      const job = this.jobs.find(({ vodJobId }) => vodJobId === event.vodJobId);
      if (event.verdict === 'unmatched' && job) this.rouse(event, job);
    }
  }

  async collect(way: ReadWay): Promise<void> {
    this.vod.readWay = way;
    const read = this.in('processing', 'finished');
    await this.world.collect(this.vod.client).collect(REGION, { jobIds: read.slice(0, 10).map(({ id }) => id) });
    for (const job of read.slice(0, 10)) this.readOne(job, way);
    this.vod.readWay = 'truth';
  }

  private readOne(job: Believed, way: ReadWay): void {
    const truth = way === 'missing' ? undefined : this.vod.find(job.vodJobId);
    if (way === 'down') return;
    const age = this.now - (job.sentAt ?? this.now);
    if (!truth) {
      job.misses += 1;
      if (job.misses >= 5 && age >= rules.recoverGraceMs) job.state = 'held';
    } else if (way === 'stranger' || truth.mediaId !== job.mediaId || truth.type !== job.type) {
      job.misses += 1;
      if (job.misses >= 3) job.state = 'held';
    } else if (way !== 'unknown') {
      if (truth.state !== 'running')
        Object.assign(job, { state: truth.state === 'success' ? 'succeeded' : 'failed', misses: 0 });
      else if (age >= rules.jobDeadlineMs) job.state = 'expired';
      else Object.assign(job, { state: 'processing', misses: 0 });
    }
  }

  /** How the ladder gets there is its own business. What it may conclude is ours. */
  async recover(
    lost: Believed,
    ways: { read: ReadWay; list: ListWay; submit: SubmitWay; resend: boolean },
  ): Promise<void> {
    Object.assign(this.vod, { readWay: ways.read, listWay: ways.list, submitWay: ways.submit });
    const recover = this.world.recover(this.vod.client, { resendPinned: ways.resend });
    await recover.recover(REGION, { jobId: lost.id }).catch(unlessDied);
    Object.assign(this.vod, { readWay: 'truth', listWay: 'truth' });
    // A resend is about the whole request.
    for (const job of this.in('unconfirmed').filter(({ requestId }) => requestId === lost.requestId)) {
      const { state, vodJobId } = await this.world.job(job.id);
      switch (state) {
        case 'unconfirmed':
          break;
        case 'processing':
        case 'finished':
          expect(this.vod.taken.filter((taken) => isOf(taken, job)).map((taken) => taken.vodJobId)).toContain(vodJobId);
          this.learn(job, vodJobId ?? '');
          break;
        case 'queued':
          // Proven absent: then VOD has nothing of this attempt, unless a person gave it to another row.
          expect(
            this.vod.taken.filter(
              (taken) => isOf(taken, job) && taken.number === job.attempt && !this.everKnown.has(taken.vodJobId),
            ),
          ).toEqual([]);
          Object.assign(job, { state, sentAt: null });
          break;
        case 'held':
          job.state = state;
          break;
        default:
          throw new Error(`the ladder made ${state} of ${job.id}`);
      }
    }
  }

  async resolve(job: Believed, action: 'adopt' | 'resubmit' | 'fail', vodJobId: string): Promise<void> {
    const isTaken = this.jobs.some((other) => other !== job && other.vodJobId === vodJobId);
    const wanted: OperateOutcome['outcome'] =
      job.state !== 'held' ? 'wrong_state' : action === 'adopt' && isTaken ? 'job_id_taken' : 'done';
    const { outcome } = await this.operate.resolve(
      job.id,
      action === 'adopt' ? { action, vodJobId } : { action },
      'ada',
    );
    expect(outcome).toBe(wanted);
    if (outcome === 'wrong_state' && action === 'adopt') this.overtaken(vodJobId);
    if (outcome !== 'done') return;
    if (action === 'fail') job.state = 'failed';
    if (action === 'resubmit') this.again(job);
    if (action === 'adopt') {
      Object.assign(job, { sentAt: job.sentAt ?? this.now, named: true });
      this.learn(job, vodJobId);
      const taken = this.vod.find(vodJobId);
      const owner = taken && this.jobs.find((each) => isOf(taken, each));
      // Whoever loses its job to a person's mistake may be paid for again.
      if (owner && owner !== job) owner.mayCost += 1;
    }
  }

  async person(job: Believed, type: 'canceled' | 'retried' | 'refetched'): Promise<void> {
    const allowed = {
      canceled: ['queued'],
      retried: ['failed', 'canceled', 'expired'],
      refetched: ['succeeded', 'failed', 'expired'],
    };
    const does = allowed[type].includes(job.state) && (type !== 'refetched' || job.vodJobId !== null);
    expect((await this.world.jobs.apply(job.id, { type }, 'ada')).outcome).toBe(does ? 'moved' : 'ignored');
    if (!does) return;
    if (type === 'canceled') job.state = 'canceled';
    if (type === 'retried') this.again(job);
    if (type === 'refetched') Object.assign(job, { state: 'finished', misses: 0 });
  }

  /** VOD is well again, workers work, time passes: nothing may stay open for ever. */
  async letItEnd(): Promise<void> {
    for (const taken of this.vod.taken) if (taken.state === 'running') taken.state = 'success';
    for (let round = 0; round < 40 && this.jobs.some((job) => !isSilent(job.state)); round += 1) {
      await this.dispatch();
      await this.match();
      for (const order of this.orders) await this.submit(order, 'accepted', true);
      for (const taken of this.vod.taken) if (taken.state === 'running') taken.state = 'success';
      for (const job of this.in('unconfirmed')) {
        await this.recover(job, { read: 'truth', list: 'truth', submit: 'accepted', resend: true });
      }
      await this.collect('truth');
      await this.compare();
      this.world.pass(rules.leaseMs);
      if (round > 4) this.world.pass(rules.recoverGraceMs);
    }
    expect(this.jobs.filter((job) => !isSilent(job.state))).toEqual([]);
  }

  /** What must hold after everything that can happen. */
  async compare(): Promise<void> {
    const rows = await this.world.db.query<
      {
        id: string;
        state: JobState;
        dueAt: Date | null;
        vodJobId: string | null;
        version: number;
        lines: number;
        attempt: number;
      }[]
    >(
      `select id, state, due_at as "dueAt", vod_job_id as "vodJobId", version, attempt,
              (select count(*)::int from history where history.job_id = job.id) as lines
         from job order by id`,
    );
    const told = rows.map(({ id, state, vodJobId, attempt }) => ({ id, state, vodJobId, attempt }));
    const ours = this.jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(told).toEqual(ours.map(({ id, state, vodJobId, attempt }) => ({ id, state, vodJobId, attempt })));
    for (const { state, dueAt, version, lines } of rows) {
      expect([state, dueAt === null]).toEqual([state, isSilent(state)]);
      expect(lines).toBe(version);
    }
    for (const job of this.jobs) {
      const taken = this.vod.taken.filter((each) => isOf(each, job));
      expect([job.id, Math.max(0, taken.length - job.mayCost)]).toEqual([job.id, 0]);
      if (job.vodJobId !== null && !job.named) expect(taken.map((each) => each.vodJobId)).toContain(job.vodJobId);
    }
    // What GET /v1/jobs reads.
    const listed = await this.world.lists.jobs({}, { limit: 200 });
    expect(new Map(listed.map(({ id, state }) => [id, state]))).toEqual(
      new Map(ours.map(({ id, state }) => [id, state])),
    );
  }

  /** How it ended. */
  figures(): Record<string, number> {
    const states = this.jobs.reduce<Record<string, number>>(
      (counts, { state }) => ({ ...counts, [state]: (counts[state] ?? 0) + 1 }),
      {},
    );
    const tooMany = this.jobs.map((job) => this.vod.taken.filter((taken) => isOf(taken, job)).length - job.mayCost);
    return {
      ...states,
      jobs: this.jobs.length,
      open: this.jobs.filter((job) => !isSilent(job.state)).length,
      paid: this.vod.taken.length,
      paidTwice: tooMany.reduce((sum, n) => sum + Math.max(0, n), 0),
    };
  }

  // The model's own words.

  /** What one call submits is claimed under one number. */
  private claimed(order: Order, probe: boolean): Believed[][] {
    if (this.circuitOpen && !probe) return [];
    const queued = order.jobs.filter((job) => job.state === 'queued');
    const operations = new Set(queued.map(({ type }) => submitOperationOf(type)));
    return [...operations].map((operation) => {
      const together = queued.filter(({ type }) => submitOperationOf(type) === operation);
      order.numbers += 1;
      for (const job of together) {
        const leaseEnds = this.now + rules.leaseMs;
        Object.assign(job, { state: 'submitting', attempt: order.numbers, sentAt: null, leaseEnds, lostSince: null });
      }
      return together;
    });
  }

  private lose(job: Believed): void {
    Object.assign(job, { state: 'unconfirmed', lostSince: job.sentAt });
  }

  /** An event may have been waiting for this JobId. */
  private learn(job: Believed, vodJobId: string): void {
    this.everKnown.add(vodJobId);
    Object.assign(job, { state: 'processing', vodJobId, misses: 0, lostSince: null, sentAt: job.sentAt ?? this.now });
    for (const event of this.heard.values()) {
      if (event.vodJobId === vodJobId && event.verdict !== 'matched') this.rouse(event, job);
    }
  }

  /** Whoever brings a JobId, new or not, also brings the events that wait for it. */
  private overtaken(vodJobId: string): void {
    const job = this.jobs.find((each) => each.vodJobId === vodJobId);
    for (const event of this.heard.values()) {
      if (job && event.vodJobId === vodJobId && event.verdict !== 'matched') this.rouse(event, job);
    }
  }

  private rouse(event: Heard, job: Believed): void {
    Object.assign(event, { verdict: 'matched', jobId: job.id });
    if (['processing', 'expired', 'held'].includes(job.state)) job.state = 'finished';
  }

  private again(job: Believed): void {
    Object.assign(job, { state: 'queued', vodJobId: null, sentAt: null, misses: 0, lostSince: null, named: false });
    job.mayCost += 1;
  }

  private takenFor(job: Believed): Taken | undefined {
    return this.vod.taken.find((taken) => isOf(taken, job) && taken.number === job.attempt);
  }
}

function believed(id: string, requestId: string, mediaId: string, type: JobType): Believed {
  const nothing = { vodJobId: null, sentAt: null, leaseEnds: 0, misses: 0, lostSince: null, named: false };
  return { id, requestId, mediaId, type, state: 'queued', attempt: 0, mayCost: 1, ...nothing };
}

export function isOf(taken: Taken, job: Believed): boolean {
  return taken.requestId === job.requestId && taken.type === job.type;
}

function unlessDied(error: unknown): void {
  if (!(error instanceof WorkerDied)) throw error;
}
