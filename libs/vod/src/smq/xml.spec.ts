import { sampleText } from '../../test/samples';
import { readXml, textIn, type XmlElement } from './xml';

function read(text: string): XmlElement {
  const root = readXml(text);
  if (root === null) throw new Error(`not read: ${text.slice(0, 80)}`);
  return root;
}

describe('XML', () => {
  it('of SMQ is read to its last element', () => {
    const { name, children } = read(sampleText('mns', 'BatchReceiveMessage.response.xml'));
    expect([name, children.map((child) => child.name)]).toEqual(['Messages', ['Message', 'Message']]);
    const [first, second] = children;
    expect(first && textIn(first, 'ReceiptHandle')).toBe('1-ODU4OTkzNDU5My0xNDM1MTk3NjAwLTItNg==');
    expect(second && textIn(second, 'ReceiptHandle')).toBe('1-ODU4OTkzNDU5My0xNDM1MTk3NjAwLTItNw==');
    expect(first?.children).toHaveLength(9);
    expect(first && JSON.parse(textIn(first, 'MessageBody') ?? '')).toMatchObject({ EventType: 'AIVideoTagComplete' });
    expect(first && textIn(first, 'Nothing')).toBeNull();
  });

  it.each([
    ['<a>1 &lt; 2 &amp;&amp; &quot;x&quot; &apos;y&apos; &gt;</a>', `1 < 2 && "x" 'y' >`],
    ['<a>&#65;&#x42;&#x1F600;</a>', 'AB😀'],
    ['<a>&nbsp; &#x110000; &#1114112; & &; &amp</a>', '&nbsp; &#x110000; &#1114112; & &; &amp'],
    ['<a>&amp;lt;</a>', '&lt;'],
    ['<a>&constructor;</a>', '&constructor;'],
    ['<a>one <![CDATA[<two> &amp; ]] ]]>three</a>', 'one <two> &amp; ]] three'],
    ['<a>one <!-- <b> -->two</a>', 'one two'],
    ['<?xml version="1.0"?>\n<a xmlns="http://mns.aliyuncs.com/doc/v1/">x</a >\n', 'x'],
    ['<a>  kept\r\n</a>', '  kept\r\n'],
    ['<a/>', ''],
    ['<a b="c" />', ''],
    ['\ufeff<a>x</a>', 'x'],
  ])('%j has its text', (text, expected) => {
    expect(read(text).text).toBe(expected);
  });

  it.each([
    ['nothing', ''],
    ['text', 'Bad Gateway'],
    ['JSON', '{"Code":"InternalError"}'],
    ['a page', '<!DOCTYPE html><html><body>Bad Gateway</body></html>'],
    ['a page whose elements do not end', '<html><body>Bad Gateway<br></body></html>'],
    ['a type that declares what is expanded', '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'],
    ['two roots', '<a/><b/>'],
    ['an end without a beginning', '</a>'],
    ['another end', '<a></b>'],
    ['an element without an end', '<a><b></b>'],
    ['a tag without an end', '<a'],
    ['a comment without an end', '<a><!-- </a>'],
    ['CDATA without an end', '<a><![CDATA[ </a>'],
    ['a declaration without an end', '<? <a/>'],
    ['a name that is none', '<a><=></=></a>'],
    ['text behind the root', '<a/>x'],
  ])('it is not: %s', (_what, text) => {
    expect(readXml(text)).toBeNull();
  });

  it('that is deeper than any answer is not read on', () => {
    expect(readXml(`${'<a>'.repeat(7)}${'</a>'.repeat(7)}`)).not.toBeNull();
    expect(readXml('<a>'.repeat(1_000_000))).toBeNull();
  });

  it.each(['<', '<a', '<!--', '<![CDATA[', '<?', '&', '&#', '</', '<a b="'])(
    'is read in steps that grow with its length alone: a megabyte of %j',
    (part) => {
      const text = part.repeat(Math.ceil(1_000_000 / part.length));
      expect(readXml(text)).toBeNull();
      expect(readXml(`<a>${text}`)).toBeNull();
    },
  );
});
