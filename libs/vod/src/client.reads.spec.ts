import { answerJson, closeServers, type Loopback, serveHttp } from '../test/loopback';
import { VodClient } from './client';
import { catalogue } from './types';
import { listAIJob } from './types/submit-ai-job';

const review = catalogue.AIMediaAudit.read;
const key = { accessKeyId: 'LTAIkey', accessKeySecret: 's3cr3t' };

let server: Loopback;
let client: VodClient;
let answer: Parameters<typeof serveHttp>[0];

beforeEach(async () => {
  server = await serveHttp((response, received) => answer(response, received));
  client = new VodClient({ endpoint: server.url, timeoutMs: 2000, credentials: key });
});
afterEach(async () => {
  client.close();
  await closeServers();
});

const refusing = (Code: string, status = 400) => answerJson({ Code, Message: 'm', RequestId: 'r1' }, status);

describe('A read of a review', () => {
  it('asks for the job by its id', async () => {
    answer = answerJson({ MediaAuditJob: { JobId: 'a', Status: 'success' } });
    expect(await client.readJobs('cn-shanghai', review, ['a'])).toMatchObject({
      outcome: 'answered',
      value: { jobs: [{ jobId: 'a', status: 'success' }], missing: [] },
    });
    expect(server.received[0]?.params).toMatchObject({ Action: 'GetAIMediaAuditJob', JobId: 'a' });
  });

  it.each(['NoSuchResource', 'InvalidJob.NotFound'])(
    'that VOD refuses with %s is answered: the job is not known',
    async (code) => {
      answer = refusing(code, 404);
      expect(await client.readJobs('cn-shanghai', review, ['a'])).toEqual({
        outcome: 'answered',
        value: { jobs: [], missing: ['a'] },
        requestId: 'r1',
      });
    },
  );

  it.each([
    ['InvalidParameter', 400, 'refused'],
    ['InvalidVideo.NotFound', 404, 'refused'],
    ['Throttling.User', 400, 'busy'],
    ['Forbidden.RAM', 403, 'blocked'],
    ['NoSuchResource', 500, 'unavailable'],
  ])('that ends with %s (HTTP %i) says nothing about the job: %s', async (code, status, outcome) => {
    answer = refusing(code, status);
    expect(await client.readJobs('cn-shanghai', review, ['a'])).toMatchObject({ outcome });
  });
});

it('A list of jobs that VOD refuses says of none that it is not known', async () => {
  answer = refusing('NoSuchResource', 404);
  expect(await client.readJobs('cn-shanghai', listAIJob, ['a', 'b'])).toMatchObject({ outcome: 'refused' });
});
