import { Networks } from './networks';
import type { Address } from './resolve';
import { checkTarget, findTarget } from './target';

/** What name servers say in these tests. */
const names: Record<string, string[]> = {
  'shop.example': ['93.184.215.14'],
  'both.example': ['93.184.215.14', '2606:2800:21f::1'],
  'inside.example': ['10.20.0.7'],
  'mixed.example': ['93.184.215.14', '10.20.0.7'],
  'loopback.example': ['127.0.0.1'],
  'shared.example': ['100.64.0.1'],
  'mapped.example': ['::ffff:10.20.0.7'],
  'nat64.example': ['64:ff9b::a14:7'],
  'relayed.example': ['2002:a14:7::1'],
  'metadata.example': ['169.254.169.254'],
  'alibaba.example': ['100.100.100.200'],
  'aws.example': ['fd00:ec2::254'],
  'nobody.example': [],
};

const asked: string[] = [];
async function resolve(host: string): Promise<Address[]> {
  asked.push(host);
  const found = names[host];
  if (!found) throw new Error(`there is no ${host}`);
  return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

const check = (url: string, allow: string[] = []) => findTarget(url, { allow: new Networks(allow), resolve });

describe('What may be called', () => {
  beforeEach(() => asked.splice(0));

  it('is a URL of https: whose host has public addresses only, with all of them', async () => {
    expect(await check('https://both.example/vodai?key=1')).toMatchObject({
      ok: true,
      addresses: [
        { address: '93.184.215.14', family: 4 },
        { address: '2606:2800:21f::1', family: 6 },
      ],
    });
    expect(await check('https://93.184.215.14:8443/')).toMatchObject({ ok: true });
    expect(await check('https://[2606:2800:21f::1]/')).toMatchObject({
      ok: true,
      addresses: [{ address: '2606:2800:21f::1', family: 6 }],
    });
    expect(asked).toEqual(['both.example']);
  });

  it.each([
    ['not a URL', 'nowhere'],
    ['without a host', 'https://'],
    ['with a user', 'https://otto@shop.example/'],
    ['with a password', 'https://:secret@shop.example/'],
    ['of ftp:', 'ftp://shop.example/'],
    ['of a file', 'file:///etc/passwd'],
    ['that is a script', 'javascript:alert(1)'],
  ])('is nothing %s', async (_what, url) => {
    const refused = await check(url, ['0.0.0.0/1']);
    expect(refused).toEqual({ ok: false, problem: 'malformed', reason: expect.stringContaining('https:') });
    expect(asked).toEqual([]);
  });

  const notPublic = 'its host has an address that is not public';
  const never = 'its host has an address to which nothing is ever sent';
  it.each([
    ['a private address', 'https://inside.example/', notPublic],
    ['a private address beside a public one', 'https://mixed.example/', notPublic],
    ['loopback', 'https://loopback.example/', notPublic],
    ['a provider’s own network', 'https://shared.example/', notPublic],
    ['an IPv4 address in IPv6', 'https://mapped.example/', never],
    ['one behind NAT64', 'https://nat64.example/', never],
    ['one behind 6to4', 'https://relayed.example/', never],
    ['metadata', 'https://metadata.example/', never],
    ['metadata of Alibaba Cloud', 'https://alibaba.example/', never],
    ['metadata of AWS', 'https://aws.example/', never],
    ['a private address by itself', 'https://10.20.0.7/', notPublic],
    ['loopback as a number', 'https://2130706433/', notPublic],
    ['loopback in hexadecimal', 'https://0x7f.1/', notPublic],
    ['loopback in octal', 'https://0177.0.0.1/', notPublic],
    ['loopback of IPv6', 'https://[::1]/', notPublic],
    ['a mapped address by itself', 'https://[::ffff:7f00:1]/', never],
    ['this machine by its other name', 'https://0/', never],
    ['a link-local address', 'https://[fe80::1]/', never],
  ])('is no host that has %s: row 42', async (_what, url, reason) => {
    expect(await check(url)).toEqual({ ok: false, problem: 'forbidden_address', reason });
  });

  it('is what DELIVERY_ALLOW names, over http: too', async () => {
    const allow = ['10.20.0.0/16', '127.0.0.0/8', '::1'];
    for (const url of [
      'https://inside.example/',
      'http://inside.example:8080/',
      'http://127.0.0.1:9000/hook',
      'http://[::1]/',
    ]) {
      expect([url, (await check(url, allow)).ok]).toEqual([url, true]);
    }
    expect((await check('https://mixed.example/', allow)).ok).toBe(true);
  });

  it('is over http: nothing else', async () => {
    const reason = 'expected https:, as http: is only for addresses that DELIVERY_ALLOW names';
    for (const url of ['http://shop.example/', 'http://mixed.example/']) {
      expect(await check(url, ['10.20.0.0/16'])).toEqual({ ok: false, problem: 'forbidden_address', reason });
    }
  });

  it('is never metadata, whatever DELIVERY_ALLOW names', async () => {
    const allow = ['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1'];
    for (const host of ['metadata', 'alibaba', 'aws', 'mapped', 'nat64']) {
      expect(await check(`https://${host}.example/`, allow)).toMatchObject({ ok: false, problem: 'forbidden_address' });
    }
  });

  it('is no host that nobody knows, has no address, or is looked for too long', async () => {
    const unresolved = { ok: false, problem: 'unresolved', reason: 'its host was not found' };
    expect(await check('https://unknown.example/')).toEqual(unresolved);
    expect(await check('https://nobody.example/')).toEqual(unresolved);
    const silent = () => new Promise<Address[]>(() => {});
    const rules = { allow: new Networks([]), resolve: silent, withinMs: 20 };
    expect(await findTarget('https://shop.example/', rules)).toEqual(unresolved);
  });

  it('says to whoever gives the URL why not, and no address', async () => {
    expect(await checkTarget('http://localhost:9000/', { allow: ['127.0.0.0/8', '::1'] })).toEqual({ ok: true });
    expect(await checkTarget('https://localhost/', { allow: [] })).toEqual({ ok: false, reason: notPublic });
  });
});
