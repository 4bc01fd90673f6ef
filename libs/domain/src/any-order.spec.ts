import fc from 'fast-check';
import { eventTypes, later, noon, oneOfEach, rules } from '../test/jobs';
import {
  decide,
  isSettled,
  isSilent,
  newJob,
  nextState,
  operatorEvents,
  transitions,
  type JobCore,
  type JobEvent,
} from './index';

const isOperators = (type: string) => (operatorEvents as readonly string[]).includes(type);

/** How to make one event for whatever state the job is in by then: mostly one that fits, sometimes any. */
const recipe = fc.record({
  fits: fc.integer({ min: 0, max: 9 }).map((n) => n < 7),
  pick: fc.nat(),
  /** 0: the present attempt; 1: the one before. */
  attemptsBack: fc.constantFrom(0, 0, 0, 1),
  /** The store takes the number after the request's last one, which another job of the request may have used. */
  numberAhead: fc.constantFrom(1, 1, 2),
  vodJobId: fc.constantFrom('vod-1', 'vod-1', 'vod-2'),
  marksSent: fc.boolean(),
  waitMs: fc.constantFrom(0, 1, 5_000, 60_000, 3_600_000, 86_400_000),
  chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});
type Recipe = typeof recipe extends fc.Arbitrary<infer R> ? R : never;

function eventFrom(job: JobCore, { fits, pick, attemptsBack, numberAhead, vodJobId }: Recipe, byPeople: boolean) {
  const fitting = Object.keys(transitions[job.state]) as JobEvent['type'][];
  const allowed = (fits ? fitting : eventTypes).filter((type) => byPeople || !isOperators(type));
  const types = allowed.length > 0 ? allowed : eventTypes.filter((type) => !isOperators(type));
  const event: JobEvent = oneOfEach[types[pick % types.length] ?? 'looked'];
  return {
    ...event,
    ...('attempt' in event ? { attempt: job.attempt - attemptsBack } : {}),
    ...('number' in event ? { number: job.attempt + numberAhead } : {}),
    ...('vodJobId' in event ? { vodJobId } : {}),
  } as JobEvent;
}

interface Step {
  before: JobCore;
  event: JobEvent;
  after: JobCore;
  moved: boolean;
  now: Date;
}

/** Lives through the recipes, and answers where that led and every step on the way. */
function live(recipes: Recipe[], { byPeople, from = newJob(noon) }: { byPeople: boolean; from?: JobCore }) {
  let job = from;
  let now = noon;
  const steps: Step[] = [];
  for (const each of recipes) {
    now = later(each.waitMs, now);
    // Not an event: the store writes it between a claim and its call.
    if (job.state === 'submitting' && each.marksSent) job = { ...job, submittedAt: job.submittedAt ?? now };
    const event = eventFrom(job, each, byPeople);
    // Frozen: deciding changes nothing, it only says what would change.
    const decision = decide(Object.freeze(job), event, { now, chance: each.chance, rules });
    const after = decision.outcome === 'moved' ? decision.next : job;
    steps.push({ before: job, event, after, moved: decision.outcome === 'moved', now });
    job = after;
  }
  return { job, steps };
}

const life = fc.array(recipe, { maxLength: 40 });

/** Lives 2,000 lives and shows the first step, if there is one, that breaks the rule. fast-check prints its seed. */
function expectOfEveryStep(holds: (step: Step) => boolean) {
  fc.assert(
    fc.property(life, (recipes) => {
      expect(live(recipes, { byPeople: true }).steps.find((step) => !holds(step))).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
}

describe('In whatever order things happen', () => {
  it('row 28: a job that succeeded, failed or was canceled stays so until a person acts', () => {
    fc.assert(
      fc.property(life, life, (first, then) => {
        const { job } = live(first, { byPeople: true });
        if (!isSettled(job.state) || job.state === 'expired') return;
        expect(live(then, { byPeople: false, from: job }).job).toBe(job);
      }),
      { numRuns: 2000 },
    );
  });

  it('only the table moves a job, and its version grows by one with every move', () => {
    expectOfEveryStep(({ before, event, after, moved }) =>
      moved
        ? after.state === nextState(before.state, event.type) && after.version === before.version + 1
        : after === before,
    );
  });

  it('a job has an alarm unless it is over or held, and is at VOD only with its JobId', () => {
    expectOfEveryStep(
      ({ after }) =>
        (after.dueAt === null) === isSilent(after.state) &&
        (after.settledAt !== null) === isSettled(after.state) &&
        (!['processing', 'finished'].includes(after.state) || after.vodJobId !== null),
    );
  });

  it('no alarm is set into the past', () => {
    expectOfEveryStep(({ after, moved, now }) => !moved || after.dueAt === null || after.dueAt >= now);
  });

  it('attempts are never negative and never more than the numbers spent, which never go back', () => {
    expectOfEveryStep(
      ({ before, after }) => after.attempts >= 0 && after.attempts <= after.attempt && after.attempt >= before.attempt,
    );
  });

  it('a job that was sent goes back to the queue only when VOD or a person said so', () => {
    const proofs = ['throttled', 'blocked', 'not_sent', 'proven_absent', 'resubmitted', 'retried'];
    expectOfEveryStep(
      ({ before, event, after, moved }) =>
        !moved || before.submittedAt === null || after.state !== 'queued' || proofs.includes(event.type),
    );
  });

  it('lives of this kind come to every state', () => {
    const seen = new Set<string>();
    expectOfEveryStep(({ after }) => seen.add(after.state) !== undefined);
    expect([...seen].toSorted()).toEqual(Object.keys(transitions).toSorted());
  });
});
