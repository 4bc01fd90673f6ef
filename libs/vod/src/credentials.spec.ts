import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerJson, closeServers, deadUrl, type Loopback, serveHttp } from '../test/loopback';
import { VodClient } from './client';
import { listAIJob } from './types/submit-ai-job';

const variables = { ...process.env };
const hidden = 'CANARY';
const accessKey = {
  AccessKeyId: 'fromUri',
  AccessKeySecret: 's',
  SecurityToken: 't',
  Expiration: '2999-01-01T00:00:00Z',
};

let vod: Loopback;
let client: VodClient;

beforeEach(async () => {
  // Every source of the chain but the environment and the URI is switched off, so that nothing leaves this machine.
  for (const name of Object.keys(process.env)) if (name.startsWith('ALIBABA_CLOUD_')) delete process.env[name];
  process.env['ALIBABA_CLOUD_CLI_PROFILE_DISABLED'] = 'true';
  process.env['ALIBABA_CLOUD_ECS_METADATA_DISABLED'] = 'true';
  process.env['ALIBABA_CLOUD_CREDENTIALS_FILE'] = join(tmpdir(), hidden, 'none');
  process.env['ALIBABA_CLOUD_CREDENTIALS_URI'] = `${await deadUrl()}/${hidden}`;
  vod = await serveHttp(answerJson({}));
});
afterEach(async () => {
  await closeServers();
  process.env = { ...variables };
});

const useChain = () => (client = new VodClient({ endpoint: vod.url, timeoutMs: 2000, credentials: 'default-chain' }));
const read = () => client.readJobs('cn-shanghai', listAIJob, ['a']);
const keysUsed = () => vod.received.map(({ params }) => params['AccessKeyId']);

describe('the default credential chain', () => {
  it('signs with the key in the environment', async () => {
    process.env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = 'fromEnv';
    process.env['ALIBABA_CLOUD_ACCESS_KEY_SECRET'] = 's';
    useChain();
    expect(await read()).toMatchObject({ outcome: 'answered' });
    expect(keysUsed()).toEqual(['fromEnv']);
  });

  it('blocks without a key, sends nothing and says nothing of where it looked', async () => {
    useChain();
    const submission = {
      operation: 'SubmitAIJob' as const,
      mediaId: 'm',
      types: [],
      config: null,
      extend: '',
      nonce: 'n',
      signedAt: new Date(0),
    };
    const blocked = {
      outcome: 'blocked',
      code: 'NoCredentials',
      message: 'no access key was found where the credential chain looks',
      requestId: null,
    };
    expect(await read()).toEqual(blocked);
    expect(await client.submit('cn-shanghai', submission)).toEqual(blocked);
    expect(vod.received).toEqual([]);
  });

  it('looks everywhere again after it found nothing', async () => {
    useChain();
    expect(await read()).toMatchObject({ outcome: 'blocked' });
    process.env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = 'fromEnv';
    process.env['ALIBABA_CLOUD_ACCESS_KEY_SECRET'] = 's';
    expect(await read()).toMatchObject({ outcome: 'answered' });
    expect(keysUsed()).toEqual(['fromEnv']);
  });

  it('serves callers that come while it is still looking', async () => {
    const source = await serveHttp(answerJson({ Code: 'Success', ...accessKey }));
    process.env['ALIBABA_CLOUD_CREDENTIALS_URI'] = source.url;
    useChain();
    const outcomes = await Promise.all([read(), read(), read()]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['answered', 'answered', 'answered']);
    expect(keysUsed()).toEqual(['fromUri', 'fromUri', 'fromUri']);
    expect(vod.received[0]?.params['SecurityToken']).toBe('t');
  });
});

describe('a given access key', () => {
  it('that is incomplete blocks, instead of going out unsigned', async () => {
    const credentials = { accessKeyId: 'id', accessKeySecret: '' };
    client = new VodClient({ endpoint: vod.url, timeoutMs: 2000, credentials });
    expect(await read()).toMatchObject({ outcome: 'blocked', code: 'NoCredentials' });
    expect(vod.received).toEqual([]);
  });
});
