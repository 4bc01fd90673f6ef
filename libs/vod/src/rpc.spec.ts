import RPCClient from '@alicloud/pop-core';
import { answerJson, closeServers, type Loopback, serveHttp } from '../test/loopback';
import { sampleJson } from '../test/samples';
import { Rpc, type RpcParams } from './rpc';

interface Vector {
  name: string;
  method: string;
  accessKeySecret: string;
  params: RpcParams & { Action: string; AccessKeyId: string; SecurityToken?: string };
  signature: string;
}
const vectors = sampleJson<Vector[]>('vectors', 'rpc-signature.json');
const withMethod = (method: string) => vectors.filter((vector) => vector.method === method);

/** What the caller of an operation gives; the rest of a vector is added by pop-core. */
function given(vector: Vector): RpcParams {
  const added = ['Action', 'Format', 'Version', 'AccessKeyId', 'SecurityToken', 'SignatureMethod', 'SignatureVersion'];
  const params = Object.entries(vector.params).filter(([name]) => !added.includes(name));
  return { ...Object.fromEntries(params), SignatureNonce: vector.params.SignatureNonce };
}

let server: Loopback;
beforeEach(async () => (server = await serveHttp(answerJson({ RequestId: 'r1' }))));
afterEach(closeServers);

function rpcTo(url: string, key = { accessKeyId: 'id', accessKeySecret: 'secret' }): Rpc {
  return new Rpc(url, 2000, { getCredentials: async () => key });
}

describe('Rpc', () => {
  it.each(withMethod('POST'))('signs and sends a form as VOD expects it: $name', async (vector) => {
    const { AccessKeyId: accessKeyId, SecurityToken: securityToken, Action } = vector.params;
    const key = { accessKeyId, accessKeySecret: vector.accessKeySecret, ...(securityToken ? { securityToken } : {}) };
    const rpc = rpcTo(server.url, key);
    await rpc.call(Action, given(vector));
    const [request] = server.received;
    expect(request?.params).toEqual({ ...vector.params, Signature: vector.signature });
    expect(request).toMatchObject({ method: 'POST', url: '/', contentType: 'application/x-www-form-urlencoded' });
  });

  it.each(withMethod('GET'))('agrees with pop-core about the vector $name', async (vector) => {
    const { AccessKeyId: accessKeyId } = vector.params;
    const config = {
      endpoint: server.url,
      apiVersion: '2017-03-21',
      accessKeyId,
      accessKeySecret: vector.accessKeySecret,
    };
    await new RPCClient(config).request(vector.params.Action, given(vector));
    expect(server.received[0]?.params).toEqual({ ...vector.params, Signature: vector.signature });
  });

  it('keeps the path of the endpoint and puts no parameter into the URL', async () => {
    const rpc = rpcTo(`${server.url}/cn-shanghai`);
    await rpc.call('ListAIJob', { JobIds: 'a', SignatureNonce: 'n' });
    expect(server.received[0]?.url).toBe('/cn-shanghai/');
  });

  it('hands out plain objects, with long numbers as text', async () => {
    const long = await serveHttp(
      (response) => void response.end('{"A":{"B":1234567890123456789},"C":5.0356365544442423}'),
    );
    const rpc = rpcTo(long.url);
    const answer = await rpc.call('ListAIJob', { SignatureNonce: 'n' });
    expect(answer).toStrictEqual({
      ok: true,
      body: { A: { B: '1234567890123456789' }, C: '5.0356365544442423' },
      requestId: null,
    });
  });

  it('takes a Code of "0" for the success that it is', async () => {
    const zero = await serveHttp(answerJson({ Code: '0', RequestId: 'r1' }));
    const rpc = rpcTo(zero.url);
    expect(await rpc.call('ListAIJob', { SignatureNonce: 'n' })).toMatchObject({ ok: true, requestId: 'r1' });
  });

  it.each([
    [200, true],
    [201, true],
    [299, true],
    [300, false],
    [404, false],
    [500, false],
  ])('takes an object without a Code for a success by its status: %i %j', async (status, ok) => {
    const vod = await serveHttp(answerJson({ RequestId: 'r1' }, status));
    expect(await rpcTo(vod.url).call('ListAIJob', { SignatureNonce: 'n' })).toMatchObject({ ok });
  });

  it('ends a call under way when it is closed, as one whose connection was lost', async () => {
    const rpc: Rpc = new Rpc((await serveHttp(() => rpc.close())).url, 60_000, {
      getCredentials: async () => ({ accessKeyId: 'id', accessKeySecret: 'secret' }),
    });
    expect(await rpc.call('SubmitAIJob', { SignatureNonce: 'n' })).toEqual({
      ok: false,
      fault: { kind: 'no_usable_answer', cause: 'ECONNRESET', requestId: null },
    });
  }, 10_000);

  it('keeps one connection for call after call', async () => {
    const rpc = rpcTo(server.url);
    for (const nonce of ['1', '2', '3']) await rpc.call('ListAIJob', { SignatureNonce: nonce });
    expect(server.connections()).toBe(1);
  });
});
