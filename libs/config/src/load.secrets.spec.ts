import { enough, problemsOf } from '../test/environments';

describe('secrets', () => {
  it.each([
    ['API_KEYS', 'canary', "entry 1 doesn't have three parts"],
    ['API_KEYS', 'a:viewer:x,canary:viewer', "entry 2 doesn't have three parts"],
    ['API_KEYS', 'a:canary:viewer', 'the role of entry 1 is none of viewer, operator, admin'],
    ['API_KEYS', 'canary:viewer:x,canary:admin:y', 'two entries have the same name'],
    [
      'API_KEYS',
      'x:admin:good-canary,a:viewer:canary canary',
      "the secret of entry 2 can't be sent in an Authorization",
    ],
    ['API_KEYS', 'a:viewer:canary-é', "the secret of entry 1 can't be sent in an Authorization"],
    ['API_KEYS', 'a:viewer:can\tary', "the secret of entry 1 can't be sent in an Authorization"],
    ['API_KEYS', `a:viewer:${'canary'.repeat(700)}`, "the secret of entry 1 can't be sent in an Authorization"],
    ['API_KEYS', 'a:viewer:canary,b:admin:canary', 'two entries have the same secret'],
    ['VOD_CALLBACK_KEYS', 'canary,canary', 'one of them is there twice'],
    ['VOD_CALLBACK_KEYS', 'canary,', 'one of them is empty'],
    ['DATABASE_URL', 'mysql://app:canary@db/vodai', 'a Postgres URL'],
    ['DATABASE_URL', 'postgres://app:can/ary@db:port/vodai', 'a Postgres URL'],
    ['REDIS_URL', 'http://:canary@cache', 'a Redis URL'],
    ['VOD_ENDPOINT', 'ftp://me:canary@example.com', 'an http(s) URL'],
    ['VOD_CALLBACK_URL', 'ftp://example.com/?token=canary', 'an http(s) URL'],
    ['API_KEY', 'canary', 'did you mean API_KEYS?'],
  ])('are not in the message about %s=%s, which still says what is wrong', (name, value, expected) => {
    const [problem, ...others] = problemsOf({ [name]: value });
    expect(others).toEqual([]);
    expect(problem).toContain(expected);
    expect(problem).not.toMatch(/canary|can\/ary/);
  });

  it('are not in any message about half a key either', () => {
    const problems = problemsOf({ ...enough.worker, ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'canary' }, 'worker');
    expect(problems.join()).not.toContain('canary');
  });
});
