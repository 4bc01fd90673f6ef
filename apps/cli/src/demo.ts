import { JobsFailed } from './failure';
import { run } from './run';

/** `npm run demo`: a handful of jobs at a running `npm start`, shown until all are over. */
const media = ['sunset-over-west-lake', 'cooking-show-12', 'product-launch', 'night-market', 'fail-broken-file'];

const args = ['--local', 'submit', ...media, '--types', 'tag,dna', '--wait'];
void run(args, (failure) => failure instanceof JobsFailed).then((code) => {
  if (code === 0) process.stderr.write('the media "fail-…" fails on purpose\n');
  process.exitCode = code;
});
