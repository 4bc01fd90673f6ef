import * as fc from 'fast-check';
import { attributes } from './attributes';
import { type Message, MessageQueue } from './message-queue';

const RETENTION_S = 60;
const START = Date.parse('2026-01-02T03:04:05Z');

function newQueue(visibilityTimeout = 30): MessageQueue {
  let serial = 0;
  const identity = { name: 'events', idPrefix: '0123456789ABCDEF', nextSerial: () => ++serial };
  return new MessageQueue(
    identity,
    attributes({ VisibilityTimeout: visibilityTimeout, MessageRetentionPeriod: RETENTION_S }),
  );
}

/** What is known of a message by whoever only watches the calls. */
interface Known {
  body: string;
  priority: number;
  enqueuedAt: number;
  visibleAt: number;
  dequeues: number;
  /** The newest, also when its time is over. */
  handle: string | undefined;
  isDeleted: boolean;
}

/** The rules of visibility in the plainest words: everything is looked at each time. */
class Model {
  readonly #all = new Map<string, Known>();
  readonly handles: string[] = [];
  now = START;

  put(message: Message): void {
    const { id, body, priority, visibleAt, receiptHandle } = message;
    expect(this.#all.has(id)).toBe(false);
    this.#all.set(id, {
      body,
      priority,
      enqueuedAt: this.now,
      visibleAt,
      dequeues: 0,
      handle: undefined,
      isDeleted: false,
    });
    if (receiptHandle !== undefined) this.#giveHandle(id, receiptHandle);
  }

  get alive(): [string, Known][] {
    const tooOld = this.now - RETENTION_S * 1000;
    return [...this.#all].filter(([, { isDeleted, enqueuedAt }]) => !isDeleted && enqueuedAt > tooOld);
  }

  get visible(): [string, Known][] {
    return this.alive.filter(([, { visibleAt }]) => visibleAt <= this.now);
  }

  byHandle(handle: string): [string, Known] | undefined {
    return this.alive.find(([, known]) => known.handle === handle && known.visibleAt > this.now);
  }

  received(message: Message, visibilityTimeout: number): void {
    const known = this.#all.get(message.id);
    if (!known || message.receiptHandle === undefined) throw new Error('nobody sent this message');
    known.dequeues++;
    known.visibleAt = this.now + visibilityTimeout * 1000;
    this.#giveHandle(message.id, message.receiptHandle);
    expect(message).toMatchObject({
      body: known.body,
      enqueuedAt: known.enqueuedAt,
      visibleAt: known.visibleAt,
      dequeueCount: known.dequeues,
    });
  }

  changed(known: Known, id: string, message: Message): void {
    known.visibleAt = message.visibleAt;
    this.#giveHandle(id, message.receiptHandle ?? '');
  }

  /** No two hand-outs share a handle. */
  #giveHandle(id: string, handle: string): void {
    expect(this.handles).not.toContain(handle);
    this.handles.push(handle);
    const known = this.#all.get(id);
    if (known) known.handle = handle;
  }
}

type Step =
  | { do: 'put'; priority: number | undefined; delaySeconds: number | undefined }
  | { do: 'receive' | 'peek'; count: number }
  | { do: 'delete'; nth: number }
  | { do: 'change'; nth: number; seconds: number }
  | { do: 'pass'; ms: number };

const batch = fc.integer({ min: 1, max: 16 });
const nth = fc.nat({ max: 60 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      priority: fc.option(fc.integer({ min: 1, max: 16 }), { nil: undefined }),
      delaySeconds: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('receive' as const, 'peek' as const), count: batch }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), nth }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('change' as const), nth, seconds: fc.integer({ min: 1, max: 40 }) }),
  },
  // Also exactly to the end of a time, where things are wrong by one.
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat({ max: 30_000 }), fc.constantFrom(0, 1, 999, 1000, 10_000)),
    }),
  },
);

