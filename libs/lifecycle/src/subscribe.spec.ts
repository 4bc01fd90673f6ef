import { otto, Told, vera } from '../../persistence/test/told';
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
  const check: CheckTarget = async (url) => {
    asked.push(url);
    return refusal === null ? { ok: true } : { ok: false, reason: refusal };
  };
  beforeAll(async () => {
    told = await Told.open();
    subscribe = new Subscribe(told.changes, told.endpoints, told.replays, check);
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
    expect(first.endpoint).toMatchObject({ ...fields, paused: undefined, client: 'otto', createdBy: 'otto' });
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
    expect(await subscribe.change(endpoint.id, otto, { url, paused: true })).toMatchObject({ outcome: 'refused_url' });
    expect(await told.endpoints.one(endpoint.id, otto)).toEqual(endpoint);
    expect(await subscribe.change(endpoint.id, otto, { includeResult: true })).toMatchObject({
      outcome: 'done',
      endpoint: { includeResult: true },
    });
    expect(asked).toEqual([fields.url, url]);
  });

  it('is not there for another client, who has nothing looked up either', async () => {
    const { endpoint } = await add();
    const missing = { outcome: 'no_such_endpoint', id: endpoint.id };
    expect(await subscribe.change(endpoint.id, vera, { url: 'https://evil.example/' })).toEqual(missing);
    expect(await subscribe.rotate(endpoint.id, vera)).toEqual(missing);
    expect(await subscribe.test(endpoint.id, vera)).toEqual(missing);
    expect(await subscribe.remove(endpoint.id, vera)).toEqual(missing);
    expect(asked).toEqual([fields.url]);
  });

  it('has another secret after a rotation', async () => {
    const { endpoint, secret } = await add();
    const rotated = await subscribe.rotate(endpoint.id, otto);
    expect(rotated).toMatchObject({ outcome: 'done', secret: expect.stringMatching(/^whsec_/) });
    expect(rotated).not.toMatchObject({ secret });
    expect(rotated).toMatchObject({ endpoint: { secrets: [{ expiresAt: null }, { expiresAt: expect.any(Date) }] } });
  });
});
