import type { JobCallback } from '@app/config';
import { VodClient, type VodClientOptions } from './client';

const key = { accessKeyId: 'LTAIkey', accessKeySecret: 'secret', securityToken: 'token' };
const signerOf = (credentials: VodClientOptions['credentials'], more: Pick<VodClientOptions, 'jobCallbacks'> = {}) =>
  new VodClient({ endpoint: 'http://vod.test', timeoutMs: 1, credentials, ...more }).signer('cn-shanghai');

describe('The fingerprint of the access key', () => {
  it('is the same whenever and wherever that key signs, and does not show it', async () => {
    const [first, second] = [await signerOf(key), await signerOf({ ...key })];
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(second).toBe(first);
    // Kept with each submission that may have to be sent again: another form would have them all wait for a person.
    expect(await signerOf({ accessKeyId: 'LTAIkey', accessKeySecret: 'secret' })).toBe('40a9f108907e5e40');
  });

  it.each([
    ['another key', { ...key, accessKeyId: 'LTAIother' }],
    ['another token', { ...key, securityToken: 'token2' }],
    ['no token', { accessKeyId: key.accessKeyId, accessKeySecret: key.accessKeySecret }],
    ['the same letters, split differently', { ...key, accessKeyId: 'LTAIkeyt', securityToken: 'oken' }],
  ])('is another one for %s', async (_, other) => {
    expect(await signerOf(other)).not.toBe(await signerOf(key));
  });

  it('is another one for each place that a submission names for its event, and the same where it names none', async () => {
    const named = (callback: JobCallback, region = 'cn-shanghai') =>
      signerOf(key, { jobCallbacks: new Map([[region, callback]]) });
    const queue = { endpoint: 'https://1.mns.cn-shanghai.aliyuncs.com', queue: 'vod' };
    const signers = await Promise.all([
      signerOf(key),
      named({ url: 'https://a.example/vod' }),
      named({ url: 'https://b.example/vod' }),
      named(queue),
      named({ ...queue, queue: 'vod-2' }),
    ]);
    expect(new Set(signers).size).toBe(5);
    expect(await named({ url: 'https://a.example/vod' })).toBe(signers[1]);
    expect(await named({ url: 'https://a.example/vod' }, 'cn-beijing')).toBe(signers[0]);
  });

  it.each([
    ['id', { ...key, accessKeyId: '' }],
    ['secret', { ...key, accessKeySecret: '' }],
  ])('is none for a key without %s', async (_, incomplete) => {
    expect(await signerOf(incomplete)).toBeNull();
  });
});
