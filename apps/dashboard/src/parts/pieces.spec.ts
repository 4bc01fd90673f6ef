import { piecesOf, prettyJson } from './pieces';

describe('a long text', () => {
  it('is cut at line ends, and loses nothing', () => {
    const text = 'one\ntwo\nthree\nfour\n';
    expect(piecesOf(text, 9)).toEqual(['one\ntwo\n', 'three\n', 'four\n']);
  });

  it('is cut anywhere when a line is too long', () => {
    const pieces = piecesOf(`${'x'.repeat(25)}\nend`, 10);
    expect(pieces.join('')).toBe(`${'x'.repeat(25)}\nend`);
    expect(pieces.every((piece) => piece.length <= 10)).toBe(true);
  });

  it('that is short is one piece, also when it is empty', () => {
    expect(piecesOf('')).toEqual(['']);
    expect(piecesOf('abc')).toEqual(['abc']);
  });
});

describe('the raw text of an event', () => {
  it('is laid out when it is JSON, and left alone when it is not', () => {
    expect(prettyJson('{"a":[1]}')).toEqual({ text: '{\n  "a": [\n    1\n  ]\n}', isJson: true });
    expect(prettyJson('<b>no</b>')).toEqual({ text: '<b>no</b>', isJson: false });
  });
});
