import { Fixture } from '../test/fixture';
import { RequestStore, type Acceptance, type Draft } from './index';

describe('Accepting requests', () => {
  let fixture: Fixture;
  let requests: RequestStore;
  beforeAll(async () => {
    fixture = await Fixture.open();
    requests = fixture.requests();
  });
  afterAll(() => fixture.close());

  type DraftOptions = Parameters<Fixture['draft']>[0];
  const accept = (draft: DraftOptions) => requests.accept(fixture.draft(draft));
  const outcomes = (acceptances: Acceptance[]) => acceptances.map(({ outcome }) => outcome).toSorted();
  const requestOf = (acceptance: Acceptance) => ('request' in acceptance ? acceptance.request : null);
  const jobIdsOf = (acceptance: Acceptance) => requestOf(acceptance)?.jobs.map(({ id }) => id);
  const counted = async (mediaId: string) => {
    const [row] = await fixture.query<{ requests: number; jobs: number; lines: number }>(
      `select (select count(*)::int from request where media_id = $1) as requests,
              (select count(*)::int from job where media_id = $1) as jobs,
              (select count(*)::int from history join job on job.id = job_id where media_id = $1) as lines`,
      [mediaId],
    );
    return row;
  };

  it('stores the request, its jobs and the first line of their history', async () => {
    const draft = fixture.draft({
      types: ['AIVideoTag', 'AIMediaDNA'],
      config: { AIVideoTag: { AnalyseTypes: 'ASR' } },
      priority: 'low',
      labels: { batch: '1' },
      extend: 'mine',
    });
    const acceptance = await requests.accept(draft);
    const jobs = draft.types.map(({ type, jobId }) => ({ id: jobId, type, state: 'queued' }));
    expect(acceptance).toMatchObject({ outcome: 'created', request: { id: draft.id, jobs } });
    expect(await requests.get(draft.id)).toEqual({
      id: draft.id,
      client: 'otto',
      mediaId: draft.mediaId,
      region: 'cn-shanghai',
      priority: 'low',
      labels: { batch: '1' },
      extend: 'mine',
      createdAt: fixture.now,
      jobs,
    });
    for (const { jobId } of draft.types) {
      expect(await fixture.job(jobId)).toMatchObject({ state: 'queued', version: 1, dueAt: fixture.now, priority: 2 });
      expect(await fixture.story(jobId)).toEqual(['created']);
    }
  });

  it('knows that there is no such request', async () => {
    expect(await requests.get('00000000-0000-7000-8000-000000000000')).toBeNull();
  });

  describe('with an idempotency key', () => {
    const body = { mediaId: 'media-k', types: ['AIVideoTag'] } satisfies DraftOptions;

    it('row 1: answers a repeated call with the first request, as it is by now', async () => {
      const first = await accept({ ...body, idempotencyKey: 'k-1' });
      await fixture.jobs().apply(jobIdsOf(first)?.[0] ?? '', { type: 'canceled' });
      const again = await accept({ ...body, idempotencyKey: 'k-1' });
      expect(again).toMatchObject({
        outcome: 'replayed',
        request: { id: requestOf(first)?.id, jobs: [{ state: 'canceled' }] },
      });
    });

    it.each<[string, Partial<Draft> | DraftOptions]>([
      ['media', { mediaId: 'another' }],
      ['region', { region: 'cn-beijing' }],
      ['types', { types: ['AIMediaDNA'] }],
      ['config', { config: { AIVideoTag: { a: [2, 1] } } }],
      ['priority', { priority: 'high' }],
      ['labels', { labels: { a: 'c' } }],
      ['extend', { extend: 'other' }],
      ['force', { force: true }],
    ])('refuses another %s under the same key', async (what, other) => {
      const key = `k-${what}`;
      const first = { ...body, idempotencyKey: key, config: { AIVideoTag: { a: [1, 2] } }, labels: { a: 'b' } };
      await accept(first);
      expect(await accept({ ...first, ...(other as DraftOptions) })).toEqual({ outcome: 'mismatch' });
    });

    it('takes bodies for the same that differ only in the order of keys and types', async () => {
      const config = { AIVideoTag: { a: 1, b: { c: 2, d: 3 } }, AIMediaDNA: { e: 4 } };
      const turned = { AIMediaDNA: { e: 4 }, AIVideoTag: { b: { d: 3, c: 2 }, a: 1 } };
      const first = await accept({
        ...body,
        idempotencyKey: 'k-order',
        types: ['AIVideoTag', 'AIMediaDNA'],
        config,
        labels: { x: '1', y: '2' },
      });
      const again = await accept({
        ...body,
        idempotencyKey: 'k-order',
        types: ['AIMediaDNA', 'AIVideoTag'],
        config: turned,
        labels: { y: '2', x: '1' },
      });
      expect([again.outcome, requestOf(again)?.id]).toEqual(['replayed', requestOf(first)?.id]);
    });

    it('keeps the keys of two clients apart, also when both repeat themselves together', async () => {
      const calls = ['otto', 'vera'].map((client) => ({ ...body, idempotencyKey: 'k-shared', client }));
      const first = await Promise.all(calls.map(accept));
      expect(outcomes(first)).toEqual(['created', 'created']);
      const again = await Promise.all(calls.map(accept));
      expect(outcomes(again)).toEqual(['replayed', 'replayed']);
      expect(again.map((each) => requestOf(each)?.id)).toEqual(first.map((each) => requestOf(each)?.id));
    });

    it('makes two requests of two keys: the client has said what it means by the same', async () => {
      const both = [await accept({ ...body, idempotencyKey: 'k-a' }), await accept({ ...body, idempotencyKey: 'k-b' })];
      expect(outcomes(both)).toEqual(['created', 'created']);
    });
  });

  describe('without a key', () => {
    it('row 3: answers with the open request that asks for the same', async () => {
      const first = await accept({ mediaId: 'media-open' });
      const again = await accept({ mediaId: 'media-open' });
      expect([again.outcome, requestOf(again)?.id]).toEqual(['deduplicated', requestOf(first)?.id]);
      expect(await counted('media-open')).toEqual({ requests: 1, jobs: 1, lines: 1 });
    });

    it('finds an open job that was asked for with a key, too', async () => {
      const first = await accept({ mediaId: 'media-keyed', idempotencyKey: 'k-open' });
      const again = await accept({ mediaId: 'media-keyed' });
      expect([again.outcome, requestOf(again)?.id]).toEqual(['deduplicated', requestOf(first)?.id]);
    });

    it.each<[string, DraftOptions]>([
      ['client', { client: 'vera' }],
      ['region', { region: 'cn-beijing' }],
      ['media', { mediaId: 'media-same-2' }],
      ['type', { types: ['AIMediaDNA'] }],
      ['config of the type', { config: { AIVideoTag: { a: 2 } } }],
    ])('takes another %s for another job', async (_what, other) => {
      const same = { mediaId: 'media-same', config: { AIVideoTag: { a: 1 } } };
      await accept(same);
      expect((await accept({ ...same, ...other })).outcome).toBe('created');
    });

    it('takes the config of another type, labels and priority for the same job', async () => {
      await accept({ mediaId: 'media-rest' });
      const again = await accept({ mediaId: 'media-rest', labels: { a: 'b' }, priority: 'high', extend: 'x' });
      expect(again.outcome).toBe('deduplicated');
    });

    it('starts anew when the job is over', async () => {
      const over = await fixture.jobIn('succeeded');
      expect((await accept({ mediaId: over.mediaId })).outcome).toBe('created');
    });

    it('adds only what is missing when a part is open, and shows both', async () => {
      const [tagging] = jobIdsOf(await accept({ mediaId: 'media-part' })) ?? [];
      const both = await accept({ mediaId: 'media-part', types: ['AIVideoTag', 'AIMediaDNA'] });
      expect(both.outcome).toBe('created');
      expect(requestOf(both)?.jobs).toEqual([
        expect.objectContaining({ id: tagging, type: 'AIVideoTag' }),
        expect.objectContaining({ type: 'AIMediaDNA', state: 'queued' }),
      ]);
      expect((await requests.get(requestOf(both)?.id ?? ''))?.jobs.map(({ id }) => id)).toEqual(jobIdsOf(both));
      expect(await counted('media-part')).toEqual({ requests: 2, jobs: 2, lines: 2 });
    });

    it('makes a request without a job of its own when two others serve it together', async () => {
      const [tagging] = jobIdsOf(await accept({ mediaId: 'media-two', types: ['AIVideoTag'] })) ?? [];
      const [fingerprinting] = jobIdsOf(await accept({ mediaId: 'media-two', types: ['AIMediaDNA'] })) ?? [];
      const both = await accept({ mediaId: 'media-two', types: ['AIVideoTag', 'AIMediaDNA'] });
      expect([both.outcome, jobIdsOf(both)]).toEqual(['deduplicated', [tagging, fingerprinting]]);
      expect(await counted('media-two')).toMatchObject({ jobs: 2 });
    });

    it('row 3: doubles what is open when it is forced to, and notes that in the history', async () => {
      await accept({ mediaId: 'media-forced' });
      const forced = await accept({ mediaId: 'media-forced', force: true });
      expect(forced.outcome).toBe('created');
      const [line] = await fixture.reads().history(jobIdsOf(forced)?.[0] ?? '');
      expect(line).toMatchObject({ event: 'created', actor: 'otto', detail: { forced: true } });
      expect(await counted('media-forced')).toMatchObject({ jobs: 2 });
    });
  });

  describe('at the same moment', () => {
    const fourStores = async () => (await fixture.connections(4)).map((db) => new RequestStore(db));

    it('row 2: makes one request of twenty identical ones from four processes', async () => {
      const stores = await fourStores();
      const drafts = Array.from({ length: 20 }, () => fixture.draft({ mediaId: 'media-crowd' }));
      const crowd = await Promise.all(drafts.map((draft, i) => stores[i % 4]?.accept(draft) as Promise<Acceptance>));
      expect(outcomes(crowd)).toEqual(['created', ...Array<string>(19).fill('deduplicated')]);
      expect(new Set(crowd.map((each) => requestOf(each)?.id)).size).toBe(1);
      expect(await counted('media-crowd')).toEqual({ requests: 1, jobs: 1, lines: 1 });
    });

    it('makes one request of twenty calls with one idempotency key', async () => {
      const stores = await fourStores();
      const drafts = Array.from({ length: 20 }, () =>
        fixture.draft({ mediaId: 'media-crowd-k', idempotencyKey: 'crowd' }),
      );
      const crowd = await Promise.all(drafts.map((draft, i) => stores[i % 4]?.accept(draft) as Promise<Acceptance>));
      expect(outcomes(crowd)).toEqual(['created', ...Array<string>(19).fill('replayed')]);
      expect(await counted('media-crowd-k')).toMatchObject({ requests: 1 });
    });

    // Both have looked and found nothing; then one is first, and the other must read what it stored.
    it.each<[string, DraftOptions, string]>([
      ['natural key', { mediaId: 'media-lost' }, 'deduplicated'],
      ['idempotency key', { mediaId: 'media-lost-k', idempotencyKey: 'lost' }, 'replayed'],
    ])('row 2: reads the request of the winner when it loses the race for the %s', async (_what, draft, outcome) => {
      const [ours, theirs] = [fixture.draft(draft), fixture.draft(draft)];
      const other = new RequestStore(await fixture.connect());
      const release = await fixture.hold('lock table request in share mode');
      const race = Promise.all([requests.accept(ours), other.accept(theirs)]);
      await fixture.untilWaiting(2);
      await release();
      const both = await race;
      expect(outcomes(both)).toEqual(['created', outcome]);
      expect(requestOf(both[0])?.id).toBe(requestOf(both[1])?.id);
    });

    it('stores two batches with the same keys in opposite orders: neither waits for the other for ever', async () => {
      const other = new RequestStore(await fixture.connect());
      const keys = ['order-a', 'order-m', 'order-z'];
      const batch = (store: RequestStore, inOrder: string[]) =>
        inOrder.map((idempotencyKey) => store.accept(fixture.draft({ mediaId: idempotencyKey, idempotencyKey })));
      // Both come to a stop at the one in the middle, whatever they have by then.
      const release = await fixture.hold(
        `insert into request (id, client, idempotency_key, body_hash, media_id, region, priority, created_at)
         values (gen_random_uuid(), '${fixture.draft({}).client}', 'order-m', '', '', '', 1, now());
         delete from request where idempotency_key = 'order-m'`,
      );
      const both = Promise.all([...batch(requests, keys), ...batch(other, keys.toReversed())]);
      await fixture.untilWaiting(2);
      await release();
      expect(outcomes(await both)).toEqual([...Array<string>(3).fill('created'), ...Array<string>(3).fill('replayed')]);
    });

    it('commits a batch together, though two of it ask for the same', async () => {
      const medias = ['media-twice', 'media-twice', 'media-beside'];
      const batch = await Promise.all(medias.map((mediaId) => accept({ mediaId })));
      expect(batch.map(({ outcome }) => outcome)).toEqual(['created', 'deduplicated', 'created']);
      const rows = await fixture.query<{ by: string }>(
        'select xmin::text as by from request where media_id = any($1::text[])',
        [medias],
      );
      expect([rows.length, new Set(rows.map(({ by }) => by)).size]).toEqual([2, 1]);
    });

    it('lets one bad request of a batch fail alone', async () => {
      const bad = { ...fixture.draft(), region: null as unknown as string };
      const [good, refused] = await Promise.allSettled([accept({ mediaId: 'media-good' }), requests.accept(bad)]);
      expect(good).toMatchObject({ status: 'fulfilled', value: { outcome: 'created' } });
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: '23502' } });
    });
  });
});
