import type { CallbackSettings, CallbackTarget } from '@app/vod';
import { differences, eventTypesWanted } from './difference';

const keys = ['FirstKeyCanary1', 'SecondKeyCanary2'];
const url = 'https://vodai.example/vod/events';
const http: CallbackTarget = { type: 'HTTP', url, key: 'FirstKeyCanary1' };
const mns: CallbackTarget = { type: 'MNS', endpoint: 'http://12.mns.cn-shanghai.aliyuncs.com/', queue: 'events' };

const nothing: CallbackSettings = {
  type: null,
  url: null,
  eventTypes: [],
  signed: false,
  key: null,
  mnsEndpoint: null,
  mnsQueue: null,
};
const asHttp: CallbackSettings = {
  ...nothing,
  type: 'HTTP',
  url,
  signed: true,
  key: 'FirstKeyCanary1',
  eventTypes: ['AIComplete'],
};
const asMns: CallbackSettings = {
  ...nothing,
  type: 'MNS',
  mnsEndpoint: 'http://12.mns.cn-shanghai.aliyuncs.com/',
  mnsQueue: 'events',
  eventTypes: ['AIComplete'],
};

const linesOf = (current: CallbackSettings, target: CallbackTarget = http) =>
  differences(current, target, keys).map(({ setting, is, ours }) => `${setting}: ${is} → ${ours}`);

describe('VOD sends events to our URL', () => {
  it('when all is as it should be, whatever is kept of a queue beside it', () => {
    expect(linesOf({ ...asHttp, mnsQueue: 'old', mnsEndpoint: 'http://old' })).toEqual([]);
  });

  it.each<[string, Partial<CallbackSettings>, string[]]>([
    ['another URL', { url: `${url}/` }, [`CallbackURL: ${url}/ → ${url}`]],
    ['no URL', { url: null }, [`CallbackURL: none → ${url}`]],
    ['a queue', { type: 'MNS' }, ['CallbackType: MNS → HTTP']],
    [
      'events without a signature',
      { signed: false, key: null },
      ['AuthSwitch: off → on', 'AuthKey: none → key 1 of VOD_CALLBACK_KEYS'],
    ],
    ["another's key", { key: 'ForeignCanary3' }, ['AuthKey: another key → key 1 of VOD_CALLBACK_KEYS']],
    [
      'our key from before',
      { key: 'SecondKeyCanary2' },
      ['AuthKey: key 2 of VOD_CALLBACK_KEYS → key 1 of VOD_CALLBACK_KEYS'],
    ],
    [
      'events of other kinds',
      { eventTypes: ['FileUploadComplete'] },
      ['EventTypeList: 1 others → these and AIComplete'],
    ],
    ['no events', { eventTypes: [] }, ['EventTypeList: none → AIComplete']],
  ])('but not with %s', (_, change, lines) => {
    expect(linesOf({ ...asHttp, ...change })).toEqual(lines);
  });

  it('and never does a difference show a key, a password or a query', () => {
    const secret = 'https://canary:canary@vodai.example/vod/events?token=canary';
    const lines = linesOf(
      { ...nothing, url: secret, key: 'Canary' },
      { type: 'HTTP', url: `${secret}2`, key: 'Canary2' },
    );
    expect(lines).toContain(
      'CallbackURL: https://***@vodai.example/vod/events?*** → https://***@vodai.example/vod/events?*** (they differ in what is not shown)',
    );
    expect(lines.join('\n')).not.toMatch(/canary/i);
  });

  it('unsigned, where there is no key', () => {
    const unsigned = { ...http, key: null };
    expect(linesOf({ ...asHttp, signed: false, key: null }, unsigned)).toEqual([]);
    expect(linesOf(asHttp, unsigned)).toEqual(['AuthSwitch: on → off']);
  });
});

describe('VOD writes events into our queue', () => {
  it.each([
    'http://12.mns.cn-shanghai.aliyuncs.com/',
    'http://12.mns.cn-shanghai.aliyuncs.com',
    'https://12.mns.cn-shanghai-internal.aliyuncs.com/',
  ])('at the address that VOD calls %s', (mnsEndpoint) => {
    expect(linesOf({ ...asMns, mnsEndpoint }, mns)).toEqual([]);
  });

  it('but not to another queue, nor into that of another account', () => {
    expect(
      linesOf({ ...asMns, mnsQueue: 'others', mnsEndpoint: 'http://34.mns.cn-shanghai.aliyuncs.com/' }, mns),
    ).toEqual([
      'MnsEndpoint: http://34.mns.cn-shanghai.aliyuncs.com/ → http://12.mns.cn-shanghai.aliyuncs.com/',
      'MnsQueueName: others → events',
    ]);
    expect(linesOf(asHttp, mns)).toContain('CallbackType: HTTP → MNS');
  });
});

describe('The list of events', () => {
  it.each([
    [[], ['AIComplete']],
    [['AIComplete'], ['AIComplete']],
    [
      ['FileUploadComplete', 'SnapshotComplete'],
      ['FileUploadComplete', 'SnapshotComplete', 'AIComplete'],
    ],
    [['ALL'], ['ALL']],
    [['all'], ['all']],
    [
      ['aicomplete', 'SnapshotComplete'],
      ['aicomplete', 'SnapshotComplete'],
    ],
  ])('%j becomes %j', (eventTypes, wanted) => {
    expect(eventTypesWanted({ ...nothing, eventTypes })).toEqual(wanted);
  });
});
