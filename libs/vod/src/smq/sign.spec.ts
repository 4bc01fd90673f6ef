import { sampleJson } from '../../test/samples';
import { signatureOf, signedHeaders } from './sign';

interface Vector {
  name: string;
  verb: string;
  contentMd5: string;
  contentType: string;
  date: string;
  mnsHeaders: Record<string, string>;
  resource: string;
  accessKeyId: string;
  accessKeySecret: string;
  authorization: string;
  signature: string;
}
const vectors = sampleJson<Vector[]>('vectors', 'mns-signature.json');

describe("SMQ's signature", () => {
  it.each(vectors)('is that of $name', ({ verb: method, accessKeySecret, signature, ...signed }) => {
    expect(signatureOf({ method, ...signed }, accessKeySecret)).toBe(signature);
  });

  /** Those with headers that we don't send are other clients'. */
  const ours = vectors.filter(({ contentMd5, mnsHeaders }) => !contentMd5 && !mnsHeaders['x-mns-date']);

  it.each(ours)('is sent with what it signs: $name', (vector) => {
    const { verb: method, resource, contentType, accessKeyId, accessKeySecret, date } = vector;
    const key = { accessKeyId, accessKeySecret };
    expect(signedHeaders({ method, resource, contentType }, key, new Date(date))).toEqual({
      ...vector.mnsHeaders,
      date,
      ...(contentType && { 'content-type': contentType }),
      authorization: vector.authorization,
    });
  });

  it('says nothing of the token of a temporary key, which is a header beside it', () => {
    const { date, ...vector } = ours[0] as Vector;
    const key = { accessKeyId: vector.accessKeyId, accessKeySecret: vector.accessKeySecret, securityToken: 'token' };
    const headers = signedHeaders({ method: vector.verb, resource: vector.resource }, key, new Date(date));
    expect(headers).toMatchObject({ 'security-token': 'token', authorization: vector.authorization });
  });
});
