import { mediaIn } from './media-file';

describe('A file of media', () => {
  it.each([
    ['a\nb\n', ['a', 'b']],
    ['\uFEFFmediaId,title\r\n"a","x, y"\r\nb,z\r\n', ['a', 'b']],
    ['# exported\n\n  a  \nb;2\nc\t3', ['a', 'b', 'c']],
    ['media_id\n', []],
    ['', []],
  ])('%j', (content, ids) => {
    expect(mediaIn(content)).toEqual(ids);
  });
});
