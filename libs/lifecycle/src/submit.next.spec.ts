import { closeServers, serveHttp, type Loopback } from '../../vod/test/loopback';
import { accepted, freshId, refusal } from '../test/vod-answers';
import { REGION, World } from '../test/world';
import { Pacer } from './pacer';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(async () => {
  await closeServers();
  await world.close();
});

const NEXT = { next: true } as const;

/** VOD that accepts jobs of one type each, and notes when each call came. */
async function accepting(came: (mediaId: string | undefined) => unknown = () => undefined): Promise<Loopback> {
  return serveHttp(async (response, { params }) => {
    await came(params['MediaId']);
    accepted([{ Type: String(params['Types']), JobId: freshId() }])(response);
  });
}

describe('What is next', () => {
  it('is claimed and sent, each request by a call of its own, and told before the first of them is answered', async () => {
    const requests = await Promise.all([world.accept(), world.accept(['AIMediaDNA'])]);
    const handed = world.heard('dispatch.handed');
    const goOn = jest.fn();
    const called: { mediaId: string | undefined; told: number }[] = [];
    const vod = await accepting((mediaId) => called.push({ mediaId, told: goOn.mock.calls.length }));
    await world.submit(world.vod(vod.url)).submit(REGION, NEXT, goOn);

    expect(called).toHaveLength(2);
    for (const { mediaId } of requests) expect(called).toContainEqual({ mediaId, told: 1 });
    expect(handed).toEqual([{ queue: 'submit', region: REGION, jobs: 2 }]);
    for (const { jobIds } of requests) {
      expect(await world.job(jobIds[0])).toMatchObject({ state: 'processing', attempts: 1 });
    }
  });

  it('is told to nobody when it is a single one: there is hardly another behind it', async () => {
    await world.accept();
    const goOn = jest.fn();
    const vod = await accepting();
    await world.submit(world.vod(vod.url)).submit(REGION, NEXT, goOn);
    expect([vod.received.length, goOn.mock.calls.length]).toEqual([1, 0]);
  });

  it('is nothing when nothing is queued: nobody is told to go on, or two of them would for ever', async () => {
    const handed = world.heard('dispatch.handed');
    const goOn = jest.fn();
    const vod = await accepting();
    await world.submit(world.vod(vod.url)).submit(REGION, NEXT, goOn);
    expect(goOn).not.toHaveBeenCalled();
    expect([handed, vod.received]).toEqual([[], []]);
  });

  it('is sent in the order of urgency, and no call before VOD’s limit has room for it', async () => {
    await world.stores.pace.setQuotas([REGION], { SubmitAIJob: 5 / 0.985 }); // one each 200 ms
    const later = await world.accept();
    const urgent = await world.accept(['AIVideoTag'], { priority: 'high' });
    const came = new Map<string | undefined, number>();
    const vod = await accepting((mediaId) => came.set(mediaId, performance.now()));
    const before = performance.now();
    await world.submit(world.vod(vod.url)).submit(REGION, NEXT);
    expect([...came.keys()]).toEqual([urgent.mediaId, later.mediaId]);
    expect((came.get(later.mediaId) ?? 0) - before).toBeGreaterThanOrEqual(199);
  });

  it('waits, already claimed, when VOD asks for fewer calls before its moment', async () => {
    await world.accept();
    const pacer = new Pacer(world.stores.pace, world.signals);
    const before = performance.now();
    await pacer.pause('submit', REGION, 'SubmitAIJob', 300, 'Throttling.User');
    await world.db.query('delete from pace'); // as it was when the job was claimed
    let came = 0;
    const vod = await accepting(() => (came = performance.now()));
    await world.submit(world.vod(vod.url), { pacer }).submit(REGION, NEXT);
    expect(came - before).toBeGreaterThanOrEqual(299);
  });

  it('that VOD throttles makes the operation rest, for longer than VOD has asked for by chance', async () => {
    const { jobIds } = await world.accept();
    const closed = world.heard('queue.closed');
    const vod = await serveHttp(refusal('Throttling.User'));
    const before = Date.now();
    await world.submit(world.vod(vod.url)).submit(REGION, NEXT);
    expect(closed).toMatchObject([{ kind: 'submit', region: REGION, code: 'Throttling.User' }]);
    expect(closed[0]?.untilMs).toBeGreaterThanOrEqual(before + 1_500);
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'queued', attempts: 0 });
    const { startInMs } = await world.stores.pace.reserve(REGION, 'SubmitAIJob', 1);
    expect(startInMs).toBeLessThanOrEqual(1_500);
    expect((await world.stores.pace.reserve(REGION, 'SubmitAIMediaAuditJob', 1)).startInMs).toBeLessThan(1);
  });

  it('holds up nothing else when there is trouble with one of them, and tells of it', async () => {
    const [broken, whole] = [await world.accept(), await world.accept()];
    const { submissions } = world.openStores();
    const markSent = submissions.markSent.bind(submissions);
    submissions.markSent = (claim, signer) =>
      claim.requestId === broken.requestId ? Promise.reject(new Error('Postgres is away')) : markSent(claim, signer);
    const vod = await accepting();
    await expect(world.submit(world.vod(vod.url), { submissions }).submit(REGION, NEXT)).rejects.toThrow('is away');
    expect(vod.received).toHaveLength(1);
    expect(await world.job(whole.jobIds[0])).toMatchObject({ state: 'processing' });
    expect(await world.job(broken.jobIds[0])).toMatchObject({ state: 'submitting', submittedAt: null });
  });

  it('that was on its way when the account was blocked does not say that the account works again', async () => {
    await world.accept();
    const vod = await accepting(() => world.circuits.open(REGION, { code: 'Forbidden.RAM', message: '' }));
    await world.submit(world.vod(vod.url)).submit(REGION, NEXT);
    expect(await world.circuits.all()).toHaveLength(1);
  });
});
