import { isForbidden, isGlobal, Networks } from './networks';

describe('An address', () => {
  it.each([
    ['8.8.8.8', 'of a name server'],
    ['1.1.1.1', 'of another'],
    ['100.63.255.255', 'below 100.64/10'],
    ['100.128.0.0', 'above it'],
    ['172.15.255.255', 'below 172.16/12'],
    ['172.32.0.0', 'above it'],
    ['2606:4700:4700::1111', 'of IPv6'],
    ['2a00:1450:4001::200e', 'of IPv6'],
  ])('%s is global: one %s', (address) => {
    expect([isGlobal(address), isForbidden(address)]).toEqual([true, false]);
  });

  it.each([
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'shared with a provider'],
    ['100.127.255.255', 'shared with a provider'],
    ['127.0.0.1', 'loopback'],
    ['127.1.2.3', 'loopback'],
    ['192.0.0.1', 'of a protocol'],
    ['192.0.2.1', 'of an example'],
    ['198.51.100.1', 'of an example'],
    ['203.0.113.1', 'of an example'],
    ['192.88.99.1', 'of a 6to4 relay'],
    ['198.18.0.1', 'of a benchmark'],
    ['240.0.0.1', 'reserved'],
    ['::1', 'loopback'],
    ['fc00::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['fec0::1', 'site-local'],
    ['100::1', 'discarded'],
    ['2001:db8::1', 'of an example'],
    ['3fff::1', 'of an example'],
    ['2001:2::1', 'of a benchmark'],
    ['4000::1', 'not given to anybody'],
    ['5f00::1', 'of segment routing'],
  ])('%s may be allowed, and is not global: it is %s', (address) => {
    expect([isGlobal(address), isForbidden(address)]).toEqual([false, false]);
  });

  it.each([
    ['169.254.169.254', 'metadata of most clouds'],
    ['169.254.170.2', 'credentials of a container'],
    ['169.254.0.1', 'link-local'],
    ['100.100.100.200', 'metadata of Alibaba Cloud'],
    ['168.63.129.16', 'the platform of Azure'],
    ['fd00:ec2::254', 'metadata of AWS'],
    ['fd20:ce::254', 'metadata of Google Cloud'],
    ['0.0.0.0', 'this machine'],
    ['0.1.2.3', 'this network'],
    ['::', 'this machine'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'everybody here'],
    ['ff02::1', 'multicast'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local with its zone'],
    ['::ffff:10.0.0.1', 'IPv4-mapped'],
    ['::ffff:a00:1', 'the same in hexadecimal'],
    ['::ffff:169.254.169.254', 'metadata, mapped'],
    ['::ffff:0:10.0.0.1', 'IPv4-translated'],
    ['::10.0.0.1', 'IPv4-compatible'],
    ['64:ff9b::a00:1', 'NAT64'],
    ['64:ff9b::8.8.8.8', 'NAT64, even of a global one'],
    ['64:ff9b:1::1', 'NAT64 of a network'],
    ['2002:a00:1::', '6to4'],
    ['2001:0:4136:e378::1', 'Teredo'],
    ['somewhere', 'none'],
    ['', 'none'],
  ])('%s is forbidden, whatever is allowed: %s', (address) => {
    expect([isGlobal(address), isForbidden(address)]).toEqual([false, true]);
  });
});

describe('Networks', () => {
  it('hold the addresses of each network, and single ones', () => {
    const networks = new Networks(['10.20.0.0/16', '192.168.1.5', 'fd12:3456::/32', '::1']);
    const inside = ['10.20.0.1', '10.20.255.255', '192.168.1.5', 'fd12:3456:1::1', '::1'];
    const outside = ['10.21.0.1', '192.168.1.6', 'fd12:3457::1', '::2', '::ffff:10.20.0.1', 'none', ''];
    expect(inside.filter((address) => !networks.has(address))).toEqual([]);
    expect(outside.filter((address) => networks.has(address))).toEqual([]);
  });
});
