import { sampleText } from '../../test/samples';
import { messageBody } from './body';
import { readXml, textIn } from './xml';

const event = '{"EventType":"AIVideoTagComplete","Data":"{\\"Tag\\":\\"é\\"}"}';
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('The body of a message', () => {
  it('is the same event, byte for byte, whether its sample is raw or Base64', () => {
    const [raw, packed] = ['raw-json-body', 'base64-body'].map((form) => {
      const root = readXml(sampleText('mns', `ReceiveMessage.response.${form}.xml`));
      return messageBody((root && textIn(root, 'MessageBody')) ?? '');
    });
    expect(raw?.length).toBeGreaterThan(100);
    expect(packed).toEqual(raw);
  });

  it.each([
    ['JSON', event, event],
    ['JSON with blanks around it, which are part of it', ` \r\n${event}\n`, ` \r\n${event}\n`],
    ['Base64', base64(event), event],
    ['Base64 in lines', `\n${base64(event).replace(/(.{20})/g, '$1\r\n')}\n`, event],
    ['Base64 of JSON that begins with a byte order mark', base64(`\ufeff${event}`), `\ufeff${event}`],
    ['a list, which is no event', '[1]', '[1]'],
    ['text that could be Base64', 'hello', 'hello'],
    ['Base64 of something else', base64('hello'), base64('hello')],
    ['nothing', '', ''],
    ['blanks', ' \n', ' \n'],
    ['Base64 of Base64', base64(base64(event)), base64(base64(event))],
  ])('is what was meant by %s', (_what, text, meant) => {
    expect(messageBody(text)).toEqual(Buffer.from(meant));
  });
});
