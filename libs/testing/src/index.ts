export { createEmptyDatabase, createTestDatabase, type TestDatabase } from './database';
export { eventually } from './eventually';
export { describeWithRedis, testRedisUrl } from './redis';
