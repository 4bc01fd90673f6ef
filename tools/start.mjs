// `npm start`: builds what has changed, then runs everything in this one process.
import { join } from 'node:path';
import { build, explain } from './build.mjs';

endWithParent();
await build().catch((error) => {
  console.error(explain(error));
  process.exit(1);
});
await import(join(import.meta.dirname, '../dist/apps/local/src/main.js'));

/**
 * npm passes a SIGTERM on to the shell in which it started this, and the shell ends without passing it on: that the parent
 * is gone is all one sees of it here. Without npm nobody is waited for, so that a shell may leave this running.
 */
function endWithParent() {
  const parent = process.ppid;
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 200);
  watch.unref();
}
