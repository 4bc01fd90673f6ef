import { resolve } from 'node:path';
import { runUntilSignal } from '@app/observability/start';
import { startLocal, type Local } from './local.app';

/** Beside the package.json that `npm start` runs in. */
const dataDir = resolve(process.cwd(), '.data');

void runUntilSignal(async () => {
  const local = await startLocal(process.env, dataDir);
  process.stdout.write(welcome(local));
  return { stop: () => local.stop(), logger: local.logger };
});

function welcome({ urls, apiKey, signInUrl }: Local): string {
  return `
  sign in   ${signInUrl}
            This link signs a browser in, once, within 15 minutes; npx vodai open gives another.

  dashboard ${urls.api}        its API is described at ${urls.api}/docs
  webhook   ${urls.webhook}
  worker    ${urls.worker}        health, metrics
  emulator  ${urls.emulator ? `${urls.emulator}        what VOD would bill: ${urls.emulator}/_emulator/ledger` : 'off: VOD_ENDPOINT is set'}
  API key   ${apiKey}

  Try it:

    curl -s ${urls.api}/v1/jobs -H 'Authorization: Bearer ${apiKey}' -H 'Content-Type: application/json' \\
      -d '{"mediaId": "3d3d12340d92c641401fab46a0b847f1", "types": ["AIVideoTag", "AIMediaDNA"]}'

  and then, with the id of one of its jobs:

    curl -s '${urls.api}/v1/jobs/<id>?wait=30s' -H 'Authorization: Bearer ${apiKey}'
    curl -s ${urls.api}/v1/jobs/<id>/history -H 'Authorization: Bearer ${apiKey}'
    curl -s ${urls.api}/v1/jobs/<id>/result -H 'Authorization: Bearer ${apiKey}'

  Ctrl-C stops all of it. The data stays in .data/

`;
}
