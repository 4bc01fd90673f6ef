import type http from 'node:http';
import type net from 'node:net';
import { answerJson, answerText, closeServers, deadUrl, type Received, serveHttp, serveTcp } from '../test/loopback';
import { sampleNames, sampleText } from '../test/samples';
import { VodClient } from './client';
import type { ReadOutcome, SubmitOutcome } from './outcome';
import type { SignedSubmission } from './types';
import { listAIJob } from './types/submit-ai-job';

/** Every fault of the network and of VOD, once for a submission and once for a read, and always with pop-core. */

const key = {
  accessKeyId: 'CANARYaccessKeyId00',
  accessKeySecret: 'CANARYaccessKeySecret+/00',
  securityToken: 'CANARYsecurityToken/+==00',
};
const submission: SignedSubmission = {
  operation: 'SubmitAIJob',
  mediaId: 'media1',
  types: ['AIVideoTag'],
  config: null,
  extend: 'e1',
  nonce: 'CANARYnonce-0000',
  signedAt: new Date('2026-01-02T03:04:05Z'),
};
const timeoutMs = 300;

afterEach(closeServers);

async function callBoth(endpoint: string): Promise<{ submit: SubmitOutcome; read: ReadOutcome<unknown> }> {
  const client = new VodClient({ endpoint, timeoutMs, credentials: key });
  const submit = await client.submit('cn-shanghai', submission);
  const read = await client.readJobs('cn-shanghai', listAIJob, ['job1']);
  client.close();
  expectSafe({ submit, read }, endpoint);
  return { submit, read };
}

/** Nothing of what was signed, nor where it went. */
function expectSafe(outcome: unknown, endpoint: string, alsoNot: string[] = []): void {
  const text = JSON.stringify(outcome);
  for (const secret of ['CANARY', new URL(endpoint).port, '127.0.0.1', 'AccessKeyId=', '%3D', ...alsoNot]) {
    expect(text).not.toContain(secret);
  }
}

async function callBothHttp(answer: (response: http.ServerResponse, received: Received) => void) {
  const server = await serveHttp(answer);
  const outcomes = await callBoth(server.url);
  const signed = server.received.flatMap(({ params }) => [params['Signature'], params['SignatureNonce']]);
  expectSafe(
    outcomes,
    server.url,
    signed.filter((value) => value !== undefined),
  );
  return outcomes;
}

async function callBothTcp(accept: (socket: net.Socket) => void, scheme = 'http') {
  const server = await serveTcp(accept);
  return callBoth(server.url.replace('http', scheme));
}

