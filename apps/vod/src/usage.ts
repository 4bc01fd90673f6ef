export const usage = {
  configure: `npm run vod:configure                  shows how VOD's callback settings differ from the environment, asks, and sets them
npm run vod:configure -- --yes         sets them without asking
npm run vod:configure -- --check       only compares

  --to url|queue   by which way events are to come, where the environment has both

Reads VOD_CALLBACK_URL, VOD_CALLBACK_KEYS (the first is set), VOD_CALLBACK_AUTH, VOD_MNS_ENDPOINT, VOD_MNS_QUEUE, VOD_REGIONS, VOD_APP_ID,
and what a worker calls VOD with.

Exit codes:
  0  all is as the environment says
  1  it is different: compared only, not agreed to, or not taken by VOD
  2  wrong usage, a setting that cannot be read, or VOD could not be asked: nothing was changed
`,
  doctor: `npm run vod:doctor                     looks whether all is ready for jobs: access, permissions, clock, callbacks. Changes and pays nothing
npm run vod:doctor -- --try-url        also sends the callback URL a harmless event
npm run vod:doctor -- --spend 1 --media <id>
                                       also follows one paid job of this media, a short video, and tells what VOD's pages leave open

  --json                  one object instead of lines
  --nonce-after 10m       repeats a signed submission (of a media that does not exist) after this time, too
  --spend 2               sends the paid submission twice, which is a second paid job if VOD's memory of nonces fails
  --type <type>           of the paid job: AIVideoTag (default), AIMediaDNA, AIMediaAudit; also tag, dna, audit
  --yes                   pays without asking

With VODAI_URL and VODAI_KEY (a viewer's) it also looks whether the event of the paid job has come to the running product.

Exit codes:
  0  nothing is wrong
  1  something is: the lines with ✗ say what to do
  2  wrong usage, a setting that cannot be read, or a payment that nobody agreed to
`,
};
