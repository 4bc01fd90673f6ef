import callbackVectors from '../test/callback-signature.json';
import rpcVectors from '../test/rpc-signature.json';
import { sign, signCallback, stringToSign } from './signature';

describe('the RPC signature', () => {
  it.each(rpcVectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const signed = stringToSign(vector.method, new Map(Object.entries(vector.params as Record<string, string>)));
    expect(signed).toBe(vector.stringToSign);
    expect(sign(signed, vector.accessKeySecret)).toBe(vector.signature);
  });

  it('leaves the signature itself out', () => {
    const without = new Map([['Action', 'ListAIJob']]);
    expect(stringToSign('GET', new Map([...without, ['Signature', 'x']]))).toBe(stringToSign('GET', without));
  });
});

describe('the callback signature', () => {
  it.each(callbackVectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    expect(signCallback(vector.callbackUrl, vector.timestamp, vector.authKey)).toBe(vector.signature);
  });
});
