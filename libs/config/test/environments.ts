import { ConfigError, loadConfig, type Role } from '../src';

export const database = 'postgres://app:hunter2@db.internal:5432/vodai';
/** What a role cannot start without. */
export const enough = {
  api: { DATABASE_URL: database, API_KEYS: 'demo:operator:s3cret' },
  worker: { DATABASE_URL: database },
  webhook: {
    DATABASE_URL: database,
    VOD_CALLBACK_URL: 'https://example.com/vod/{region}',
    VOD_CALLBACK_KEYS: 'Key1',
  },
  emulator: { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret' },
  migrate: { DATABASE_URL: database },
  retention: { DATABASE_URL: database },
  vod: {},
  local: {},
} satisfies Record<Role, NodeJS.ProcessEnv>;
export const roles = Object.keys(enough) as Role[];

/** What is said against an environment, line by line. */
export function problemsOf(env: NodeJS.ProcessEnv, role: Role = 'local'): string[] {
  try {
    loadConfig(env, role);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}
