import { randomUUID } from 'node:crypto';
import type { SignalMap } from '@app/observability';
import { REGION, World } from '../test/world';
import { Accept, type AcceptInput, type AcceptOutcome } from './accept';

/** Where VOD has fingerprinting, and no tagging. */
const ABROAD = 'ap-southeast-1';

let world: World;
let accept: Accept;
let announced: SignalMap['request.accepted'][];
beforeAll(async () => {
  world = await World.open();
  accept = new Accept(world.requests, world.signals, world.now);
  world.signals.on('request.accepted', (each) => announced.push(each));
});
beforeEach(() => (announced = []));
afterAll(() => world.close());

function asked(more: Partial<AcceptInput> = {}): AcceptInput {
  return {
    client: 'otto',
    idempotencyKey: null,
    mediaId: randomUUID(),
    types: ['AIVideoTag'],
    config: {},
    region: REGION,
    priority: 'normal',
    labels: {},
    extend: null,
    force: false,
    ...more,
  };
}

function requestOf(outcome: AcceptOutcome) {
  if (!('request' in outcome)) throw new Error(`no request was accepted: ${outcome.outcome}`);
  return outcome.request;
}

const jobsOf = (mediaId: string) => world.db.query(`select id from job where media_id = $1`, [mediaId]);

describe('What a client asks for', () => {
  it('is stored as queued jobs that are due at once, and announced', async () => {
    const input = asked({ types: ['AIVideoTag', 'AIMediaDNA'], priority: 'high', labels: { batch: '7' }, extend: 'e' });
    const outcome = await accept.accept(input);
    const { mediaId, priority, labels, extend } = input;
    const fields = { client: 'otto', mediaId, region: REGION, priority, labels, extend, createdAt: world.now() };
    expect(outcome).toMatchObject({ outcome: 'created', request: fields });
    const request = requestOf(outcome);
    expect(await world.requests.get(request.id)).toEqual({ id: request.id, ...fields, jobs: request.jobs });
    for (const { id } of request.jobs)
      expect(await world.job(id)).toMatchObject({ state: 'queued', dueAt: world.now() });

    const types = ['AIVideoTag', 'AIMediaDNA'];
    const signal = { requestId: request.id, client: 'otto', mediaId, region: REGION, types, newTypes: types };
    expect(announced).toEqual([{ ...signal, outcome: 'created' }]);
  });

  it('is one job of a type that was named twice', async () => {
    const outcome = await accept.accept(asked({ types: ['AIMediaDNA', 'AIVideoTag', 'AIMediaDNA'] }));
    expect(requestOf(outcome).jobs.map(({ type }) => type)).toEqual(['AIMediaDNA', 'AIVideoTag']);
    const types = ['AIMediaDNA', 'AIVideoTag'];
    expect(announced).toMatchObject([{ types, newTypes: types }]);
  });

  it('is refused as a whole where VOD does not have all of its types, which are named', async () => {
    const input = asked({ types: ['AIMediaDNA', 'AIVideoTag', 'AIVideoTag'], region: ABROAD });
    expect(await accept.accept(input)).toEqual({ outcome: 'unsupported_in_region', types: ['AIVideoTag'] });
    expect(await jobsOf(input.mediaId)).toEqual([]);
    expect(announced).toEqual([]);
    expect(await accept.accept({ ...input, types: ['AIMediaDNA'] })).toMatchObject({ outcome: 'created' });
  });

  it('is of the time at which it is asked for, by the clock of the machine unless told otherwise', async () => {
    const before = Date.now();
    const { createdAt } = requestOf(await new Accept(world.requests, world.signals).accept(asked()));
    expect(createdAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(createdAt.getTime()).toBeLessThanOrEqual(Date.now());
  });
});

describe('What a client asks for again', () => {
  it('under the same key is the first request, and makes no new job', async () => {
    const input = asked({ idempotencyKey: randomUUID() });
    const first = requestOf(await accept.accept(input));
    const stored = await world.requests.get(first.id);
    expect(await accept.accept(input)).toEqual({ outcome: 'replayed', request: stored });
    expect(await jobsOf(input.mediaId)).toHaveLength(1);
    expect(announced).toMatchObject([
      { outcome: 'created', newTypes: ['AIVideoTag'] },
      { outcome: 'replayed', requestId: first.id, types: ['AIVideoTag'], newTypes: [] },
    ]);
  });

  it('under the same key with another body is refused, and announced as nothing', async () => {
    const input = asked({ idempotencyKey: randomUUID() });
    await accept.accept(input);
    expect(await accept.accept({ ...input, priority: 'low' })).toEqual({ outcome: 'mismatch' });
    expect(announced).toHaveLength(1);
  });

  it('without a key gets the job that is open', async () => {
    const input = asked();
    const first = requestOf(await accept.accept(input));
    const stored = await world.requests.get(first.id);
    expect(await accept.accept(input)).toEqual({ outcome: 'deduplicated', request: stored });
    expect(announced.at(-1)).toMatchObject({ outcome: 'deduplicated', requestId: first.id, newTypes: [] });
  });

  it('with one type more gets the open job and one new one, which alone is announced as new', async () => {
    const input = asked();
    const [open] = requestOf(await accept.accept(input)).jobs;
    const more = await accept.accept({ ...input, types: ['AIVideoTag', 'AIMediaDNA'] });
    expect(more).toMatchObject({ outcome: 'created', request: { jobs: [open, { type: 'AIMediaDNA' }] } });
    const types = ['AIVideoTag', 'AIMediaDNA'];
    expect(announced.at(-1)).toMatchObject({ outcome: 'created', types, newTypes: ['AIMediaDNA'] });
    expect(await jobsOf(input.mediaId)).toHaveLength(2);
  });
});
