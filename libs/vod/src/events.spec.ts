import fc from 'fast-check';
import { jobTypes } from '@app/domain';
import { sampleBytes, sampleJson, sampleNames } from '../test/samples';
import { parseEvent, parseEventHead } from './events';
import { parseVodTime } from './fields';

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (value: unknown) => parseEvent(bytes(JSON.stringify(value)));

const completion = {
  EventTime: '2026-01-02T03:04:20Z',
  EventType: 'AIVideoTagComplete',
  JobId: '9e82640c85114bf5af23edfaf0a1b2c3',
  MediaId: '3d3d12340d92c641401fab46a0b847f1',
  Status: 'success',
};

describe('parseEvent', () => {
  const samples = sampleNames('events');
  const [ours, others] = [true, false].map((wanted) =>
    samples.filter((name) => jobTypes.some((type) => name.startsWith(`${type}Complete.`)) === wanted),
  ) as [string[], string[]];

  it.each(ours)('reads the completion %s', (name) => {
    const printed = sampleJson<Record<string, string>>('events', name);
    expect(parseEvent(sampleBytes('events', name))).toEqual({
      kind: 'completion',
      eventType: printed['EventType'],
      type: printed['EventType']?.replace('Complete', ''),
      jobId: printed['JobId'],
      mediaId: printed['MediaId'],
      status: name.includes('.fail') ? 'fail' : 'success',
      eventTime: expect.any(Date),
      code: printed['Code'],
      message: printed['Message'],
      extend: printed['Extend'] ?? null,
    });
  });

  it.each(others)('sets the event %s aside', (name) => {
    const printed = sampleJson<Record<string, string>>('events', name);
    expect(parseEvent(sampleBytes('events', name))).toEqual({
      kind: 'other',
      isForeign: true,
      eventType: printed['EventType'],
      jobId: printed['JobId'] ?? null,
      mediaId: printed['MediaId'] ?? printed['VideoId'] ?? null,
      reason: 'not the end of a submitted AI job',
    });
  });

  describe.each(['VideoAIComplete', 'AIComplete'])('named %s', (EventType) => {
    const common = { ...completion, EventType };

    it.each([
      ['AIVideoTag', { Data: '{"Keyword":[]}' }],
      ['AIVideoTag', { Data: { OrigASRData: {} } }],
      ['AIMediaDNA', { Data: '{"VideoDNA":[]}' }],
      ['AIMediaDNA', { Type: 'AIMediaDNA' }],
      ['AIMediaDNA', { Type: ' AIMediaDNA\n' }],
      ['AIMediaAudit', { Type: 'AIMediaAudit' }],
      ['AIMediaAudit', { Data: { Suggestion: 'block' } }],
      ['AIMediaAudit', { Data: '{"Suggestion":"pass"}' }],
      [null, {}],
      [null, { Data: '' }],
      [null, { Data: '{"Something":1}' }],
    ])('is a completion of type %j by its body %j', (type, body) => {
      const { EventTime: _, MediaId: __, JobId: jobId, Status: status } = completion;
      expect(parse({ ...common, ...body })).toMatchObject({
        kind: 'completion',
        eventType: EventType,
        type,
        jobId,
        status,
      });
    });

    it('is set aside when it is of a type that is not ours', () => {
      expect(parse({ ...common, Type: 'AIVideoCensor' })).toMatchObject({ kind: 'other', jobId: completion.JobId });
    });
  });

  it('reads the time with a colon before its milliseconds', () => {
    expect(parseEvent(sampleBytes('events', 'AIMediaDNAComplete.success-2024.json'))).toMatchObject({
      eventTime: new Date('2026-01-02T03:04:35.025Z'),
    });
  });

  it('takes an Extend that came as an object as its JSON text', () => {
    expect(parse({ ...completion, Extend: { request: 'r1' } })).toMatchObject({ extend: '{"request":"r1"}' });
    expect(parse({ ...completion, Extend: 'r1' })).toMatchObject({ extend: 'r1' });
    expect(parse({ ...completion, Extend: '' })).toMatchObject({ extend: null });
  });

  it('takes numbers where text is expected', () => {
    const event = parse({ ...completion, JobId: 42, Code: 0, EventTime: 1767323045 });
    expect(event).toMatchObject({ kind: 'completion', jobId: '42', code: '0', eventTime: null });
  });

  it('trims keys, and prefers the one without blanks', () => {
    const { JobId, ...rest } = completion;
    expect(parse({ ...rest, 'JobId ': JobId })).toMatchObject({ kind: 'completion', jobId: JobId });
    expect(parse({ ...completion, 'JobId ': 'other' })).toMatchObject({ jobId: JobId });
  });

  it('takes the last of two keys with the same name, as JSON.parse does', () => {
    const text = JSON.stringify(completion).replace('{', '{"JobId":"first",');
    expect(parseEvent(bytes(text))).toMatchObject({ jobId: completion.JobId });
  });

  it('reads Status whatever its case', () => {
    expect(parse({ ...completion, Status: 'Success' })).toMatchObject({ kind: 'completion', status: 'success' });
    expect(parse({ ...completion, Status: 'FAIL' })).toMatchObject({ kind: 'completion', status: 'fail' });
  });

  it.each([undefined, null, '', '  ', {}, [], true, 1e30, 'x'.repeat(129), 'a\0b', 'a\nb'])(
    'sets a completion with the JobId %j aside',
    (JobId) => {
      expect(parse({ ...completion, JobId })).toMatchObject({
        kind: 'other',
        isForeign: false,
        jobId: null,
        reason: 'no usable JobId',
      });
    },
  );

  it.each([undefined, 'processing', {}, 1])('sets a completion with the Status %j aside', (Status) => {
    const reason = 'Status is neither success nor fail';
    expect(parse({ ...completion, Status })).toMatchObject({ kind: 'other', jobId: completion.JobId, reason });
  });

  it.each([
    ['nothing', '', 'not JSON'],
    ['text', 'hello', 'not JSON'],
    ['half a body', '{"EventType":"AIVideoTagCompl', 'not JSON'],
    ['an array', '[]', 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['an empty object', '{}', 'no EventType'],
    ['an empty EventType', '{"EventType":" "}', 'no EventType'],
    ['an EventType that is an object', '{"EventType":{}}', 'no EventType'],
    ['an inherited EventType', '{"__proto__":{"EventType":"AIVideoTagComplete"}}', 'no EventType'],
  ])('cannot read %s', (_, text, reason) => {
    expect(parseEvent(bytes(text))).toEqual({ kind: 'unreadable', reason });
  });

  it('cannot read what is not UTF-8, nor what ends within a character', () => {
    const halfCharacter = [...bytes(JSON.stringify(completion)), 0xe7, 0x95];
    for (const body of [Uint8Array.of(0x7b, 0xff, 0x7d), Uint8Array.from(halfCharacter)]) {
      expect(parseEvent(body)).toEqual({ kind: 'unreadable', reason: 'not UTF-8' });
    }
  });

  it('skips a byte order mark', () => {
    expect(parseEvent(bytes(`\uFEFF${JSON.stringify(completion)}`))).toMatchObject({ kind: 'completion' });
  });

  it('keeps no more of a text than anybody reads', () => {
    const long = 'x'.repeat(100_000);
    const event = parse({ ...completion, Code: long, Message: long, Extend: long });
    expect(event).toMatchObject({ kind: 'completion' });
    expect(JSON.stringify(event).length).toBeLessThan(3_000);
  });

  it('never hands out a NUL, which no text column can hold', () => {
    const event = parse({ ...completion, EventType: 'AIVideoTag\0Complete', Message: 'a\0b', Extend: 'c\0d' });
    expect(event).toMatchObject({ kind: 'completion', message: 'ab', extend: 'cd' });
  });

  it('survives an Extend nested a hundred thousand deep', () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const text = JSON.stringify(completion).replace('{', `{"Extend":${nested},`);
    expect(parseEvent(bytes(text))).toMatchObject({ kind: 'completion', extend: null });
  });

  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        expect(['completion', 'other', 'unreadable']).toContain(parseEvent(body).kind);
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws on arbitrary values in the fields it reads', () => {
    const fields = ['EventType', 'JobId', 'MediaId', 'Status', 'EventTime', 'Code', 'Message', 'Extend', 'Data'];
    const odd = fc.record(Object.fromEntries(fields.map((field) => [field, fc.jsonValue()])), { requiredKeys: [] });
    fc.assert(
      fc.property(odd, (values) => {
        const kind = parse({ ...completion, ...values }).kind;
        expect(['completion', 'other', 'unreadable']).toContain(kind);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('parseEventHead', () => {
  const MIB = 1024 * 1024;
  const head = (text: string, length = 4096) => parseEventHead(bytes(text).subarray(0, length), MIB + 1);
  const { EventType, JobId, MediaId, Status } = completion;

  it('reads a completion whose fields come before its long data', () => {
    const whole = JSON.stringify({ ...completion, Code: '0', Message: 'OK', Data: '界'.repeat(10_000) });
    expect(head(whole)).toEqual({ ...parseEvent(bytes(whole)), extend: null });
    // The head may end within a character.
    for (const length of [4094, 4095, 4096])
      expect(head(whole, length)).toMatchObject({ kind: 'completion', jobId: JobId });
  });

  it('passes over what stands before them, of any kind', () => {
    const before = { a: { b: ['}', { c: '"' }] }, d: [], n: -1.5e3, t: true, z: null, ' E ': 'x\\"' };
    const whole = JSON.stringify({ ...before, ...completion, Data: 'x'.repeat(10_000) }, null, 2);
    expect(head(whole)).toMatchObject({ kind: 'completion', jobId: JobId, mediaId: MediaId, status: 'success' });
  });

  it.each([
    ['JobId', { EventType, MediaId, Status }, { JobId }, 'no usable JobId'],
    ['Status', { EventType, JobId, MediaId }, { Status }, 'Status is neither success nor fail'],
  ])('says that %s comes after the data, and what follows from that', (_, first, last, reason) => {
    const whole = JSON.stringify({ ...first, Data: 'x'.repeat(10_000), ...last });
    expect(head(whole)).toMatchObject({
      kind: 'other',
      eventType: EventType,
      reason: `too large: ${MIB + 1} bytes; in the first 4096: ${reason}. Its job is read at the next alarm`,
    });
  });

  it.each(['', '[', '{"Data":"xxxx', '{"EventType":5', '\u0000', '{"EventType":"AIVideoTagCompl', '{"a":tru', '{,'])(
    'cannot read %j',
    (text) => {
      expect(head(text)).toMatchObject({
        kind: 'unreadable',
        reason: expect.stringMatching(/^too large.*no EventType$/),
      });
    },
  );

  it('finds in any head what the whole has, or nothing', () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 });
    fc.assert(
      fc.property(json, json, fc.nat(), (before, after, cut) => {
        const text = JSON.stringify({ ...before, ...completion, ...after, EventType, JobId, Status });
        const read = head(text, cut % (bytes(text).length + 1));
        const found = read.kind === 'completion' ? [read.eventType, read.jobId, read.status] : [];
        expect([[], [EventType, JobId, 'success']]).toContainEqual(found);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('parseVodTime', () => {
  const vectors = sampleJson<{ in: string; epochMs: number | null }[]>('vectors', 'event-time.json');

  it.each(vectors)('reads $in as $epochMs', (vector) => {
    expect(parseVodTime(vector.in)?.getTime() ?? null).toBe(vector.epochMs);
  });

  it.each([
    undefined,
    null,
    5,
    {},
    '',
    '1',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-02T03:04:05+08:00',
  ])('cannot read %j', (text) => {
    expect(parseVodTime(text)).toBeNull();
  });
});
