import { parseEvent, parseEventHead } from './events';

const bytes = (text: string) => new TextEncoder().encode(text);
const size = 2 * 1024 * 1024;
const read = (text: string) => parseEventHead(bytes(text), size);

const named = '"EventType":"AIVideoTagComplete","JobId":"j1","MediaId":"m1"';
const fields = `${named},"Status":"success"`;
const completion = { kind: 'completion', jobId: 'j1', mediaId: 'm1', status: 'success' };
const tooLarge = (text: string) => `too large: ${size} bytes; in the first ${bytes(text).length}`;

describe('The beginning of an event that is too large to keep', () => {
  it.each([
    ['after the fields', `{${fields},`],
    ['within a name', `{${fields},"Da`],
    ['after a name', `{${fields},"Data"`],
    ['before a value', `{${fields},"Data": `],
    ['within a text', `{${fields},"Data":"{\\"Keyword`],
    ['between the halves of an escape', `{${fields},"Data":"{\\`],
    ['within an escape', `{${fields},"Data":"\\u4f`],
    ['within an object', `{${fields},"Data":{"Keyword":[{"Tag":"a"},`],
    ['within a number', `{${fields},"Size":12`],
    ['within a word', `{${fields},"Last":tru`],
  ])('names its job when it is cut %s', (_, text) => {
    expect(read(text)).toMatchObject(completion);
  });

  it.each([
    ['blanks', ` \n{${fields},`],
    ['a byte order mark', `\uFEFF{${fields},`],
    ['names with blanks in them', `{${fields.replaceAll('":', ' ":')},`],
    ['blanks around everything', `{ ${fields.replaceAll(':', ' : ').replaceAll(',', '\n, ')} , "Data"`],
    ['an empty text', `{"Extend":"",${fields},`],
    ['a text that begins with a quotation mark', `{"Message":"\\"m1\\" is tagged",${fields},`],
    ['a text that ends with a backslash', `{"Message":"C:\\\\",${fields},`],
    ['brackets in the texts of an object', `{"More":{"a":"}, ]","b":["{[","\\"}"]},${fields},`],
    ['numbers and words', `{"a":-1.5e+3,"b":true,"c":null,${fields},`],
    ['objects in objects', `{"a":{"b":{},"c":[[],[{}]]},${fields},`],
  ])('names its job in spite of %s', (_, text) => {
    expect(read(text)).toMatchObject(completion);
  });

  it.each([
    ['a name with an escape that is none', `{"\\x":1,${fields},`],
    ['a text with an escape that is none', `{"Message":"\\x",${fields},`],
    ['a word of another language', `{"Size":NaN,${fields},`],
    ['a name without quotation marks', `{Size:1,${fields},`],
    ['a name without its colon', `{"Size" 1,${fields},`],
    ['a member without its comma', `{"Size":1 ${fields},`],
    ['a list', `[{${fields}},`],
  ])('is not believed behind %s', (_, text) => {
    expect(read(text)).toEqual({ kind: 'unreadable', reason: `${tooLarge(text)}: no EventType` });
  });

  it('ends where its object ends: what stands behind is not of it', () => {
    const text = `{${named} } "Status":"success"`;
    expect(read(text)).toMatchObject({ kind: 'other', jobId: 'j1' });
    expect(read(`{${fields}},"JobId":"another","Status":"fail"}`)).toMatchObject(completion);
  });

  it('has the last of two members with the same name, as the whole has', () => {
    const twice = `{"JobId":"first",${fields},"Data":""}`;
    expect(read(twice)).toEqual(parseEvent(bytes(twice)));
  });

  it('is set aside when it is about something else, and promises no alarm', () => {
    const text = '{"EventType":"SnapshotComplete","VideoId":"m1","Status":"success","Snapshots":[';
    expect(read(text)).toEqual({
      kind: 'other',
      isForeign: true,
      eventType: 'SnapshotComplete',
      jobId: null,
      mediaId: 'm1',
      reason: `${tooLarge(text)}: not the end of a submitted AI job`,
    });
  });

  it('cannot be read when it is not UTF-8', () => {
    const head = Uint8Array.from([...bytes(`{${fields},"Data":"`), 0xff, 0x22]);
    expect(parseEventHead(head, size)).toMatchObject({ kind: 'unreadable' });
  });

  it('is read in a time that grows with its length alone, also when its strings never end', () => {
    const text = `{${fields},"Data":["${String.raw`\"`.repeat(500_000)}`;
    expect(read(text)).toMatchObject(completion); // quadratic would take minutes
  });
});
