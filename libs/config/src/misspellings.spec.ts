import { problemsOf } from '../test/environments';

describe('a misspelt variable', () => {
  it.each([
    ['VOD_CALLBACK_KEY', 'VOD_CALLBACK_KEYS'],
    ['VOD_REGION', 'VOD_REGIONS'],
    ['SUBMIT_QSP', 'SUBMIT_QPS'],
    ['POLL_FRIST', 'POLL_FIRST'],
    ['DISPATCH_WINDOWS', 'DISPATCH_WINDOW'],
    ['RECOVER_AFTR', 'RECOVER_AFTER'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['ALIBABA_CLOUD_ACCESSKEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_ID'],
  ])('%s is taken for %s', (name, meant) => {
    expect(problemsOf({ [name]: 'x' })).toEqual([
      `${name}: expected a variable that exists (did you mean ${meant}?), got an unknown one`,
    ]);
  });

  it("leaves other people's variables alone", () => {
    const others = ['PATH', 'HOSTS', 'LEASED', 'API_HOST', 'API_BASE_URL', 'REDIS_PORT', 'LOG_DIR', 'VOD_CONSOLE_URL'];
    const sdk = ['ALIBABA_CLOUD_PROFILE', 'ALIBABA_CLOUD_ROLE_ARN', 'ALIBABA_CLOUD_ECS_METADATA'];
    expect(problemsOf(Object.fromEntries([...others, ...sdk].map((name) => [name, 'x'])))).toEqual([]);
  });
});
