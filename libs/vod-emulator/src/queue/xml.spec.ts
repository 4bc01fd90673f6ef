import * as fc from 'fast-check';
import { isXmlText, parseXml, printElements, printXml } from './xml';

describe('A document that was printed', () => {
  it('is read as it was, whatever text is in it', () => {
    const text = fc.string({ unit: 'binary' }).filter(isXmlText);
    fc.assert(
      fc.property(text, text, (one, other) => {
        const root = parseXml(printXml('Message', printElements({ One: one, Other: other, Missing: undefined })));
        expect(root).toMatchObject({
          name: 'Message',
          children: [
            { name: 'One', text: one, children: [] },
            { name: 'Other', text: other, children: [] },
          ],
        });
      }),
    );
  });

  it('has quotes escaped, as in the samples of SMQ', () => {
    expect(printElements({ MessageBody: '{"a":"<&>"}' })).toBe(
      '  <MessageBody>{&quot;a&quot;:&quot;&lt;&amp;&gt;&quot;}</MessageBody>\n',
    );
  });
});

describe('What clients write', () => {
  it.each([
    ['<?xml version="1.0"?><Queue/>', { name: 'Queue', text: '', children: [] }],
    ["\uFEFF<?xml version='1.0' encoding='UTF-8'?>\n<Queue xmlns=\"http://mns.aliyuncs.com/doc/v1/\" />\n", { name: 'Queue' }],
    ['<A><!-- <B> & --><B>1</B>\n<B x="1"\ty="2">2</B></A>', { children: [{ text: '1' }, { text: '2' }] }],
    ['<A>a<![CDATA[<&]]>b</A>', { text: 'a<&b' }],
    ['<A>&#65;&#x42;&#x1F600;&lt;&amp;&quot;&apos;&gt;</A>', { text: 'AB😀<&"\'>' }],
    ['<A>1\r\n2\r3&#13;</A>', { text: '1\n2\n3\r' }],
    ['<a:b.c-d>x</a:b.c-d >', { name: 'a:b.c-d', text: 'x' }],
  ])('is read: %j', (source, element) => {
    expect(parseXml(source)).toMatchObject(element);
  });

  it.each([
    '',
    'text',
    '<A>',
    '</A>',
    '<A></B>',
    '<A></A></A>',
    '<A/><B/>',
    '<A/>text',
    '<A>&unknown;</A>',
    '<A>&</A>',
    '<A>& ;</A>',
    '<A>&constructor;</A>',
    '<A>&#0;</A>',
    '<A>&#xD800;</A>',
    '<A>&#x110000;</A>',
    '<A>\u0001</A>',
    '<A>\uD800</A>',
    '<1/>',
    '<A <B/>',
    '<A',
    '<!DOCTYPE A><A/>',
    '<A><![CDATA[x</A>',
    '<A><!-- </A>',
    '<?xml <A/>',
  ])('is refused when it is not well formed: %j', (source) => {
    expect(parseXml(source)).toBeUndefined();
  });
});
