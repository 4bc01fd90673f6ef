import { listAIJob } from './submit-ai-job';

const job = { JobId: 'a', Type: 'AIVideoTag', Status: 'init' };

describe('A list of AI jobs', () => {
  it.each([
    ['an array', { AIJob: [job] }],
    ['one job instead of an array of one', { AIJob: job }],
    ['an array as JSON text', { AIJob: JSON.stringify([job]) }],
    ['JSON text as a whole', JSON.stringify({ AIJob: [job] })],
    ['an array with entries that are no jobs', { AIJob: [null, 'x', 3, {}, { Status: 'init' }, job] }],
  ])('may come as %s', (_, AIJobList) => {
    expect(listAIJob.jobs({ AIJobList }, ['a'])).toMatchObject({ jobs: [{ jobId: 'a', status: 'running' }] });
  });

  it.each([
    ['an id of digits only', ['00000000000000000000000000000001'], ['00000000000000000000000000000001']],
    ['entries that are no ids', [null, {}, '', 'b'], ['b']],
    ['more than was asked for', ['b', 'c'], ['b']],
    ['nothing', undefined, []],
  ])('names the missing with %s', (_, String, missing) => {
    const asked = ['b', '00000000000000000000000000000001'];
    expect(listAIJob.jobs({ NonExistAIJobIds: { String } }, asked)).toEqual({ jobs: [], missing });
  });
});