describe('an error code', () => {
  const requestId = '7463B73D-35AC-4D19-A010-6B8D65D242EF';
  const refused = ['refused', 'refused'];
  const blocked = ['blocked', 'blocked'];
  const busy = ['busy', 'busy'];
  const unclear = ['unknown', 'unavailable'];
  const expected: Record<string, string[]> = {
    'Forbidden.RAM.http403.json': blocked,
    'Forbidden.http403.json': blocked,
    'InternalError.http500.json': unclear,
    'InvalidAccessKeyId.NotFound.http404.json': blocked,
    'InvalidParameter.http400.json': refused,
    'InvalidTimeStamp.Expired.http400.json': blocked,
    'InvalidVideo.NotFound.http404.json': refused,
    'MissingParameter.http400.json': refused,
    'OperationDenied.Suspended.http403.json': blocked,
    'OperationDenied.http403.json': blocked,
    'ServiceUnAvailable-vod-spelling.http503.json': unclear,
    'ServiceUnavailable.http503.json': unclear,
    'SignatureDoesNotMatch.http400.json': blocked,
    'SignatureNonceUsed.http400.json': unclear,
    'Throttling.User.http400.json': busy,
    'Throttling.http400.json': busy,
    'non-json.http502.txt': unclear,
  };

  const codeOf = (outcome: SubmitOutcome | ReadOutcome<unknown>) => ('code' in outcome ? outcome.code : null);

  it.each(sampleNames('errors'))('is told apart: %s', async (name) => {
    const status = Number(/http(\d+)/.exec(name)?.[1]);
    const { submit, read } = await callBothHttp(answerText(sampleText('errors', name), status));
    expect([submit.outcome, read.outcome]).toEqual(expected[name]);
    // The names of the samples begin with their codes.
    const code = submit.outcome === 'unknown' ? null : name.split('.http')[0];
    expect([codeOf(submit), codeOf(read)]).toEqual([code, code]);
  });

  it.each([
    [400, 'Forbidden.IllegalStatus', refused],
    [400, 'NoSuchResource', refused],
    [400, 'JobIdsExceededMax', refused],
    [403, 'forbidden.ram', blocked],
    [403, 'Forbidden.RiskControl', blocked],
    [403, 'Forbidden.AccessKeyDisabled', blocked],
    [400, 'InvalidAccessKeyId.Inactive', blocked],
    [400, 'InvalidSecurityToken.Expired', blocked],
    [400, 'IncompleteSignature', blocked],
    [400, 'InvalidTimeStamp.Format', blocked],
    [404, 'InvalidApi.NotFound', blocked],
    [400, 'Throttling.Api', busy],
    [200, 'THROTTLING.USER', busy],
    [503, 'Throttling.User', unclear],
    [500, 'InvalidParameter', unclear],
    [400, 'internalError', unclear],
    [400, 'ServiceUnavailable', unclear],
    [200, 'InvalidParameter', refused],
    [400, 12345, refused],
  ])('%s %s', async (status, Code, outcomes) => {
    const { submit, read } = await callBothHttp(answerJson({ RequestId: 'r1', Code, Message: 'm' }, status));
    expect([submit.outcome, read.outcome]).toEqual(outcomes);
  });

  it('of throttling comes with the time to wait', async () => {
    const { submit, read } = await callBothHttp(answerJson({ RequestId: 'r1', Code: 'Throttling', Message: 'm' }, 400));
    expect(submit).toEqual({ outcome: 'busy', code: 'Throttling', retryAfterMs: 1000, requestId: 'r1' });
    expect(read).toEqual(submit);
  });

  it('of a used nonce can be told by the beginning of its cause', async () => {
    const { submit } = await callBothHttp(answerText(sampleText('errors', 'SignatureNonceUsed.http400.json'), 400));
    expect(submit).toEqual({ outcome: 'unknown', cause: 'SignatureNonceUsed (HTTP 400)', requestId });
  });

  it('keeps the readable part of its message', async () => {
    const { submit } = await callBothHttp(answerText(sampleText('errors', 'SignatureDoesNotMatch.http400.json'), 400));
    expect(submit).toMatchObject({ message: 'Specified signature is not matched with our calculation.' });
    const { read } = await callBothHttp(answerText(sampleText('errors', 'InvalidVideo.NotFound.http404.json'), 404));
    expect(read).toMatchObject({ message: 'The video does not exist.' });
  });

  it.each<[string, (received: Received) => string]>([
    ['the string to sign', ({ body }) => `server string to sign is:POST&%2F&${encodeURIComponent(body)}`],
    ['the form', ({ body }) => `cannot read ${body}`],
    ['the form, encoded', ({ body }) => `cannot read ${encodeURIComponent(body)}`],
    ['a signed URL', ({ body }) => `see http://127.0.0.1/?${body} for more`],
    ['each value by itself', ({ params }) => Object.values(params).join(' ')],
    ['each value by itself, encoded', ({ params }) => Object.values(params).map(encodeURIComponent).join(' ')],
    ['each value as JSON', ({ params }) => JSON.stringify({ ...params, AccessKeyId: params['AccessKeyId'] })],
    ['each value after a line break', ({ params }) => Object.values(params).join('\n')],
  ])('cannot make VOD’s echo of %s reach anybody', async (_, echo) => {
    for (const Code of ['SignatureDoesNotMatch', 'InvalidParameter']) {
      const server = await serveHttp((response, received) =>
        answerJson({ Code, Message: echo(received) }, 400)(response),
      );
      const client = new VodClient({ endpoint: server.url, timeoutMs, credentials: key });
      const outcomes = [
        await client.submit('cn-shanghai', submission),
        await client.readJobs('cn-shanghai', listAIJob, ['job1']),
      ];
      const text = JSON.stringify(outcomes);
      expect(text).not.toContain('CANARY');
      for (const { params } of server.received) {
        for (const name of ['Signature', 'SignatureNonce', 'SecurityToken']) {
          expect(text).not.toContain(params[name]);
          expect(text).not.toContain(encodeURIComponent(params[name] ?? 'none'));
        }
      }
    }
  });

  it('has a short text, whatever VOD writes', async () => {
    const long = 'x '.repeat(10_000);
    const { submit } = await callBothHttp(answerJson({ Code: long, Message: long, RequestId: long }, 400));
    expect(JSON.stringify(submit).length).toBeLessThan(700);
  });
});

describe('an answer that cannot be used', () => {
  it.each([
    ['HTML with 200', 200, '<html>sign in</html>', 'the answer is not JSON'],
    ['nothing', 200, '', 'the answer is not JSON'],
    ['truncated JSON', 200, '{"RequestId":"r1","AIJobList":{"AIJob":[{"Ty', 'the answer is not JSON'],
    ['an array', 200, '[]', 'HTTP 200 with an answer that is not an object'],
    ['text', 200, '"ok"', 'HTTP 200 with an answer that is not an object'],
    ['JSON without a Code and 500', 500, '{"RequestId":"r1"}', 'HTTP 500 with no error code'],
    ['JSON without a Code and 404', 404, '{"RequestId":"r1"}', 'HTTP 404 with no error code'],
    ['a success with 500', 500, '{"Code":"OK","AIJobList":{"AIJob":[]}}', 'HTTP 500 with no error code'],
    ['a redirect', 302, '{}', 'HTTP 302 with no error code'],
    ['null', 200, 'null', 'the call failed'],
    ['a nesting too deep', 200, '['.repeat(100_000), 'the call failed'],
  ])('is unknown for a submission and unavailable for a read: %s', async (_, status, text, cause) => {
    const { submit, read } = await callBothHttp(answerText(text, status));
    expect(submit).toMatchObject({ outcome: 'unknown', cause });
    expect(read).toEqual({ outcome: 'unavailable', cause });
  });

  it('keeps the RequestId when there is one', async () => {
    const { submit } = await callBothHttp(answerJson({ RequestId: 'r1' }, 500));
    expect(submit).toMatchObject({ outcome: 'unknown', requestId: 'r1' });
  });
});

