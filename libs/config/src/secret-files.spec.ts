import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { database, enough, problemsOf } from '../test/environments';
import { loadConfig } from './index';

describe('a secret in a file', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'vodai-secrets-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  it('is read from the path in <NAME>_FILE, without the line break at its end', () => {
    const config = loadConfig(
      { DATABASE_URL_FILE: file('url', `${database}\n`), API_KEYS_FILE: file('keys', 'demo:operator:s3cret\n') },
      'api',
    );
    expect(config).toMatchObject({ databaseUrl: database, apiKeys: [{ name: 'demo', secret: 's3cret' }] });
  });

  it('says which file is no use, and never what is in it', () => {
    const env = {
      DATABASE_URL_FILE: join(folder, 'nowhere'),
      REDIS_URL_FILE: file('empty', '\n'),
      API_KEYS_FILE: file('both', 'demo:operator:hunter2'),
      API_KEYS: 'demo:operator:s3cret',
    };
    expect(problemsOf(env, 'api')).toEqual([
      `DATABASE_URL_FILE: expected the path of a file that holds DATABASE_URL, got "${join(folder, 'nowhere')}" (ENOENT)`,
      `REDIS_URL_FILE: expected a file that holds REDIS_URL, got "${join(folder, 'empty')}", which is empty`,
      'API_KEYS_FILE: expected only one of it and API_KEYS, got both',
    ]);
  });

  it('with a bad value in it is blamed like the variable, and stays hidden', () => {
    const [problem] = problemsOf({ ...enough.api, DATABASE_URL: '', DATABASE_URL_FILE: file('bad', 'hunter2') }, 'api');
    expect(problem).toMatch(/^DATABASE_URL: expected a Postgres URL/);
    expect(problem).not.toContain('hunter2');
  });
});
