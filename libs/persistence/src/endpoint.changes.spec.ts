import { draft, otto, Told, vera } from '../test/told';

describe('An endpoint', () => {
  let told: Told;
  beforeAll(async () => {
    told = await Told.open();
  });
  afterAll(() => told.close());
  beforeEach(() => told.query(`truncate delivery_attempt, delivery, endpoint_secret, endpoint, reader`));

  const position = async () => (await told.query<{ position: string }>(`select position from reader`))[0]?.position;
  /** A transaction more, so that every snapshot after it is another one. */
  const goOn = () => told.query(`select pg_current_xact_id()`);
  const secretsOf = async (id: string) =>
    told.query<{ secret: string; valid: boolean; lasts: boolean }>(
      `select secret, expires_at is null or expires_at > now() as valid, expires_at is null as lasts
         from endpoint_secret where endpoint_id = $1 order by created_at`,
      [id],
    );

  it('is shown as it was made, without its secret, to its client and to whoever looks after all', async () => {
    const made = draft({ types: ['AIMediaDNA'], labels: { team: 'a:b' }, includeResult: true, events: ['job.held'] });
    expect(await told.changes.add(made, 10)).toBe(true);
    const { secret, paused: _paused, ...fields } = made;
    const shown = await told.endpoints.one(made.id, otto);
    expect(shown).toEqual({
      ...fields,
      pausedAt: null,
      pauseReason: null,
      failingSince: null,
      waiting: 0,
      secrets: [{ createdAt: expect.any(Date), expiresAt: null }],
      createdAt: expect.any(Date),
    });
    expect(await told.endpoints.one(made.id, 'anybody')).toEqual(shown);
    expect(JSON.stringify(shown)).not.toContain(secret);
    expect(await secretsOf(made.id)).toEqual([{ secret, valid: true, lasts: true }]);
    await expect(told.api.query('select secret from endpoint_secret')).rejects.toThrow(/permission denied/);
  });

  it('is nothing that another client sees, changes, rotates or removes', async () => {
    const id = await told.endpoint();
    expect(await told.endpoints.one(id, vera)).toBeNull();
    expect(await told.endpoints.list(vera, { limit: 10 })).toEqual([]);
    expect(await told.changes.change(id, vera, { url: 'https://evil.example/' })).toBe(false);
    expect(await told.changes.rotate(id, vera, 'whsec_theirs')).toBe(false);
    expect(await told.changes.remove(id, vera)).toBe(false);
    expect(await told.endpoints.one(id, otto)).toMatchObject({ url: 'https://shop.example/vodai' });
    expect(await secretsOf(id)).toHaveLength(1);
  });

  it('is listed newest first, page by page', async () => {
    const ids = [await told.endpoint(), await told.endpoint(), await told.endpoint()].toReversed();
    const listed = async (before?: string) =>
      (await told.endpoints.list(otto, { limit: 2, before })).map(({ id }) => id);
    expect(await listed()).toEqual(ids.slice(0, 2));
    expect(await listed(ids[1])).toEqual(ids.slice(2));
  });

  it('is one of so many of its client, however many come at the same moment', async () => {
    const added = await Promise.all(Array.from({ length: 8 }, () => told.changes.add(draft(), 3)));
    expect(added.filter(Boolean)).toHaveLength(3);
    expect(await told.endpoints.list(otto, { limit: 10 })).toHaveLength(3);
    expect(await told.changes.add(draft({ client: 'vera' }), 3)).toBe(true);
    const [newest] = await told.endpoints.list(otto, { limit: 1 });
    await told.changes.remove(newest?.id ?? '', otto);
    expect(await told.changes.add(draft(), 3)).toBe(true);
  });

  it('has the history read from when it was made, if it is the first, and from where it is read if it is not', async () => {
    await told.endpoint();
    const begun = await position();
    await goOn();
    const second = await told.endpoint();
    expect(await position()).toBe(begun);
    for (const { id } of await told.endpoints.list('anybody', { limit: 10 })) await told.changes.remove(id, otto);
    expect(await told.endpoints.one(second, otto)).toBeNull();
    await goOn();
    await told.endpoint();
    expect(await position()).not.toBe(begun);
  });

  it('keeps what is not named in a change', async () => {
    const id = await told.endpoint({ types: ['AIMediaDNA'], labels: { team: 'a' } });
    const before = await told.endpoints.one(id, otto);
    expect(await told.changes.change(id, otto, {})).toBe(true);
    expect(await told.endpoints.one(id, otto)).toEqual(before);
    await told.changes.change(id, 'anybody', { types: null, events: ['job.expired'] });
    expect(await told.endpoints.one(id, otto)).toEqual({ ...before, types: null, events: ['job.expired'] });
    await told.changes.change(id, otto, { labels: {}, includeResult: true, url: 'https://other.example/' });
    expect(await told.endpoints.one(id, otto)).toEqual({
      ...before,
      types: null,
      events: ['job.expired'],
      labels: {},
      includeResult: true,
      url: 'https://other.example/',
    });
  });

  it('that goes on after a pause, of whatever reason, has what waits due at once, for three days anew', async () => {
    const id = await told.endpoint();
    const [waiting, delivered] = [await told.delivery(id), await told.delivery(id, { state: 'delivered' })];
    await told.changes.change(id, otto, { paused: true });
    const paused = await told.endpoints.one(id, otto);
    expect(paused).toMatchObject({ pausedAt: expect.any(Date), pauseReason: 'person', waiting: 1 });
    expect(await told.deliveries.one(waiting, otto)).toMatchObject({ state: 'waiting', dueAt: null });
    await told.changes.change(id, otto, { paused: true });
    expect(await told.endpoints.one(id, otto)).toEqual(paused);

    await told.query(`update endpoint set pause_reason = 'gone', failing_since = now(), rest_until = now()`);
    await told.changes.change(id, otto, { paused: false });
    expect(await told.endpoints.one(id, otto)).toMatchObject({ pausedAt: null, pauseReason: null, failingSince: null });
    expect(await told.query(`select from endpoint where rest_until is not null`)).toEqual([]);
    expect(await told.row(waiting)).toMatchObject({ state: 'waiting', isDue: true, tries: 0, tried_since: null });
    expect(await told.row(delivered)).toMatchObject({ state: 'delivered', due_at: null });
  });

  it('that goes on although it was not paused leaves its tries where they are', async () => {
    const id = await told.endpoint();
    const waiting = await told.delivery(id);
    await told.changes.change(id, otto, { paused: false });
    expect(await told.row(waiting)).toMatchObject({ isDue: false, tries: 4 });
  });

  it('with another URL has what waits sent there at once, unless it is paused', async () => {
    const id = await told.endpoint();
    const waiting = await told.delivery(id);
    await told.query(`update endpoint set failing_since = now()`);
    await told.changes.change(id, otto, { url: 'https://other.example/', paused: true });
    expect(await told.row(waiting)).toMatchObject({ isDue: false });
    await told.changes.change(id, otto, { paused: false });
    await told.query(`update delivery set due_at = now() + interval '1 hour', tries = 3`);
    await told.changes.change(id, otto, { url: 'https://third.example/' });
    expect(await told.row(waiting)).toMatchObject({ isDue: true, tries: 0 });
    expect(await told.endpoints.one(id, otto)).toMatchObject({ failingSince: null });
  });

  it('has two secrets for a day after a rotation, and never three', async () => {
    const id = await told.endpoint({ secret: 'whsec_first' });
    await told.changes.rotate(id, otto, 'whsec_second');
    expect(await secretsOf(id)).toEqual([
      { secret: 'whsec_first', valid: true, lasts: false },
      { secret: 'whsec_second', valid: true, lasts: true },
    ]);
    const shown = await told.endpoints.one(id, otto);
    const [second, first] = shown?.secrets ?? [];
    expect(second?.expiresAt).toBeNull();
    expect(Number(first?.expiresAt) - Number(second?.createdAt)).toBeGreaterThan(23 * 3_600_000);
    await told.changes.rotate(id, otto, 'whsec_third');
    expect((await secretsOf(id)).map(({ secret, valid }) => [secret, valid])).toEqual([
      ['whsec_first', false],
      ['whsec_second', true],
      ['whsec_third', true],
    ]);
  });

  it('that is removed is told nothing any more; what it was told stays', async () => {
    const id = await told.endpoint();
    const [waiting, delivered] = [await told.delivery(id), await told.delivery(id, { state: 'delivered' })];
    expect(await told.changes.remove(id, otto)).toBe(true);
    expect(await told.changes.remove(id, otto)).toBe(false);
    expect(await told.changes.change(id, otto, { paused: false })).toBe(false);
    expect(await told.endpoints.one(id, otto)).toBeNull();
    expect(await told.deliveries.one(waiting, otto)).toMatchObject({
      state: 'dropped',
      dueAt: null,
      settledAt: expect.any(Date),
    });
    expect(await told.deliveries.one(delivered, otto)).toMatchObject({
      state: 'delivered',
      url: 'https://shop.example/vodai',
    });
    expect((await secretsOf(id)).map(({ valid }) => valid)).toEqual([false]);
  });
});
