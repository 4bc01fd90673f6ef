import {
  type Answered,
  closeAll,
  connectAndSend,
  exchange,
  signedBytes,
  startEmulator,
  startReceiver,
  submit,
  until,
} from '../test/support';
import { type AnswerFault, faultRule } from './faults';

afterEach(closeAll);

const HOUR = 3_600_000;
const ONCE = { limit: 1 };
const submission = (MediaId = 'm', Types = 'AIVideoTag') => signedBytes('SubmitAIJob', { MediaId, Types });

/** An emulator whose first submission goes wrong. */
const startFaulty = (fault: AnswerFault) => startEmulator({ faults: [faultRule('SubmitAIJob', fault, ONCE)] });

const parsed = (text: string) => JSON.parse(text) as Answered['body'];

const LOST_BEFORE: AnswerFault[] = [
  { fault: 'drop_before' },
  { fault: 'http_5xx_before', status: 503 },
  { fault: 'html_before', status: 502 },
];
const LOST_AFTER: AnswerFault[] = [
  { fault: 'drop_after' },
  { fault: 'reset' },
  { fault: 'truncated' },
  { fault: 'garbage' },
  { fault: 'no_code_500' },
  { fault: 'http_5xx_after', status: 500 },
  { fault: 'html_after', status: 502 },
  { fault: 'delay', ms: 1 },
];

describe('a call that is lost before the gateway', () => {
  it.each(LOST_BEFORE)('by $fault is not billed, and the same bytes work when they come again', async (fault) => {
    const { url, emulator } = await startFaulty(fault);
    const bytes = submission();
    await exchange(url, bytes);
    expect([emulator.ledger(), emulator.jobs()]).toEqual([{ billed: 0, calls: {}, entries: [] }, []]);

    const again = await exchange(url, bytes);
    expect([again.status, emulator.ledger().billed]).toEqual([200, 1]);
  });
});

describe('a call that is lost between gateway and work', () => {
  it('by drop_before_work is not billed, and the same bytes are refused when they come again', async () => {
    const { url, emulator } = await startFaulty({ fault: 'drop_before_work' });
    const bytes = submission();
    expect(await exchange(url, bytes)).toMatchObject({ status: undefined, body: '', end: 'closed' });

    expect(parsed((await exchange(url, bytes)).body).Code).toBe('SignatureNonceUsed');
    expect([emulator.ledger().billed, emulator.jobs()]).toEqual([0, []]);
  });
});

describe('a call that is lost after the work', () => {
  it.each(LOST_AFTER)(
    'by $fault is billed once, and the same bytes are refused without being executed',
    async (fault) => {
      const { url, emulator } = await startFaulty(fault);
      const bytes = submission('m', 'AIVideoTag,AIMediaDNA');
      await exchange(url, bytes);
      const again = await exchange(url, bytes);
      expect([again.status, parsed(again.body).Code]).toEqual([400, 'SignatureNonceUsed']);

      const { billed, entries } = emulator.ledger();
      expect([billed, emulator.jobs().length]).toEqual([2, 2]);
      await until(() => emulator.jobs({ state: 'success' }).length === 2);

      // The journal leads to the ledger.
      const [entry] = emulator.faults().entries;
      expect(entry).toMatchObject({ fault: fault.fault, on: 'SubmitAIJob', mediaId: 'm', region: 'cn-shanghai' });
      expect(new Set(entry?.jobIds)).toEqual(new Set(entries.map(({ jobId }) => jobId)));
      expect(new Set(entries.map(({ requestId }) => requestId))).toEqual(new Set([entry?.requestId]));
    },
  );

  it('may be a refusal as well', async () => {
    const { url, emulator } = await startEmulator({
      faults: [faultRule('SubmitAIJob', { fault: 'drop_after' }, { nth: 2 })],
    });
    const bytes = submission();
    await exchange(url, bytes);
    expect(await exchange(url, bytes)).toMatchObject({ status: undefined, end: 'closed' });
    expect(emulator.ledger().billed).toBe(1);
  });
});

