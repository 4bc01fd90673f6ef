import { run } from './run';

/** `npm run demo`: a handful of jobs at a running `npm start`, shown until all are over. */
const media = ['sunset-over-west-lake', 'cooking-show-12', 'product-launch', 'night-market', 'fail-broken-file'];

void run(['--local', 'submit', ...media, '--types', 'tag,dna', '--wait']).then((code) => {
  process.stderr.write('the media "fail-…" fails on purpose\n');
  process.exitCode = code === 1 ? 0 : code;
});
