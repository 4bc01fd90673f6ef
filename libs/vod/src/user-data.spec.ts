import { userDataOf } from './user-data';

const url = 'https://hooks.example.com/vod?tenant=a%20b';
const queue = { endpoint: 'https://1234.mns.cn-shanghai.aliyuncs.com/', queue: 'vod-events' };

describe('UserData', () => {
  it('is what an event may echo', () => {
    expect(userDataOf({ extend: 'request.1', callback: null })).toBe('{"Extend":"request.1"}');
  });

  it('names the URL for its event in the form of the guide', () => {
    expect(userDataOf({ extend: 'request.1', callback: { url } })).toBe(
      `{"MessageCallback":{"CallbackType":"http","CallbackURL":"${url}"},"Extend":"request.1"}`,
    );
  });

  it('names a queue by what SetMessageCallback calls it', () => {
    expect(JSON.parse(userDataOf({ extend: 'request.1', callback: queue }))).toEqual({
      MessageCallback: { CallbackType: 'mns', MnsEndpoint: queue.endpoint, MnsQueueName: 'vod-events' },
      Extend: 'request.1',
    });
  });

  it('takes an URL of as many bytes as VOD allows beside the longest Extend of ours', () => {
    const longest = `https://example.com/${'x'.repeat(236)}`;
    const extend = `${'f'.repeat(36)}.${2 ** 31 - 1}`;
    expect(longest).toHaveLength(256);
    expect(Buffer.byteLength(userDataOf({ extend, callback: { url: longest } }))).toBeLessThan(512);
  });

  it('is refused beyond 512 bytes, and says how many there are', () => {
    const rest = userDataOf({ extend: '', callback: { url: '' } });
    const callback = { url: 'é'.repeat(100) };
    const room = 512 - Buffer.byteLength(rest) - 200;
    expect(Buffer.byteLength(userDataOf({ extend: 'x'.repeat(room), callback }))).toBe(512);
    expect(() => userDataOf({ extend: 'x'.repeat(room + 1), callback })).toThrow('UserData takes 512 bytes, got 513');
  });
});