function perform(queue: MessageQueue, model: Model, action: Step, visibilityTimeout: number): void {
  switch (action.do) {
    case 'put':
      model.put(queue.put(`${model.handles.length}`, action, model.now));
      break;
    case 'pass':
      model.now += action.ms;
      break;
    case 'receive':
    case 'peek': {
      const { visible } = model;
      const messages = action.do === 'peek' ? queue.peek(action.count, model.now) : queue.receive(action.count, model.now);
      const ids = messages.map(({ id }) => id);
      expect(messages).toHaveLength(Math.min(action.count, visible.length));
      expect(new Set(ids).size).toBe(ids.length);
      expect(visible.map(([id]) => id)).toEqual(expect.arrayContaining(ids));
      // The most urgent first, and none that is less urgent than one that stays.
      const ranks = messages.map(({ priority }) => priority);
      expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
      const left = visible.filter(([id]) => !ids.includes(id)).map(([, { priority }]) => priority);
      expect(Math.max(...ranks, 0)).toBeLessThanOrEqual(Math.min(...left, Infinity));
      if (action.do === 'receive') for (const message of messages) model.received(message, visibilityTimeout);
      break;
    }
    case 'delete': {
      const handle = model.handles[action.nth] ?? 'no handle';
      const known = model.byHandle(handle);
      expect(queue.isValid(handle, model.now)).toBe(known !== undefined);
      expect(queue.delete(handle, model.now)).toBe(known !== undefined);
      if (known) known[1].isDeleted = true;
      break;
    }
    case 'change': {
      const handle = model.handles[action.nth] ?? 'no handle';
      const known = model.byHandle(handle);
      const message = queue.changeVisibility(handle, action.seconds, model.now);
      expect(message?.id).toBe(known?.[0]);
      if (!message || !known) break;
      expect(message.visibleAt).toBe(model.now + action.seconds * 1000);
      model.changed(known[1], known[0], message);
      break;
    }
  }
}

describe('A queue', () => {
  it('shows, hides and forgets messages by the rules, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.array(step, { maxLength: 60 }), (visibilityTimeout, steps) => {
        const queue = newQueue(visibilityTimeout);
        const model = new Model();
        for (const action of steps) {
          perform(queue, model, action, visibilityTimeout);
          const { alive, visible, now } = model;
          const { active, inactive, delayed } = queue.counts(now);
          expect([active, inactive + delayed]).toEqual([visible.length, alive.length - visible.length]);
          expect([...queue.messages(now)].map(({ id }) => id)).toEqual(alive.map(([id]) => id));
          const hidden = alive.map(([, { visibleAt }]) => visibleAt).filter((at) => at > now);
          expect(queue.nextVisibleAt(now) ?? Infinity).toBe(Math.min(...hidden, Infinity));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('hands out its messages in the order in which they came', () => {
    const queue = newQueue();
    const sent = Array.from({ length: 5000 }, (_, i) => queue.put(String(i), {}, START).body);
    const received: string[] = [];
    for (let batchOf = queue.receive(16, START); batchOf.length > 0; batchOf = queue.receive(16, START)) {
      received.push(...batchOf.map(({ body }) => body));
      for (const { receiptHandle } of batchOf) queue.delete(receiptHandle ?? '', START);
    }
    expect(received).toEqual(sent);
    expect(queue.counts(START)).toEqual({ active: 0, inactive: 0, delayed: 0 });
  });

  it('forgets messages that nobody fetches', () => {
    const queue = newQueue();
    for (let i = 0; i < 5000; i++) queue.put(String(i), {}, START + i);
    const later = START + 4999 + RETENTION_S * 1000;
    expect(queue.counts(later - 1)).toEqual({ active: 1, inactive: 0, delayed: 0 });
    expect(queue.counts(later)).toEqual({ active: 0, inactive: 0, delayed: 0 });
    expect(queue.receive(1, later)).toEqual([]);
  });

  it('hands out a released message again at once, and then its first handle is worth nothing', () => {
    const queue = newQueue();
    queue.put('twice', {}, START);
    const [first] = queue.receive(1, START);
    const firstHandle = first?.receiptHandle ?? '';
    if (first) queue.release(first, START);
    const [second] = queue.receive(1, START);
    expect(second).toMatchObject({ body: 'twice', dequeueCount: 2, visibleAt: START + 30_000 });
    expect(queue.delete(firstHandle, START)).toBe(false);
    expect(queue.delete(second?.receiptHandle ?? '', START)).toBe(true);
  });

  it('is empty after a purge, and goes on', () => {
    const queue = newQueue();
    queue.put('waiting', {}, START);
    queue.put('in flight', { priority: 1 }, START);
    queue.put('delayed', { delaySeconds: 5 }, START);
    const [inFlight] = queue.receive(1, START);
    const handle = inFlight?.receiptHandle ?? '';
    expect(queue.purge()).toBe(3);
    expect(queue.isValid(handle, START)).toBe(false);
    expect(queue.counts(START + 40_000)).toEqual({ active: 0, inactive: 0, delayed: 0 });
    queue.put('new', {}, START + 40_000);
    expect(queue.receive(16, START + 40_000).map(({ body }) => body)).toEqual(['new']);
  });

  it('gives ids and handles the form that SMQ gives them', () => {
    const queue = newQueue();
    const { id, bodyMd5 } = queue.put('hello', {}, START);
    expect(id).toBe(`0123456789ABCDEF-2-${START.toString(16).toUpperCase()}-200000001`);
    expect(bodyMd5).toBe('5D41402ABC4B2A76B9719D911017C592');
    const [message] = queue.receive(1, START);
    expect(message?.receiptHandle).toBe(`1-${btoa(`8589934593-${START / 1000 + 30}-2-1`)}`);
  });
});
