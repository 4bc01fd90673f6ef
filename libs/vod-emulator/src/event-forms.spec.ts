import { closeAll, startEmulator, startReceiver, submit } from '../test/support';
import type { EventFormsPatch } from './event-forms';

afterEach(closeAll);

/** The event of a tagging that succeeded, and that of one that failed. */
async function events(eventForms: EventFormsPatch): Promise<Record<string, string>[]> {
  const receiver = await startReceiver();
  const { ask } = await startEmulator({ callback: { url: receiver.url }, eventForms });
  for (const [i, mediaId] of ['m', 'fail-1'].entries()) {
    await submit(ask, mediaId);
    await receiver.arrivedAtLeast(i + 1);
  }
  return receiver.received.map(({ body }) => body);
}

describe('Code and Message', () => {
  it.each([
    ['always', ['0', 'InvalidParameter.ResourceContentBad']],
    ['of_failure', [undefined, 'InvalidParameter.ResourceContentBad']],
    ['never', [undefined, undefined]],
  ] as const)('are there %s', async (verdict, codes) => {
    const told = await events({ verdict });
    expect(told.map(({ Code }) => Code)).toEqual(codes);
    expect(told.map((body) => 'Message' in body)).toEqual(codes.map((code) => code !== undefined));
  });
});

describe('Data of a failed job', () => {
  it.each([
    ['own', undefined],
    ['absent', undefined],
    ['empty_text', ''],
    ['empty_object_text', '{}'],
  ] as const)('is %s', async (dataOfFailure, data) => {
    const [, failed] = await events({ dataOfFailure });
    expect(failed?.['Data']).toBe(data);
    expect('Data' in (failed ?? {})).toBe(data !== undefined);
  });
});

it('The time may have a colon before its milliseconds where the page has none', async () => {
  const [own, colon] = [await events({}), await events({ time: 'colon_milliseconds' })];
  expect(own[0]?.['EventTime']).toMatch(/T\d\d:\d\d:\d\dZ$/);
  expect(colon[0]?.['EventTime']).toMatch(/T\d\d:\d\d:\d\d:\d{3}Z$/);
});

it('What a patch leaves out stays as it was', async () => {
  const { emulator } = await startEmulator({ eventForms: { data: 'object', numbers: 'number' } });
  emulator.configure({ eventForms: { data: 'text' } });
  expect(emulator.settings().eventForms).toMatchObject({ data: 'text', numbers: 'number', verdict: 'always' });
});
