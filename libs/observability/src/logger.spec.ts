import fc from 'fast-check';
import { inspect } from 'node:util';
import { createLogger, NestLogger, withoutSecrets } from './index';

function capture(format: 'json' | 'pretty' = 'json') {
  let text = '';
  const destination = { write: (line: string) => void (text += line) };
  const logger = createLogger({ level: 'trace', format, process: 'webhook', destination });
  const last = () => JSON.parse(text.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  return { logger, text: () => text, last };
}

describe('what could sign or open something', () => {
  it.each([
    [
      'a signed URL',
      'GET https://vod.cn-shanghai.aliyuncs.com/?AccessKeyId=canary1&Signature=canary2%3D&Action=X failed',
    ],
    [
      'a signed URL within a parameter',
      'callback=https%3A%2F%2Foss%2Fx%3FOSSAccessKeyId%3Dcanary%26Signature%3Dcanary2',
    ],
    ['a form body', 'Action=SubmitAIJob&SignatureNonce=canary&SecurityToken=canary2'],
    ['a CDN key', 'http://cdn/x.jpg?auth_key=1500000000-0-0-canary'],
    ['a header line', 'authorization: Bearer canary'],
    ['a signature header', 'X-VOD-SIGNATURE: canary'],
    ['a bearer token', 'refused Bearer canary'],
    ['a database URL', 'connect to postgres://app:ca:n@ry-canary@db:5432/vodai'],
    ['JSON', '{"headers":{"authorization":"Bearer canary, canary2","x-vod-signature":"canary3"}}'],
    ['JSON within JSON', JSON.stringify({ body: JSON.stringify({ Signature: 'canary', accessKeySecret: 'canary' }) })],
    ['JSON within JSON within JSON', JSON.stringify(JSON.stringify(JSON.stringify({ Signature: 'canary' })))],
    ['JSON with quotes in it', JSON.stringify({ secret: 'a"canary\\', password: '\\"canary', b: 1 })],
    ['a printed object', inspect({ accessKeySecret: 'canary', nested: { Signature: "it's canary" } })],
    ['a list of keys within JSON', JSON.stringify({ body: JSON.stringify({ keys: ['canary', 'canary2'] }) })],
    ['a list of keys', '{"keys":["canary","canary2"],"apiKeys":[{"name":"a","secret":"canary"}]}'],
  ])('is taken out of %s', (_where, text) => {
    expect(withoutSecrets(text)).not.toContain('canary');
    expect(withoutSecrets(text)).toContain('***');
  });

  it('is all that is taken out', () => {
    const harmless =
      '{"signature":"valid","code":"SignatureDoesNotMatch","url":"http://127.0.0.1:3000/v1/jobs?limit=5"}';
    expect(withoutSecrets(harmless)).toBe(harmless);
    expect(withoutSecrets('https://x/?Signature=abc&Action=ListAIJob')).toBe(
      'https://x/?Signature=***&Action=ListAIJob',
    );
  });

  it.each(['://', '\\', '"Signature":"', 'password', 'authorization ', 'Bearer ', '"keys":['])(
    'is looked for without being slowed down by a hundred thousand %j',
    (piece) => {
      const startedAt = performance.now();
      withoutSecrets(piece.repeat(100_000));
      expect(performance.now() - startedAt).toBeLessThan(5_000); // quadratic would take minutes
    },
  );
});

describe('the log', () => {
  it('is JSON with a level name, the time and the process', () => {
    const { logger, last } = capture();
    logger.info({ jobId: 'j' }, 'hello');
    expect(last()).toMatchObject({ level: 'info', process: 'webhook', jobId: 'j', msg: 'hello' });
    expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('has no secret, wherever it came in, and stays JSON', () => {
    const { logger, text, last } = capture();
    const cause = new Error('cause Signature=canary');
    const error = Object.assign(new Error('ReadTimeout https://x/?AccessKeyId=canary&Signature=canary', { cause }), {
      code: 'ETIMEDOUT',
      url: 'https://x/?foo=canary',
      entry: { request: { headers: { cookie: 'canary' } } },
    });
    logger.error(
      { err: error, req: { headers: { authorization: 'Bearer "canary"' } }, deep: { a: { b: { secret: 'canary' } } } },
      'failed: x-vod-signature: canary',
    );
    expect(text()).not.toContain('canary');
    expect(last()).toMatchObject({
      err: { name: 'Error', code: 'ETIMEDOUT', message: expect.stringContaining('ReadTimeout') },
    });
  });

  it('stays JSON, with every other field as it was, whatever a message looks like', () => {
    const piece = fc.constantFrom(
      'secret',
      'keys',
      'apiKeys',
      'Signature',
      'authorization',
      'password',
      ': ',
      ':',
      '=',
      "'",
      '"',
      '[',
      ']',
      '\\',
      '://',
      '@',
      '\n',
      'x',
      ' ',
      'Bearer ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, twice) => {
        const text = pieces.join('');
        const { logger, last } = capture();
        logger.info({ first: twice ? JSON.stringify({ text }) : text, jobId: 'j-1', keys: ['k'] }, text);
        expect(last()).toMatchObject({ process: 'webhook', jobId: 'j-1', keys: '***' });
      }),
      { numRuns: 2_000 },
    );
  });

  it('is for human eyes when asked to be pretty, and has no secret there either', () => {
    const { logger, text } = capture('pretty');
    logger.info({ jobId: 'j-1' }, 'hello Signature=canary');
    expect(text()).toMatch(/INFO.*hello/s);
    expect(text()).toContain('j-1');
    expect(text()).not.toContain('canary');
    expect(() => JSON.parse(text())).toThrow();
  });

  it('falls back to JSON and says so where pino-pretty is not installed', () => {
    jest.doMock('pino-pretty', () => {
      throw Object.assign(new Error("Cannot find module 'pino-pretty'"), { code: 'MODULE_NOT_FOUND' });
    });
    try {
      const { logger, text, last } = capture('pretty');
      expect(text()).toContain('pino-pretty is not installed');
      logger.info('hello');
      expect(last()).toMatchObject({ level: 'info', msg: 'hello' });
    } finally {
      jest.dontMock('pino-pretty');
    }
  });
});

describe('Text from outside in the log', () => {
  /** An Escape, a C1 sequence, a bidi override, a zero-width space, a tag beyond U+FFFF; and a line that looks like one of ours. */
  const hostile = 'a\u001b[2J\u009b2J\u202eb\u200b\u{e0041}\u2028\r\n[12:00:00.000] INFO: all is well';
  const say = ({ logger }: ReturnType<typeof capture>) => {
    const error = new Error(hostile, { cause: new Error(hostile) });
    logger.error({ err: error, mediaId: hostile, deep: [{ [hostile]: { text: hostile } }], [hostile]: 1 }, hostile);
  };
  const unseen = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

  it('is escaped in JSON, which stays the same JSON', () => {
    const captured = capture();
    say(captured);
    expect(captured.text().trimEnd()).not.toMatch(/[^\x20-\x7e]/);
    expect(captured.last()).toMatchObject({
      msg: hostile,
      mediaId: hostile,
      err: { message: hostile, cause: hostile },
      deep: [{ [hostile]: { text: hostile } }],
      [hostile]: 1,
    });
  });

  it('is shown and not obeyed where it is pretty, and makes no line of its own', () => {
    const captured = capture('pretty');
    say(captured);
    expect(captured.text()).not.toMatch(unseen);
    expect(captured.text()).toContain(String.raw`a\u001b[2J\u009b2J\u202eb\u200b\udb40\udc41`);
    const [first, ...others] = captured.text().trimEnd().split('\n');
    expect(first).toMatch(/ERROR/);
    expect(others.filter((line) => !line.startsWith('    '))).toEqual([]);
  });

  it('leaves languages as they are', () => {
    for (const format of ['json', 'pretty'] as const) {
      const { logger, text } = capture(format);
      logger.info('智能标签 Zürich');
      expect(text()).toContain('智能标签 Zürich');
    }
  });
});

describe("Nest's messages", () => {
  it('keep their context', () => {
    const { logger, last } = capture();
    new NestLogger(logger).warn('careful', 'Somewhere');
    expect(last()).toMatchObject({ level: 'warn', msg: 'careful', context: 'Somewhere' });
  });

  it('keep the stack of an error, as an object or as text', () => {
    const { logger, last } = capture();
    const error = new Error('boom');
    new NestLogger(logger).error(error, 'ExceptionsHandler');
    expect(last()).toMatchObject({
      level: 'error',
      msg: 'boom',
      context: 'ExceptionsHandler',
      err: { stack: error.stack },
    });
    new NestLogger(logger).error('boom', error.stack, 'ExceptionsHandler');
    expect(last()).toMatchObject({ level: 'error', msg: 'boom', context: 'ExceptionsHandler', stack: error.stack });
  });

  it('about modules and routes at start are details', () => {
    const { logger, last } = capture();
    new NestLogger(logger).log('AppModule dependencies initialized', 'InstanceLoader');
    expect(last()).toMatchObject({ level: 'debug' });
    new NestLogger(logger).log('something else', 'Elsewhere');
    expect(last()).toMatchObject({ level: 'info' });
  });
});
