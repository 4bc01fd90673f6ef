export { migrateDatabase } from './migrate';