describe('a connection', () => {
  const noAnswer = `no answer within ${timeoutMs} ms`;
  // In the middle of an answer httpx's idle time-out and its limit on the whole race; the former shows as a reset.
  const stalled = expect.stringMatching(`^(${noAnswer}|ECONNRESET)$`);

  it.each<[string, string, (socket: net.Socket) => void]>([
    ['that stays silent', noAnswer, () => undefined],
    [
      'that stops after the headers',
      stalled,
      (socket) => reply(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'),
    ],
    ['that stops in the body', stalled, (socket) => reply(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"a"')],
    ['that trickles', noAnswer, trickle],
    [
      'dropped before the request is read',
      'ECONNRESET',
      (socket) => socket.once('readable', () => socket.resetAndDestroy()),
    ],
    ['closed after the request is read', 'ECONNRESET', (socket) => socket.once('data', () => socket.end())],
    [
      'dropped after the request is read',
      'ECONNRESET',
      (socket) => socket.once('data', () => socket.resetAndDestroy()),
    ],
    [
      'dropped in the body',
      'ECONNRESET',
      (socket) => reply(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"a"', () => socket.destroy()),
    ],
    ['that speaks something else', 'HPE_INVALID_CONSTANT', (socket) => reply(socket, '220 mail ready\r\n')],
  ])('%s leaves a submission unknown and a read unavailable', async (_, cause, accept) => {
    const { submit, read } = await callBothTcp(accept);
    expect(submit).toEqual({ outcome: 'unknown', cause, requestId: null });
    expect(read).toEqual({ outcome: 'unavailable', cause });
  });

  it('dropped while it is being made may or may not have carried the request, and the outcome says which', async () => {
    const { submit } = await callBothTcp((socket) => socket.resetAndDestroy());
    expect(['not_sent', 'unknown']).toContain(submit.outcome);
  });

  it('row 16: that is refused has sent nothing', async () => {
    const { submit, read } = await callBoth(await deadUrl());
    expect(submit).toEqual({ outcome: 'not_sent', cause: 'ECONNREFUSED' });
    expect(read).toEqual({ outcome: 'unavailable', cause: 'ECONNREFUSED' });
  });

  it('whose TLS handshake is answered in plain text has sent nothing', async () => {
    const { submit } = await callBothTcp((socket) => reply(socket, 'HTTP/1.1 400 Bad Request\r\n\r\n'), 'https');
    expect(submit).toEqual({ outcome: 'not_sent', cause: 'EPROTO' });
  });

  it('dropped during the TLS handshake has sent nothing', async () => {
    const { submit } = await callBothTcp((socket) => socket.once('data', () => socket.destroy()), 'https');
    expect(submit).toEqual({ outcome: 'not_sent', cause: 'ECONNRESET' });
  });

  it('kept from an earlier call and dropped by the next leaves that one unknown', async () => {
    let calls = 0;
    const server = await serveHttp((response) => {
      calls += 1;
      if (calls === 1) answerJson({})(response);
      else response.socket?.resetAndDestroy();
    });
    const client = new VodClient({ endpoint: server.url, timeoutMs, credentials: key });
    expect(await client.readJobs('cn-shanghai', listAIJob, ['a'])).toMatchObject({ outcome: 'answered' });
    expect(await client.submit('cn-shanghai', submission)).toMatchObject({
      outcome: 'unknown',
      cause: 'ECONNRESET',
    });
    expect(server.connections()).toBe(1);
  });

  it('lost is never tried again', async () => {
    const server = await serveHttp((response) => void response.socket?.destroy());
    await callBoth(server.url);
    expect(server.received.map(({ params }) => params['Action'])).toEqual(['SubmitAIJob', 'ListAIJob']);
  });

  it('left idle is closed from this side, before VOD may close it under a submission', async () => {
    let closed: Promise<string> = Promise.resolve('never opened');
    const server = await serveHttp((response) => {
      closed = new Promise((resolve) => response.socket?.once('close', () => resolve('closed')));
      answerJson({})(response);
    });
    const client = new VodClient({ endpoint: server.url, timeoutMs: 30_000, credentials: key });
    await client.readJobs('cn-shanghai', listAIJob, ['a']);
    expect(await closed).toBe('closed');
  });
});

function reply(socket: net.Socket, text: string, then?: () => void): void {
  socket.once('data', () => socket.write(text, then));
}

/** A byte well within every idle time-out, for ever: only a limit on the whole answer ends it. */
function trickle(socket: net.Socket): void {
  reply(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
  const timer = setInterval(() => socket.write(' '), 50);
  socket.once('close', () => clearInterval(timer));
}
