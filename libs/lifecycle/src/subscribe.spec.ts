import { Signals } from '@app/observability';
import { otto, Told, vera } from '../../persistence/test/told';
import { Replay } from './replay';
import { Subscribe, type CheckTarget } from './subscribe';

const fields = {
  url: 'https://shop.example/vodai',
  events: ['job.succeeded' as const],
  types: null,
  labels: {},
  includeResult: false,
  paused: false,
};

describe('An endpoint that a client asks for', () => {
  let told: Told;
  let asked: string[];
  let refusal: string | null;
  let subscribe: Subscribe;
  let signals: Signals;
  const asOtto = { actor: 'otto', whose: otto };
  const asVera = { actor: 'vera', whose: vera };
  const check: CheckTarget = async (url) => {
    asked.push(url);
    return refusal === null ? { ok: true } : { ok: false, reason: refusal };
  };
  beforeAll(async () => {
    told = await Told.open();
    signals = new Signals();
    subscribe = new Subscribe(told.changes, told.endpoints, told.replays, check, signals);
  });
  afterAll(() => told.close());
  beforeEach(async () => {
    asked = [];
    refusal = null;
    await told.query(`truncate delivery_attempt, delivery, endpoint_secret, endpoint, reader`);
  });

  const add = async () => {
    const made = await subscribe.add(fields, 'otto');
    if (made.outcome !== 'done') throw new Error(`expected an endpoint, got ${made.outcome}`);
    return made;
  };

  it('comes with a secret of 32 random bytes, in the form of Standard Webhooks', async () => {
    const [first, second] = [await add(), await add()];
    expect(first.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(first.secret.slice('whsec_'.length), 'base64')).toHaveLength(32);
    expect(second.secret).not.toBe(first.secret);
    const { paused: _paused, ...shown } = fields;
    expect(first.endpoint).toMatchObject({ ...shown, pausedAt: null, client: 'otto', createdBy: 'otto' });
  });

  it('is not made when its URL may not be called, and the reason is said', async () => {
    refusal = 'it is somewhere inside';
    expect(await subscribe.add(fields, 'otto')).toEqual({ outcome: 'refused_url', reason: refusal });
    expect(await told.query('select from endpoint')).toEqual([]);
  });

  it('does not move to a URL that may not be called; other changes look nothing up', async () => {
    const { endpoint } = await add();
    refusal = 'it is somewhere inside';
    const url = 'https://inside.example/';
    expect(await subscribe.change(endpoint.id, asOtto, { url, paused: true })).toMatchObject({
      outcome: 'refused_url',
    });
    expect(await told.endpoints.one(endpoint.id, otto)).toEqual(endpoint);
    expect(await subscribe.change(endpoint.id, asOtto, { includeResult: true })).toMatchObject({
      outcome: 'done',
      endpoint: { includeResult: true },
    });
    expect(asked).toEqual([fields.url, url]);
  });

  it('is not there for another client, who has nothing looked up either', async () => {
    const { endpoint } = await add();
    const missing = { outcome: 'no_such_endpoint', id: endpoint.id };
    expect(await subscribe.change(endpoint.id, asVera, { url: 'https://evil.example/' })).toEqual(missing);
    expect(await subscribe.rotate(endpoint.id, asVera)).toEqual(missing);
    expect(await subscribe.test(endpoint.id, vera)).toEqual(missing);
    expect(await subscribe.remove(endpoint.id, asVera)).toEqual(missing);
    expect(asked).toEqual([fields.url]);
  });

  it('leaves a trace of whoever changes where one is told, and never of more than its host', async () => {
    const changed: object[] = [];
    const replayed: object[] = [];
    signals.on('endpoint.changed', (each) => changed.push(each));
    signals.on('delivery.replayed', (each) => replayed.push(each));
    const { endpoint } = await add();
    const admin = { actor: 'ada', whose: 'anybody' as const };
    await subscribe.change(endpoint.id, admin, { url: 'https://other.example:8443/t0ken', paused: true });
    await subscribe.rotate(endpoint.id, asOtto);
    const failed = [await told.delivery(endpoint.id, { state: 'failed' }), await told.delivery(endpoint.id)];
    const replay = new Replay(told.replays, told.deliveries, told.endpoints, signals);
    await replay.one(failed[0] ?? '', admin);
    await replay.one(failed[1] ?? '', admin); // it waits
    await replay.all({ endpoint: endpoint.id, only: 'failed' }, asVera); // not hers
    await told.query(`update delivery set state = 'failed', due_at = null, settled_at = now()`);
    await replay.all({ endpoint: endpoint.id, only: 'failed' }, asOtto);
    await subscribe.remove(endpoint.id, asOtto);

    const is = { endpointId: endpoint.id, client: 'otto' };
    expect(changed).toEqual([
      { change: 'added', ...is, host: 'shop.example', paused: false, actor: 'otto' },
      { change: 'changed', ...is, host: 'other.example:8443', paused: true, actor: 'ada' },
      { change: 'rotated', ...is, host: 'other.example:8443', paused: true, actor: 'otto' },
      { change: 'removed', ...is, host: 'other.example:8443', paused: true, actor: 'otto' },
    ]);
    expect(replayed).toEqual([
      { deliveries: 1, deliveryId: failed[0], endpointId: endpoint.id, actor: 'ada' },
      { deliveries: 2, endpointId: endpoint.id, actor: 'otto' },
    ]);
  });

  it('has another secret after a rotation', async () => {
    const { endpoint, secret } = await add();
    const rotated = await subscribe.rotate(endpoint.id, asOtto);
    expect(rotated).toMatchObject({ outcome: 'done', secret: expect.stringMatching(/^whsec_/) });
    expect(rotated).not.toMatchObject({ secret });
    expect(rotated).toMatchObject({ endpoint: { secrets: [{ expiresAt: null }, { expiresAt: expect.any(Date) }] } });
  });
});
