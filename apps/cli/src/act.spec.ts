import { ApiError } from '@app/client';
import type { JobAnswer } from '@app/contract';
import { actOn, agreed, type Action } from './act';
import { Pace } from './pace';
import type { Session } from './session';

const busy = () =>
  new ApiError({ status: 503, code: 'unavailable', detail: 'busy' }, new Headers({ 'retry-after': '0.01' }));

/** An api that has the jobs at version 3, and a screen that nobody looks at. */
function sessionWith(ids: string[]) {
  const list = jest.fn(async (_jobs: JobAnswer[]) => {});
  const screen = { form: 'lines', note: () => {}, progress: () => () => {}, endProgress: () => {}, list };
  const job = jest.fn(async (id: string) => {
    if (ids.includes(id)) return { id, version: 3, state: 'queued' } as JobAnswer;
    throw new ApiError({ status: 404, code: 'not_found', detail: `there is no job ${id}` });
  });
  const session = {
    api: { job },
    screen,
    failureOf: (error: Error) => error,
    paced: () => new Pace(),
  } as unknown as Session;
  return { session, list };
}

describe('What is done for jobs that were named', () => {
  it('goes on after an answer of 503, with the version of each, and is not asked about when nothing is paid', async () => {
    const { session, list } = sessionWith(['a', 'b']);
    const answers: (() => Error | null)[] = [busy, () => null, busy, () => null];
    const call = jest.fn(async (id: string, version: number | undefined) => {
      const error = answers.shift()?.();
      if (error) throw error;
      return { id, version } as JobAnswer;
    });
    const cancel: Action = { event: 'canceled', verb: 'cancel', costs: false, do: call };
    const jobs = await agreed(session, { by: 'ids', ids: ['a', 'b'] }, cancel, undefined);
    await actOn(session, jobs, cancel);
    expect(list.mock.calls[0]?.[0].map(({ id, version }) => [id, version])).toEqual([
      ['a', 3],
      ['b', 3],
    ]);
  });

  it('keeps one that is not there, for the api to refuse', async () => {
    const { session } = sessionWith(['a']);
    const cancel: Action = { event: 'canceled', verb: 'cancel', costs: false, do: jest.fn() };
    const jobs = await agreed(session, { by: 'ids', ids: ['a', 'gone'] }, cancel, undefined);
    expect(jobs.map(({ id, version }) => [id, version])).toEqual([
      ['a', 3],
      ['gone', undefined],
    ]);
  });
});