describe('what a client sees', () => {
  const JSON_TYPE = 'application/json;charset=utf-8';
  const HTML_TYPE = 'text/html;charset=utf-8';

  it.each<[AnswerFault, object]>([
    [{ fault: 'drop_before' }, { status: undefined, body: '', end: 'closed' }],
    [{ fault: 'drop_after' }, { status: undefined, body: '', end: 'closed' }],
    [{ fault: 'reset' }, { status: undefined, body: '', end: 'reset' }],
    [
      { fault: 'garbage' },
      { status: 200, contentType: JSON_TYPE, body: expect.stringMatching(/^\{'RequestId':'.*'AIJobList'.*\}$/) },
    ],
    [
      { fault: 'no_code_500' },
      { status: 500, contentType: JSON_TYPE, body: expect.stringMatching(/^\{"RequestId":"[0-9A-F-]+"\}$/) },
    ],
    [
      { fault: 'http_5xx_before', status: 500 },
      { status: 500, body: expect.stringContaining('"InternalError"') },
    ],
    [
      { fault: 'http_5xx_after', status: 503 },
      { status: 503, body: expect.stringContaining('"ServiceUnavailable"') },
    ],
    [
      { fault: 'http_5xx_after', status: 503, code: 'ServiceUnAvailable' },
      { status: 503, body: expect.stringContaining('"Code":"ServiceUnAvailable"') },
    ],
    [
      { fault: 'http_5xx_after', status: 504, code: null },
      { status: 504, body: '' },
    ],
    [
      { fault: 'html_before', status: 502 },
      { status: 502, contentType: HTML_TYPE, body: expect.stringMatching(/^<html/) },
    ],
    [
      { fault: 'html_after', status: 200 },
      { status: 200, contentType: HTML_TYPE, body: expect.stringMatching(/^<html/) },
    ],
  ])('of %j', async (fault, seen) => {
    const { url } = await startFaulty(fault);
    expect(await exchange(url, submission())).toMatchObject(seen);
  });

  it('of truncated: a head that promises more than comes', async () => {
    const { url } = await startFaulty({ fault: 'truncated' });
    const { status, contentType, length, body } = await exchange(url, submission());
    expect([status, contentType]).toEqual([200, JSON_TYPE]);
    expect(body).toMatch(/^\{"RequestId"/);
    expect(body).toHaveLength(Math.floor((length ?? 0) / 2));
  });

  it.each<[AnswerFault, object]>([
    [{ fault: 'drop_before' }, { code: 'ECONNRESET' }],
    [{ fault: 'drop_after' }, { code: 'ECONNRESET' }],
    [{ fault: 'reset' }, { code: 'ECONNRESET' }],
    [{ fault: 'html_after', status: 502 }, { name: 'SyntaxError' }],
    [{ fault: 'garbage' }, { name: 'SyntaxError' }],
  ])('through pop-core, of %j', async (fault, error) => {
    const { ask } = await startFaulty(fault);
    await expect(ask('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag' })).rejects.toMatchObject(error);
  });

  it('through pop-core, of no_code_500: a success without jobs', async () => {
    const { ask } = await startFaulty({ fault: 'no_code_500' });
    const { body } = await ask('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag' });
    expect(Object.keys(body)).toEqual(['RequestId']);
  });

  it.each(['ListAIJob', 'GetAIVideoTagResult', 'GetMediaDNAResult', 'ListJobInfo'] as const)(
    'of %s, which can be lost as well',
    async (on) => {
      const { ask } = await startEmulator({ faults: [faultRule(on, { fault: 'drop_after' }, ONCE)] });
      const call = () => ask(on, { MediaId: 'm', JobIds: 'x', JobType: 'ai' });
      await expect(call()).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect((await call()).status).toBe(200);
    },
  );
});

describe('a delay', () => {
  it('of the answer lets the job run meanwhile', async () => {
    const receiver = await startReceiver();
    const { url, emulator } = await startEmulator({
      callback: { url: receiver.url },
      faults: [faultRule('SubmitAIJob', { fault: 'delay', ms: HOUR })],
    });
    const { socket } = connectAndSend(url, submission());
    await receiver.arrivedAtLeast(1);
    expect([emulator.jobs()[0]?.state, socket.bytesRead]).toEqual(['success', 0]);
    socket.destroy();
  });

  it('of the answer ends', async () => {
    const { ask } = await startFaulty({ fault: 'delay', ms: 30 });
    const started = performance.now();
    await submit(ask, 'm');
    // A timer may be a millisecond early.
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
  });

  it('before the gateway ends in the work, although the client has gone', async () => {
    const { url, emulator } = await startFaulty({ fault: 'delay_before', ms: 30 });
    const { socket } = connectAndSend(url, submission());
    await until(() => emulator.faults().fired === 1);
    expect(emulator.ledger().billed).toBe(0);
    socket.destroy();
    await until(() => emulator.jobs({ state: 'success' }).length === 1);
    expect(emulator.ledger().billed).toBe(1);
  });
});

describe('a refusal', () => {
  it.each([undefined, 'Throttling', 'Throttling.Api'])('for too many calls (%s) uses up the nonce', async (code) => {
    const { url, emulator } = await startFaulty({ fault: 'throttle', code });
    const bytes = submission();
    const { status, body } = await exchange(url, bytes);
    expect([status, parsed(body).Code]).toEqual([400, code ?? 'Throttling.User']);
    expect(parsed((await exchange(url, bytes)).body).Code).toBe('SignatureNonceUsed');
    expect(emulator.ledger()).toMatchObject({ billed: 0, calls: { SubmitAIJob: { ok: 0, throttled: 1, refused: 1 } } });
  });

  it.each([
    [403, 'Forbidden.RAM'],
    [403, 'OperationDenied.Suspended'],
    [404, 'InvalidAccessKeyId.NotFound'],
    [500, 'InternalError'],
  ])('%d %s of an account in trouble costs nothing', async (status, code) => {
    const { ask, emulator } = await startFaulty({ fault: 'error', status, code });
    const answered = await ask('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag' });
    expect(answered).toMatchObject({ status, body: { Code: code, HostId: 'vod.cn-shanghai.aliyuncs.com' } });
    expect(emulator.ledger()).toMatchObject({ billed: 0, calls: { SubmitAIJob: { ok: 0, refused: 1 } } });
    await submit(ask, 'm');
    expect(emulator.ledger().billed).toBe(1);
  });

  it('of the gateway itself comes first', async () => {
    const { url, emulator } = await startFaulty({ fault: 'error', status: 403, code: 'Forbidden.RAM' });
    const forged = submission().replace('Signature=', 'Signature=A');
    expect(parsed((await exchange(url, forged)).body).Code).not.toBe('Forbidden.RAM');
    expect(emulator.faults().fired).toBe(0);
  });
});
