import { type Ask, closeAll, startEmulator, startReceiver, submit, until } from '../test/support';
import type { Emulator } from './emulator';
import type { FaultRule } from './faults';
import { faultRule } from './index';

afterEach(closeAll);

const REFUSED = { fault: 'error', status: 403, code: 'Forbidden.RAM' } as const;
const refuse = (when?: FaultRule['when'], id?: string) => faultRule('SubmitAIJob', REFUSED, when, id);

/** Submits these media one after the other and answers the ones that were refused. */
async function refusedOf(ask: Ask, media: string[]): Promise<string[]> {
  const refused = [];
  for (const MediaId of media) {
    const { status } = await ask('SubmitAIJob', { MediaId, Types: 'AIVideoTag' });
    if (status !== 200) refused.push(MediaId);
  }
  return refused;
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1));

async function put(url: string, settings: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${url}/_emulator/settings`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('a rule', () => {
  it.each<[FaultRule['when'], string[]]>([
    [undefined, ['1', '2', '3', '4', '5', '6']],
    [{}, ['1', '2', '3', '4', '5', '6']],
    [{ nth: 2 }, ['2']],
    [{ nth: { every: 2 } }, ['2', '4', '6']],
    [{ limit: 2 }, ['1', '2']],
    [{ nth: { every: 2 }, limit: 2 }, ['2', '4']],
    [{ mediaId: '3' }, ['3']],
    [{ probability: 0 }, []],
    [{ probability: 1, nth: 3 }, ['3']],
  ])('with %j strikes where all of it holds', async (when, struck) => {
    const { ask } = await startEmulator({ faults: [refuse(when)] });
    expect(await refusedOf(ask, numbered(6))).toEqual(struck);
  });

  it.each<[string, string[]]>([
    ['lost*', ['lost', 'lost-1']],
    ['lost', ['lost']],
    ['*', ['lost', 'lost-1', 'not-lost', 'a*']],
    ['a*', ['a*']],
  ])('is about the media %s', async (mediaId, struck) => {
    const { ask } = await startEmulator({ faults: [refuse({ mediaId })] });
    expect(await refusedOf(ask, ['lost', 'lost-1', 'not-lost', 'a*'])).toEqual(struck);
  });

  it('counts the calls of its media only', async () => {
    const { ask } = await startEmulator({ faults: [refuse({ mediaId: 'b*', nth: 2 })] });
    expect(await refusedOf(ask, ['b1', 'a1', 'a2', 'b2', 'b3'])).toEqual(['b2']);
  });

  it('for reads is about the media of the jobs that are asked for', async () => {
    const rule = faultRule('ListAIJob', REFUSED, { mediaId: 'b' });
    const { ask } = await startEmulator({ faults: [rule] });
    const [a, b] = [await submit(ask, 'a'), await submit(ask, 'b')];
    const statusOf = async (JobIds: string) => (await ask('ListAIJob', { JobIds })).status;
    expect([await statusOf(a), await statusOf(b)]).toEqual([200, 403]);
    expect([await statusOf(`${a},${b}`), await statusOf('nobody')]).toEqual([403, 200]);
  });

  it('gives way to an earlier one, and counts on behind it', async () => {
    const { ask, emulator } = await startEmulator({
      faults: [refuse({ nth: 2 }, 'first'), refuse({ nth: { every: 2 } }, 'second')],
    });
    expect(await refusedOf(ask, numbered(4))).toEqual(['2', '4']);
    expect(emulator.faults().rules).toEqual({ first: 1, second: 1 });
  });

  it('leaves the other operations alone', async () => {
    const { ask, emulator } = await startEmulator({ faults: [refuse()] });
    expect((await ask('ListAIJob', { JobIds: 'x' })).status).toBe(200);
    expect((await ask('event', {})).body.Code).toBe('InvalidApi.NotFound');
    expect(emulator.faults().fired).toBe(0);
  });
});

describe('chance', () => {
  const media = numbered(60);
  const half = refuse({ probability: 0.5 }, 'half');

  it('falls the same way for the same seed, and another way for another', async () => {
    const first = await startEmulator({ faults: [half], faultSeed: 7 });
    const struck = await refusedOf(first.ask, media);
    expect(struck.length).toBeGreaterThan(10);
    expect(struck.length).toBeLessThan(50);

    const second = await startEmulator({ faults: [half], faultSeed: 7 });
    expect(await refusedOf(second.ask, media)).toEqual(struck);
    const third = await startEmulator({ faults: [half], faultSeed: 8 });
    expect(await refusedOf(third.ask, media)).not.toEqual(struck);
  });

  it('can be repeated with the seed that the settings show', async () => {
    const drawn = await startEmulator({ faults: [half] });
    const struck = await refusedOf(drawn.ask, media);
    const { faultSeed } = drawn.emulator.settings();
    expect(drawn.emulator.faults().seed).toBe(faultSeed);
    const repeated = await startEmulator({ faults: [half], faultSeed });
    expect(await refusedOf(repeated.ask, media)).toEqual(struck);
  });

  it('of a rule does not depend on the other rules', async () => {
    const alone = await startEmulator({ faults: [half], faultSeed: 7 });
    await refusedOf(alone.ask, media);
    const crowded = await startEmulator({
      faults: [refuse({ probability: 0.5 }, 'before'), half, refuse({ probability: 0.5 }, 'behind')],
      faultSeed: 7,
    });
    await refusedOf(crowded.ask, media);
    const byRule = (emulator: Emulator, rule: string) =>
      emulator.faults().entries.flatMap((entry) => (entry.rule === rule ? [entry.mediaId] : []));
    const struck = byRule(alone.emulator, 'half');
    const before = byRule(crowded.emulator, 'before');
    expect(byRule(crowded.emulator, 'half')).toEqual(struck.filter((mediaId) => !before.includes(mediaId)));
  });

  it('starts again when the rules or the seed are set, and not with other settings', async () => {
    const { url, ask } = await startEmulator({ faults: [half], faultSeed: 7 });
    const struck = await refusedOf(ask, media);
    await put(url, { faults: [half] });
    expect(await refusedOf(ask, media)).toEqual(struck);
    await put(url, { faultSeed: 7 });
    expect(await refusedOf(ask, media.slice(0, 30))).toEqual(struck.filter((mediaId) => Number(mediaId) <= 30));
    await put(url, { failShare: 0 });
    expect(await refusedOf(ask, media.slice(30))).toEqual(struck.filter((mediaId) => Number(mediaId) > 30));
  });
});

describe('the journal of faults', () => {
  it('tells each fault that happened, newest first, with counts', async () => {
    const { url, ask, emulator } = await startEmulator({
      faultSeed: 7,
      faults: [
        refuse({ mediaId: 'a' }),
        faultRule('SubmitAIJob', { fault: 'throttle' }, { mediaId: 'b' }, 'busy'),
        refuse({ mediaId: 'c' }),
      ],
    });
    await refusedOf(ask, ['a', 'b', 'c', 'd']);

    const answer = await fetch(`${url}/_emulator/faults?limit=2`);
    expect(await answer.json()).toEqual({
      seed: 7,
      fired: 3,
      rules: { 'rule-1': 1, busy: 1, 'rule-3': 1 },
      faults: { error: 2, throttle: 1 },
      entries: [
        {
          at: expect.stringMatching(/Z$/),
          rule: 'rule-3',
          on: 'SubmitAIJob',
          fault: 'error',
          region: 'cn-shanghai',
          mediaId: 'c',
          requestId: expect.stringMatching(/^[0-9A-F-]{36}$/),
        },
        expect.objectContaining({ rule: 'busy', fault: 'throttle', mediaId: 'b' }),
      ],
    });
    expect([emulator.faults().entries.length, emulator.overview().faults]).toEqual([3, 3]);
  });

  it('outlives its rules', async () => {
    const { ask, emulator } = await startEmulator({ faults: [refuse()] });
    await refusedOf(ask, ['a']);
    emulator.configure({ faults: [] });
    await submit(ask, 'b');
    expect(emulator.faults()).toMatchObject({ fired: 1, entries: [{ mediaId: 'a' }] });
  });

  it('is bounded', async () => {
    const { ask, emulator } = await startEmulator({ faults: [refuse()], keep: 2 });
    await refusedOf(ask, ['a', 'b', 'c']);
    expect(emulator.faults().fired).toBe(3);
    expect(emulator.faults().entries.map(({ mediaId }) => mediaId)).toEqual(['c', 'b']);
  });
});

describe('reset', () => {
  it('forgets the rules that were set, the journal and what was counted', async () => {
    const { url, ask, emulator } = await startEmulator({ faults: [refuse({ nth: 1 })] });
    const { faultSeed } = emulator.settings();
    await refusedOf(ask, ['a']);
    await put(url, { faults: [refuse({ nth: 1 }, 'later')], faultSeed: 99, nonceMemory: 'off', listsAiJobs: false });
    await refusedOf(ask, ['b']);
    emulator.reset();

    expect(emulator.settings()).toMatchObject({ faultSeed, nonceMemory: 'on', listsAiJobs: true });
    expect(emulator.faults()).toEqual({ seed: faultSeed, fired: 0, rules: {}, faults: {}, entries: [] });
    expect(await refusedOf(ask, ['c', 'd'])).toEqual(['c']);
    expect(emulator.faults().rules).toEqual({ 'rule-1': 1 });
  });

  it('drops the events that are held back', async () => {
    const receiver = await startReceiver();
    const late = (ms: number, mediaId: string) => faultRule('event', { fault: 'late', ms }, { mediaId });
    const faults = [late(20, 'late'), late(40, 'fresh'), faultRule('event', { fault: 'reorder' }, { mediaId: 'held' })];
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url }, faults });
    await submit(ask, 'held');
    await submit(ask, 'late');
    await until(() => emulator.overview().callbacks.open === 2);
    emulator.reset();

    // Comes later than the late one would have, and would have released the held one.
    await submit(ask, 'fresh');
    await until(() => emulator.overview().callbacks.delivered === 1);
    expect(receiver.received.map(({ body }) => body['MediaId'])).toEqual(['fresh']);
  });

  it('leaves no timer of a held event behind', async () => {
    const late = faultRule('event', { fault: 'late', ms: 3_600_000 });
    const { ask, emulator } = await startEmulator({ callback: { url: 'http://127.0.0.1:1/' }, faults: [late] });
    for (const media of numbered(5)) await submit(ask, media);
    await until(() => emulator.overview().callbacks.open === 5);
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    emulator.reset();
    expect(timers()).toBeLessThanOrEqual(before - 5);
  });
});

describe('the settings of faults', () => {
  it('show what was set', async () => {
    const { url } = await startEmulator();
    const faults = [refuse({ nth: { every: 3 }, limit: 2 }, 'mine'), faultRule('event', { fault: 'late', ms: 5 })];
    expect(await put(url, { faults, faultSeed: 5 })).toMatchObject({ status: 200, body: { faults, faultSeed: 5 } });
  });

  it.each<[string, string]>([
    ['{"on":"SubmitAIJob"}', 'faults.0.then'],
    ['{"on":"SubmitAIJob","then":{"fault":"explode"}}', 'faults.0.then.fault'],
    ['{"on":"Submit","then":{"fault":"drop_after"}}', 'faults.0.on'],
    ['{"on":"event","then":{"fault":"drop_after"}}', 'faults.0.on'],
    ['{"on":"SubmitAIJob","then":{"fault":"lose"}}', 'faults.0.on'],
    ['{"on":"SubmitAIJob","then":{"fault":"vanished"}}', 'faults.0.on'],
    ['{"on":"ListAIJob","then":{"fault":"missing_type"}}', 'faults.0.on'],
    ['{"on":"SubmitAIJob","then":{"fault":"drop_after","ms":1}}', 'faults.0.then'],
    ['{"on":"SubmitAIJob","then":{"fault":"delay"}}', 'faults.0.then.ms'],
    ['{"on":"SubmitAIJob","then":{"fault":"delay","ms":-1}}', 'faults.0.then.ms'],
    ['{"on":"SubmitAIJob","then":{"fault":"http_5xx_after","status":404}}', 'faults.0.then.status'],
    ['{"on":"SubmitAIJob","then":{"fault":"throttle","code":"Busy"}}', 'faults.0.then.code'],
    ['{"on":"SubmitAIJob","then":{"fault":"drop_after"},"when":{"nth":0}}', 'faults.0.when.nth'],
    ['{"on":"SubmitAIJob","then":{"fault":"drop_after"},"when":{"often":true}}', 'faults.0.when'],
    ['{"on":"SubmitAIJob","then":{"fault":"drop_after"},"when":{"probability":2}}', 'faults.0.when.probability'],
    ['{"on":"SubmitAIJob","then":{"fault":"drop_after"},"unless":1}', 'faults.0'],
  ])('refuse %s and change nothing', async (rule, path) => {
    const { url, emulator } = await startEmulator({ faults: [refuse()] });
    const before = emulator.settings();
    expect(await put(url, { faults: [JSON.parse(rule)] })).toMatchObject({
      status: 400,
      body: { errors: [{ path, message: expect.any(String) }] },
    });
    expect(emulator.settings()).toEqual(before);
  });

  it('refuse two rules of one name', async () => {
    const { url } = await startEmulator();
    const { body } = await put(url, { faults: [refuse(), refuse({}, 'rule-1')] });
    expect(body['errors']).toEqual([{ path: 'faults.1.id', message: 'rule-1 is there twice' }]);
  });

  it('are checked as well when they are not set over HTTP', async () => {
    const wrong = [faultRule('event', { fault: 'drop_after' })];
    await expect(startEmulator({ faults: wrong })).rejects.toThrow('drop_after strikes on SubmitAIJob');
    const { emulator } = await startEmulator();
    expect(() => emulator.configure({ faults: wrong })).toThrow('drop_after strikes on SubmitAIJob');
    expect(emulator.settings().faults).toEqual([]);
  });
});
